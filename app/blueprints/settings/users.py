"""The pages of administrators about all accounts: the list, and one with what can be done."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar, cast

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, logout_user

from app.blueprints.settings.blueprint import bp
from app.blueprints.settings.forms import RemoveAccountForm
from app.current import get_settings
from app.errors import Conflict, NotFound
from app.queries import accounts
from app.services.account_deletion import remove_account
from app.services.account_disabling import disable_account, enable_account
from app.services.accounts import reset_links, roles
from app.services.storage.account_storage import storage_of
from app.web import rate_limits, shown_once
from app.web.urls import address

PAGE_SIZE = 50
View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


def admins_only(view: View) -> View:
    """Show 404 to accounts that are not administrators'."""

    @wraps(view)
    def guarded(**values: int) -> ResponseReturnValue:
        if not current_user.is_admin:
            raise NotFound("There is nothing at this address.", action="Check the address.")
        return view(**values)

    return cast(View, guarded)


@bp.get("/users", endpoint="users")
@admins_only
def list_accounts() -> ResponseReturnValue:
    """List the accounts by address."""
    q, cursor = request.args.get("q", "").strip(), request.args.get("cursor") or None
    page = accounts.list_accounts(q, limit=PAGE_SIZE, cursor=cursor)
    following = page.next_cursor
    return render_template(
        "settings/users.html",
        entries=page.items,
        q=q,
        registration_open=get_settings().registration_open,
        page={
            "first_url": address("settings.users", q=q) if cursor else None,
            "next_url": address("settings.users", q=q, cursor=following) if following else None,
            "total": page.total,
            "shown": len(page.items),
        },
    )


@bp.get("/users/<int:account_id>", endpoint="user")
@admins_only
def show_account(account_id: int) -> ResponseReturnValue:
    """Show one account."""
    return _page(account_id, RemoveAccountForm(formdata=None))


@bp.post("/users/<int:account_id>/role", endpoint="user_role")
@rate_limits.govern
@admins_only
def change_role(account_id: int) -> ResponseReturnValue:
    """Make the account an administrator's, or a member's."""
    entry, to_admin = accounts.get_account(account_id), request.form.get("admin") == "yes"
    if not to_admin and _lacks_confirmation(account_id):
        return _back(account_id)
    try:
        roles.set_admin(account_id, to_admin, by=current_user.id)
    except Conflict as error:
        flash(f"{error.detail} {error.action}", "error")
        return _back(account_id)
    flash(f"{entry.email} is {'an administrator' if to_admin else 'a member'} now.", "success")
    if account_id == current_user.id and not to_admin:
        return redirect(url_for("settings.account"), 303)
    return _back(account_id)


@bp.post("/users/<int:account_id>/reset-link", endpoint="user_reset_link")
@rate_limits.govern
@admins_only
def make_reset_link(account_id: int) -> ResponseReturnValue:
    """Make a reset link; the next page shows it, once."""
    entry = accounts.get_account(account_id)
    try:
        link = reset_links.create_reset_link(entry.id, by=current_user.id)
    except Conflict as error:
        flash(f"{error.detail} {error.action}", "error")
    else:
        shown_once.keep_for_next_page(f"reset link {account_id}", link.url)
    return _back(account_id)


@bp.post("/users/<int:account_id>/access", endpoint="user_access")
@rate_limits.govern
@admins_only
def change_access(account_id: int) -> ResponseReturnValue:
    """Disable the account, or enable it again."""
    entry, disable = accounts.get_account(account_id), request.form.get("disabled") == "yes"
    if disable and _lacks_confirmation(account_id):
        return _back(account_id)
    try:
        change = disable_account if disable else enable_account
        change(account_id, by=current_user.id)
    except Conflict as error:
        flash(f"{error.detail} {error.action}", "error")
        return _back(account_id)
    flash(f"{entry.email} is {'disabled' if disable else 'enabled'} now.", "success")
    if disable and account_id == current_user.id:
        logout_user()
        return redirect(url_for("auth.login"), 303)
    return _back(account_id)


@bp.post("/users/<int:account_id>/delete", endpoint="user_delete")
@rate_limits.govern
@admins_only
def delete_account(account_id: int) -> ResponseReturnValue:
    """Delete another account with all that belongs to it; its address must be typed."""
    entry, form = accounts.get_account(account_id), RemoveAccountForm()
    if account_id == current_user.id:
        flash("Delete your own account here, with your password.", "info")
        return redirect(url_for("settings.account"), 303)
    if (form.email.data or "").strip().lower() != entry.email:
        form.email.errors = [f"Type {entry.email} to delete this account."]
        return _page(account_id, form), 422
    try:
        remove_account(account_id, by=current_user.id)
    except Conflict as error:
        flash(f"{error.detail} {error.action}", "error")
        return _back(account_id)
    flash(f"{entry.email} and everything in that account has been deleted.", "success")
    return redirect(url_for("settings.users"), 303)


def _lacks_confirmation(account_id: int) -> bool:
    """Return whether this would lock out who asks, who has not said that it is meant."""
    if account_id != current_user.id or request.form.get("confirm_self") == "yes":
        return False
    flash("This is your own account. Tick the box if you mean it.", "error")
    return True


def _page(account_id: int, form: RemoveAccountForm) -> str:
    return render_template(
        "settings/user.html",
        entry=accounts.get_account(account_id),
        belongings=accounts.count_belongings(account_id),
        storage=storage_of(account_id),
        is_self=account_id == current_user.id,
        reset_link=shown_once.take(f"reset link {account_id}"),
        reset_hours=round(reset_links.LIFETIME.total_seconds() / 3600),
        form=form,
    )


def _back(account_id: int) -> ResponseReturnValue:
    return redirect(url_for("settings.user", account_id=account_id), 303)
