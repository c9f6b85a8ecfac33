"""The account page: who one is, and changing the password."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import limits
from app.blueprints.settings.blueprint import bp
from app.blueprints.settings.forms import PasswordForm
from app.errors import Conflict, Invalid
from app.services import accounts


@bp.route("/account", methods=["GET", "POST"])
@limits.change_password
def account() -> ResponseReturnValue:
    """Show the account, or change its password."""
    if request.method == "POST":
        return _change_password()
    return _page(PasswordForm(formdata=None))


def _change_password() -> ResponseReturnValue:
    form = PasswordForm()
    if not form.validate_on_submit():
        return _page(form), 422
    try:
        accounts.change_password(
            current_user.id,
            form.current_password.data or "",
            form.new_password.data or "",
            current_user.session_hash,
        )
    except (Invalid, Conflict) as error:
        for message in form.show_errors(error.fields):
            flash(message, "error")
        return _page(form), error.status
    flash("Your password is changed; other browsers are signed out.", "success")
    return redirect(url_for("settings.account"), 303)


def _page(form: PasswordForm) -> str:
    return render_template("settings/account.html", form=form, account=current_user.account)
