"""The pages of whoever was handed a reset link: open it, then set a new password."""

from __future__ import annotations

from flask import flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue

from app.blueprints.auth.blueprint import bp
from app.blueprints.auth.forms import NewPasswordForm, ResetLinkForm
from app.errors import Invalid, NotFound, Unauthorized
from app.services.accounts import reset_links
from app.services.accounts.accounts import Account
from app.web import browser_session, rate_limits
from app.web.known_devices import remember_device

_SECRET = "reset_secret"  # noqa: S105 - where it is kept


@bp.route("/reset", methods=["GET", "POST"])
@rate_limits.reset_password
def open_reset_link() -> ResponseReturnValue:
    """Take the secret of a link, which the page's script reads from behind the ``#``."""
    form = ResetLinkForm()
    if not form.is_submitted():
        return render_template("auth/reset_link.html", form=form)
    secret = (form.link.data or "").rpartition("#")[2].strip()
    try:
        if not form.validate():
            return render_template("auth/reset_link.html", form=form), 422
        reset_links.find_reset_email(secret)
    except NotFound as error:
        form.link.errors = [f"{error.detail} {error.action}"]
        return render_template("auth/reset_link.html", form=form), 422
    session[_SECRET] = secret
    return redirect(url_for("auth.set_new_password"), 303)


@bp.route("/reset/password", methods=["GET", "POST"])
@rate_limits.reset_password
def set_new_password() -> ResponseReturnValue:
    """Set the new password and sign in with it; all earlier sign-ins end."""
    form = NewPasswordForm()
    try:
        secret = session.get(_SECRET, "")
        email = reset_links.find_reset_email(secret)
        if not form.is_submitted():
            return _password_page(form, email)
        if not form.validate():
            return _password_page(form, email), 422
        account = _reset(form, secret)
        if account is None:
            return _password_page(form, email), 422
        browser_session.sign_in(account)
    except (NotFound, Unauthorized) as error:
        session.pop(_SECRET, None)
        flash(f"{error.detail} {error.action}", "error")
        return redirect(url_for("auth.open_reset_link"), 303)
    flash("Your password is set, and you are signed in. Earlier sign-ins have ended.", "success")
    response = redirect(url_for("runs.index"), 303)
    remember_device(response, account.email)  # type: ignore[arg-type]
    return response


def _reset(form: NewPasswordForm, secret: str) -> Account | None:
    """Set the password; ``None`` if it cannot be used, which the form then says."""
    try:
        return reset_links.reset_password(secret, form.password.data or "")
    except Invalid as error:
        form.password.errors = error.fields.get("password", [])
        return None


def _password_page(form: NewPasswordForm, email: str) -> str:
    return render_template("auth/reset_password.html", form=form, email=email)
