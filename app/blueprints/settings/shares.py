"""The page of shared links."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.blueprints.settings.blueprint import bp
from app.blueprints.settings.forms import ShareForm, end_of_day
from app.errors import Conflict, Invalid, StudioError
from app.queries import runs as run_queries
from app.services import shares as share_service
from app.web import rate_limits, shown_once

NEW = "share"


@bp.route("/shares", methods=["GET", "POST"])
@rate_limits.create_share
def shares() -> ResponseReturnValue:
    """List the links, with a form where runs were chosen; or make a link."""
    form = ShareForm() if request.method == "POST" else ShareForm(formdata=None)
    if request.method == "POST":
        return _create_share(form)
    form.run_ids.data = request.args.get("run_ids", "")
    return _page(form, new_link=shown_once.take(NEW))


def _create_share(form: ShareForm) -> ResponseReturnValue:
    if not form.validate_on_submit():
        return _page(form), 422
    try:
        url, _info = share_service.create_share(
            current_user.id,
            _ids(form),
            end_of_day(form.expires_at.data),
            hide_texts=form.hide_texts.data,
        )
    except (Invalid, Conflict) as error:
        for message in form.show_errors(error.fields) or ([] if error.fields else [error.detail]):
            flash(message, "error")
        return _page(form), error.status
    shown_once.keep_for_next_page(NEW, url)
    return redirect(url_for("settings.shares"), 303)


@bp.post("/shares/<int:share_id>/delete")
def share_delete(share_id: int) -> ResponseReturnValue:
    """Revoke a link."""
    share_service.delete_share(current_user.id, share_id)
    flash("The link has been revoked: it shows nothing any more.", "success")
    return redirect(url_for("settings.shares"), 303)


def _ids(form: ShareForm) -> list[str]:
    return [run_id for run_id in (form.run_ids.data or "").split(",") if run_id]


def _chosen(form: ShareForm) -> list[dict[str, Any]]:
    """Return the runs that the form would share; none where one is not the account's."""
    try:
        rows = [run_queries.get_run(run_id, current_user.id) for run_id in _ids(form)]
    except StudioError:
        return []
    return run_queries.views(rows)


def _page(form: ShareForm, new_link: str | None = None) -> str:
    return render_template(
        "settings/shares.html",
        form=form,
        chosen=_chosen(form),
        shares=share_service.list_shares(current_user.id),
        new_link=new_link,
    )
