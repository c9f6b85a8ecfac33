"""``/auth``: register, sign in for a token, read one's own account, sign out."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, g

from app.blueprints.api.callers import api_blueprint, bearer_token
from app.blueprints.api.schemas.accounts import (
    AccountAnswer,
    AccountFields,
    Credentials,
    LoginAnswer,
    LoginBody,
)
from app.current import get_settings
from app.services.accounts import accounts, api_tokens
from app.web import browser_session, rate_limits
from app.web.json_answers import answer, no_content

bp = api_blueprint(
    "auth",
    "Accounts and signing in.",
    public={"register", "login"},
    any_scope={"logout"},
    bodyless={"logout"},
)
_OPEN: list[dict[str, list[str]]] = [{}]  # works without any


@bp.post("/auth/register", responses={201: AccountAnswer}, security=_OPEN)
@rate_limits.register
def register(body: Credentials) -> Response:
    """Create an account; the first one becomes the administrator."""
    account = accounts.register_account(body.email, body.password)
    return answer(AccountAnswer.of(account), 201)


@bp.post("/auth/login", responses={200: LoginAnswer}, security=_OPEN)
@rate_limits.sign_in
def login(body: LoginBody) -> Response:
    """Exchange email and password for a token that lasts as long as a browser session."""
    account = accounts.authenticate(body.email, body.password)
    settings = get_settings()
    token, info = api_tokens.create_token(
        account.id,
        body.token_name or "API sign-in",
        account.scopes,
        api_tokens.expiry(timedelta(days=settings.session_days)),
        signed_in=account,
    )
    return answer(
        LoginAnswer(token=token, expires_at=info.expires_at, user=AccountFields.of(account))
    )


@bp.get("/auth/me", responses={200: AccountAnswer})
def me() -> Response:
    """Return the account of the credential."""
    return answer(AccountAnswer.of(g.account))


@bp.post("/auth/logout", responses={204: None})
def logout() -> Response:
    """Revoke the presented token, or end the browser's session."""
    token = bearer_token()
    if token:
        api_tokens.revoke_token(token)
    else:
        browser_session.sign_out()
    return no_content()
