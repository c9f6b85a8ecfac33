"""``/users``: all accounts, for administrators."""

from __future__ import annotations

from flask import Response, g

from app.blueprints.api.callers import api_blueprint
from app.blueprints.api.schemas.users import (
    AccountPatch,
    AccountPath,
    AccountsQuery,
    GovernedAccount,
    GovernedAccountList,
    NewResetLinkAnswer,
)
from app.errors import Conflict, Forbidden
from app.queries import accounts
from app.services.account_disabling import disable_account, enable_account
from app.services.accounts import reset_links, roles
from app.web import rate_limits
from app.web.json_answers import answer

bp = api_blueprint(
    "users",
    "All accounts, for administrators.",
    bodyless={"create_reset_link"},
)


def _require_admin() -> None:
    if not g.account.is_admin:
        raise Forbidden("This needs the account of an administrator.", code="admins_only")


@bp.get("/users", responses={200: GovernedAccountList})
def list_accounts(query: AccountsQuery) -> Response:
    """List the accounts by address."""
    _require_admin()
    page = accounts.list_accounts(query.q, limit=query.limit, cursor=query.cursor)
    return answer(
        GovernedAccountList(
            items=[GovernedAccount.entry(entry) for entry in page.items],
            next_cursor=page.next_cursor,
            total=page.total,
        )
    )


@bp.get("/users/<int:account_id>", responses={200: GovernedAccount})
def get_account(path: AccountPath) -> Response:
    """Return one account."""
    _require_admin()
    return answer(GovernedAccount.entry(accounts.get_account(path.account_id)))


@bp.patch("/users/<int:account_id>", responses={200: GovernedAccount})
@rate_limits.govern
def update_account(path: AccountPath, body: AccountPatch) -> Response:
    """Change the role of an account, or disable or enable it."""
    _require_admin()
    target, by = accounts.get_account(path.account_id).id, g.account.id
    if target == by and (body.admin is False or body.disabled):
        raise Conflict(
            "This is your own account.",
            code="own_account",
            action="Ask another administrator, or do it in the browser: Settings, Users.",
        )
    if body.admin is not None:
        roles.set_admin(target, body.admin, by=by)
    if body.disabled is not None:
        change = disable_account if body.disabled else enable_account
        change(target, by=by)
    return answer(GovernedAccount.entry(accounts.get_account(target)))


@bp.post("/users/<int:account_id>/reset-link", responses={201: NewResetLinkAnswer})
@rate_limits.govern
def create_reset_link(path: AccountPath) -> Response:
    """Make a link that sets a new password, once, within a day; an earlier one is void."""
    _require_admin()
    target = accounts.get_account(path.account_id).id
    link = reset_links.create_reset_link(target, by=g.account.id)
    return answer(NewResetLinkAnswer(url=link.url, expires_at=link.expires_at), 201)
