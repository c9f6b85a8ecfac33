"""The pages for signing in, registering and signing out."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.blueprints.auth.blueprint import bp
from app.blueprints.auth.forms import LoginForm, RegisterForm
from app.errors import Conflict, Forbidden, Invalid, Unauthorized
from app.services.accounts import accounts
from app.web import browser_session, rate_limits
from app.web.known_devices import remember_device
from app.web.security import is_local_path


def _next_url() -> str | None:
    target = request.values.get("next")
    return target if is_local_path(target) else None


@bp.route("/login", methods=["GET", "POST"])
@rate_limits.sign_in
def login() -> ResponseReturnValue:
    """Show the form, or sign in; a new installation leads to registration instead."""
    if request.method == "POST":
        return _submit_login()
    if current_user.is_authenticated:
        return redirect(_next_url() or url_for("runs.index"), 303)
    if not accounts.has_accounts():
        return redirect(url_for("auth.register"), 303)
    return _login_page(LoginForm())


def _submit_login() -> ResponseReturnValue:
    form = LoginForm()
    if not form.validate_on_submit():
        return _login_page(form), 422
    try:
        account = accounts.authenticate(form.email.data or "", form.password.data or "")
        return _enter(account, remember=form.remember.data)
    except Unauthorized as error:
        form.password.errors = [error.detail]
        return _login_page(form), 401


@bp.route("/register", methods=["GET", "POST"])
@rate_limits.register
def register() -> ResponseReturnValue:
    """Show the form, or create an account and sign in to it."""
    if request.method == "POST":
        return _submit_register()
    if current_user.is_authenticated:
        return redirect(url_for("runs.index"), 303)
    if not accounts.registration_is_open():
        flash("Registration is closed on this server. Ask its administrator.", "info")
        return redirect(url_for("auth.login"), 303)
    return _register_page(RegisterForm())


def _submit_register() -> ResponseReturnValue:
    form = RegisterForm()
    if not form.validate_on_submit():
        return _register_page(form), 422
    try:
        account = accounts.register_account(form.email.data or "", form.password.data or "")
    except (Invalid, Conflict) as error:
        form.email.errors = error.fields.get("email", [])
        form.password.errors = error.fields.get("password", [])
        return _register_page(form), error.status
    except Forbidden as error:
        flash(error.detail, "error")
        return redirect(url_for("auth.login"), 303)
    response = _enter(account, remember=False)
    if account.is_admin:  # said in the new session: the old one ends with all it had
        flash("Welcome. You are the administrator of this server.", "success")
    elif form.first.data:
        flash(
            "Another account was made a moment before yours, and is the administrator. Yours is a "
            "member.",
            "warning",
        )
    return response


@bp.post("/logout")
def logout() -> ResponseReturnValue:
    """End the session, also for copies of its cookie."""
    browser_session.sign_out()
    flash("You have been signed out.", "info")
    return redirect(url_for("auth.login"), 303)


def _enter(account: accounts.Account, *, remember: bool) -> ResponseReturnValue:
    target = _next_url() or url_for("runs.index")
    browser_session.sign_in(account, remember=remember)
    response = redirect(target, 303)
    remember_device(response, account.email)  # type: ignore[arg-type]
    return response


def _login_page(form: LoginForm) -> str:
    return render_template("auth/login.html", form=form, next_url=_next_url())


def _register_page(form: RegisterForm) -> str:
    return render_template(
        "auth/register.html", form=form, first_account=not accounts.has_accounts()
    )
