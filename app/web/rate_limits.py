"""Named rate limits, each shared by the page and the API endpoint of the same action.

Use as decorators beneath the route's: ``@limits.create_run``. All of them count attempts, not
successes: parallel attempts would otherwise all get through before the first is counted. They are
counted before the body is read, checked or parsed (`count_attempt`), so that a request which fails
there counts as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, current_app, g, request
from flask_login import current_user
from werkzeug.exceptions import HTTPException

from app.client_address import client_of
from app.config import Settings
from app.extensions import limiter
from app.web.known_devices import hash_email, known_device

View = TypeVar("View", bound=Callable[..., Any])

SIGN_IN_LIMIT = "5 per minute"
REGISTER_LIMIT = "5 per minute"
TAKEN_LIMIT = "10 per hour"
"""Registrations of addresses that have an account: whoever tries many wants to know which have."""
CREATE_RUN_LIMIT = "10 per minute"
TRIAL_LIMIT = "10 per minute"
CONNECTION_TEST_LIMIT = "10 per minute"
WEBHOOK_TEST_LIMIT = "10 per minute"
REDELIVER_LIMIT = "10 per minute"
ROTATION_LIMIT = "10 per minute"
RESUME_RUN_LIMIT = "10 per minute"
RESCORE_LIMIT = "30 per minute"
BULK_LIMIT = "20 per minute"
SAVE_LIMIT = "60 per minute"
UPLOAD_LIMIT = "20 per minute"
ACCOUNT_CHANGE_LIMIT = "5 per minute"
RESET_LIMIT = "10 per minute"
GOVERN_LIMIT = "30 per minute"
SHARE_LIMIT = "30 per minute"
SHARED_PAGE_LIMIT = "120 per minute"
SHARED_FILE_LIMIT = "4 per minute"
_STORAGE_TIMEOUT_S = 0.5


def storage_config(settings: Settings) -> dict[str, Any]:
    """Return Flask-Limiter's configuration: counters in the queue server, impatiently."""
    url = settings.queue
    if url.startswith("unix://"):
        url = f"redis+{url}"
    return {
        "RATELIMIT_STORAGE_URI": url,
        "RATELIMIT_STORAGE_OPTIONS": {
            "socket_timeout": _STORAGE_TIMEOUT_S,
            "socket_connect_timeout": _STORAGE_TIMEOUT_S,
        },
        "RATELIMIT_KEY_PREFIX": "studio",
    }


def address_key() -> str:
    """Return the client's address as a key."""
    return client_of(request.remote_addr or "unknown")


def account_key() -> str:
    """Return the signed-in account, whether it came by cookie or by any of its tokens."""
    account = g.get("account")
    if account is not None:
        return f"account:{account.id}"
    if current_user.is_authenticated:
        return f"account:{current_user.id}"
    return address_key()


def claimed_account_key() -> str:
    """Return the account that the request wants to sign in to.

    A browser that has signed in to it before is counted apart from all others, and who names no
    account by address: nobody shall use up what others share.
    """
    text = _claimed_email()
    if not text:
        return address_key()
    device = known_device(text)
    return f"email:{hash_email(text)}" + (f":{device}" if device else "")


def _claimed_email() -> str:
    """Return the email address in an untrusted body; never fails."""
    try:
        if request.is_json:
            body = request.get_json(silent=True)
            email = body.get("email") if isinstance(body, dict) else None
        else:
            email = request.form.get("email")
    except (HTTPException, RecursionError):  # the limiter would take it for its storage's failure
        return ""
    return email if isinstance(email, str) else ""


def _was_taken(response: Response) -> bool:
    return response.status_code == 409


def _limit(
    name: str,
    rate: str,
    *keys: Callable[[], str],
    taken: str | None = None,
    methods: tuple[str, ...] = ("POST", "PUT", "PATCH"),
) -> Callable[[View], View]:
    def attempt() -> None:
        """Do nothing: called only to be counted."""

    attempt.__qualname__ = f"attempt-{name}"  # the limiter knows functions by their names
    counted: Callable[[], None] = attempt
    for key in keys:
        counted = limiter.shared_limit(
            rate, scope=f"{name}-{key.__name__}", key_func=key, methods=list(methods)
        )(counted)
    if taken is not None:
        counted = limiter.shared_limit(
            taken,
            scope=f"{name}-taken",
            key_func=address_key,
            methods=["POST"],
            deduct_when=_was_taken,
        )(counted)

    def decorate(view: View) -> View:
        view.count_attempt = counted  # type: ignore[attr-defined]
        return view

    return decorate


def count_attempt() -> None:
    """Count the current request if its view is limited; the account must be known.

    Raises:
        RateLimitExceeded: It is one too many.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    count: Callable[[], None] | None = getattr(view, "count_attempt", None)
    if count is not None:
        count()


sign_in = _limit("sign-in", SIGN_IN_LIMIT, address_key, claimed_account_key)
register = _limit("register", REGISTER_LIMIT, address_key, claimed_account_key, taken=TAKEN_LIMIT)
change_password = _limit("change-password", ACCOUNT_CHANGE_LIMIT, account_key)
reset_password = _limit("reset-password", RESET_LIMIT, address_key)
govern = _limit("govern", GOVERN_LIMIT, account_key)
upload = _limit("upload", UPLOAD_LIMIT, account_key)
create_run = _limit("create-run", CREATE_RUN_LIMIT, account_key)
try_sample = _limit("try-sample", TRIAL_LIMIT, account_key)
test_connection = _limit("test-connection", CONNECTION_TEST_LIMIT, account_key)
look_for_servers = _limit("look-for-servers", CONNECTION_TEST_LIMIT, account_key)
test_webhook = _limit("test-webhook", WEBHOOK_TEST_LIMIT, account_key)
redeliver = _limit("redeliver", REDELIVER_LIMIT, account_key)
rotate_secret = _limit("rotate-secret", ROTATION_LIMIT, account_key)
resume_run = _limit("resume-run", RESUME_RUN_LIMIT, account_key)
rescore = _limit("rescore", RESCORE_LIMIT, account_key)
bulk_runs = _limit("bulk-runs", BULK_LIMIT, account_key)
save_connection = _limit("save-connection", SAVE_LIMIT, account_key)
save_run_view = _limit("save-run-view", SAVE_LIMIT, account_key)
save_webhook = _limit("save-webhook", SAVE_LIMIT, account_key)
create_share = _limit("create-share", SHARE_LIMIT, account_key)
shared_page = _limit("shared-page", SHARED_PAGE_LIMIT, address_key, methods=("GET", "HEAD"))
shared_file = _limit("shared-file", SHARED_FILE_LIMIT, address_key, methods=("GET", "HEAD"))
