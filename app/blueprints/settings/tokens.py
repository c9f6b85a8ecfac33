"""The page of API tokens."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.blueprints.settings.blueprint import bp
from app.blueprints.settings.forms import TokenForm, end_of_day
from app.errors import Conflict, Invalid
from app.services.accounts import api_tokens as token_service
from app.web import shown_once

NEW = "token"


@bp.route("/tokens", methods=["GET", "POST"])
def tokens() -> ResponseReturnValue:
    """List the tokens with a form for a new one, or create it."""
    if request.method == "POST":
        return _create_token()
    return _page(TokenForm(formdata=None), new_token=shown_once.take(NEW))


def _create_token() -> ResponseReturnValue:
    form = TokenForm()
    if not form.validate_on_submit():
        return _page(form), 422
    try:
        text, _info = token_service.create_token(
            current_user.id,
            form.name.data or "",
            [form.scopes.data],
            end_of_day(form.expires_at.data),
        )
    except (Invalid, Conflict) as error:
        for message in form.show_errors(error.fields) or ([] if error.fields else [error.detail]):
            flash(message, "error")
        return _page(form), error.status
    shown_once.keep_for_next_page(NEW, text)
    return redirect(url_for("settings.tokens"), 303)


@bp.post("/tokens/<int:token_id>/delete")
def token_delete(token_id: int) -> ResponseReturnValue:
    """Revoke a token."""
    token_service.delete_token(current_user.id, token_id)
    flash("The token has been revoked.", "success")
    return redirect(url_for("settings.tokens"), 303)


def _page(form: TokenForm, new_token: str | None = None) -> str:
    return render_template(
        "settings/tokens.html",
        form=form,
        tokens=token_service.list_tokens(current_user.id),
        new_token=new_token,
    )
