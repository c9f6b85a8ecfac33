"""The account page: profile, password, deletion."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, logout_user

from app.blueprints.settings.blueprint import bp
from app.blueprints.settings.forms import DeleteAccountForm, PasswordForm
from app.errors import Conflict, Invalid
from app.services.account_deletion import delete_account
from app.services.accounts import accounts
from app.services.storage.account_storage import storage_of
from app.web import rate_limits


@bp.route("/account", methods=["GET", "POST"])
@rate_limits.change_password
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
    flash("Your password has been changed. Other browsers are signed out.", "success")
    return redirect(url_for("settings.account"), 303)


@bp.post("/account/delete")
@rate_limits.change_password
def account_delete() -> ResponseReturnValue:
    """Delete the account and all that belongs to it."""
    form = DeleteAccountForm()
    if not form.validate_on_submit():
        return _page(PasswordForm(formdata=None), form), 422
    try:
        delete_account(current_user.id, form.password.data or "")
    except (Invalid, Conflict) as error:
        for message in form.show_errors(error.fields):
            flash(message, "error")
        if not error.fields:
            flash(f"{error.detail} {error.action or ''}", "error")
        return _page(PasswordForm(formdata=None), form), error.status
    logout_user()
    flash("Your account and everything in it has been deleted.", "success")
    return redirect(url_for("auth.login"), 303)


def _page(form: PasswordForm, delete_form: DeleteAccountForm | None = None) -> str:
    return render_template(
        "settings/account.html",
        form=form,
        delete_form=delete_form or DeleteAccountForm(formdata=None),
        account=current_user.account,
        storage=storage_of(current_user.id),
    )
