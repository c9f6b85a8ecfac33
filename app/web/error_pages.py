"""Turns errors into an HTML page with a next step, or a problem under ``/api/``."""

from __future__ import annotations

import logging
import time

from flask import Flask, Response, g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_limiter import RateLimitExceeded
from flask_login import AnonymousUserMixin, current_user
from flask_wtf.csrf import CSRFError
from redis.exceptions import RedisError
from sqlalchemy.exc import IntegrityError, InterfaceError, NoResultFound, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError
from werkzeug.exceptions import HTTPException, InternalServerError, SecurityError
from werkzeug.routing import RequestRedirect

from app import disk
from app.db import db
from app.errors import (
    Conflict,
    Forbidden,
    Invalid,
    Limited,
    NotFound,
    QueueAway,
    StudioError,
    Unauthorized,
    Unavailable,
)
from app.extensions import limiter
from app.services.storage import disk_space
from app.web import sign_in_again
from app.web.problems import (
    from_our_script,
    problem_response,
    retry_after_header,
    wait_words,
    wants_problem,
)

log = logging.getLogger(__name__)


class BadRequest(StudioError):
    """The request cannot be understood."""

    status, code, title = 400, "bad_request", "The request was not understood"


class MethodNotAllowed(StudioError):
    """The address exists, but not for this method."""

    status, code, title = 405, "method_not_allowed", "Not possible here"


class TooLarge(StudioError):
    """The body is larger than the server accepts."""

    status, code, title = 413, "too_large", "Too large"


class UnsupportedMediaType(StudioError):
    """The content type of the body is not supported."""

    status, code, title = 415, "unsupported_media_type", "Unsupported content type"


_KINDS: dict[int, tuple[type[StudioError], str, str | None]] = {
    400: (BadRequest, "The request was not understood.", "Check it and try again."),
    401: (Unauthorized, "This needs a signed-in account.", "Sign in and try again."),
    403: (Forbidden, "Your account may not do this.", None),
    404: (NotFound, "There is nothing at this address.", "Check the address."),
    405: (MethodNotAllowed, "This address does not support that method.", None),
    409: (Conflict, "This is not possible right now.", None),
    413: (TooLarge, "The request is larger than this server accepts.", "Send less at once."),
    415: (
        UnsupportedMediaType,
        "The body must be JSON.",
        "Send the header Content-Type: application/json.",
    ),
    422: (Invalid, "Some fields need attention.", None),
    503: (Unavailable, "The server cannot answer right now.", "Try again in a moment."),
}


_DELETED_MEANWHILE = (NoResultFound, ObjectDeletedError, StaleDataError)
DATABASE_LOST = (OperationalError, InterfaceError, PoolTimeout)
_FORMS = frozenset({"auth.login", "auth.register", "settings.account", "auth.open_reset_link"})


def install(app: Flask) -> None:
    """Attach the handlers to ``app``."""
    app.register_error_handler(StudioError, show_error)
    app.register_error_handler(RateLimitExceeded, _show_limit)
    app.register_error_handler(CSRFError, _show_csrf_error)
    app.register_error_handler(SecurityError, _show_unknown_host)
    app.register_error_handler(HTTPException, _show_http_error)
    for lost in (*DATABASE_LOST, RedisError):
        app.register_error_handler(lost, _show_outage)
    app.register_error_handler(OSError, _show_system_error)
    for gone in _DELETED_MEANWHILE:
        app.register_error_handler(gone, _show_gone)
    app.register_error_handler(IntegrityError, _show_collision)
    app.register_error_handler(InternalServerError, _show_crash)


def show_error(error: StudioError) -> Response:
    """Return the answer to a domain error."""
    if error.retry_after_s is not None:
        g.retry_after = retry_after_header(error.retry_after_s)
    if wants_problem() or from_our_script():
        return problem_response(error)
    page = _limit_page if error.status == 429 else _page
    db.session.rollback()  # PostgreSQL answers nothing more in a transaction that failed
    try:
        return page(error)
    except DATABASE_LOST:
        # Even this page asks who is signed in and what runs; the one for strangers does not.
        g._login_user = AnonymousUserMixin()
        return page(error)


def _page(error: StudioError) -> Response:
    response = make_response(
        render_template(
            "errors/error.html",
            status=error.status,
            title=error.title,
            message=" ".join(part for part in (error.detail, error.action) if part),
            action=_next_step(error),
            request_id=g.get("request_id"),
        ),
        error.status,
    )
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = retry_after_header(error.retry_after_s)
    return response


def _next_step(error: StudioError) -> dict[str, str] | None:
    if error.status == 401 or not current_user.is_authenticated:
        return {"label": "Sign in", "url": "/login"}
    if error.status in {400, 503} and request.method == "GET":
        return {"label": "Try again", "url": request.full_path.rstrip("?")}
    return {"label": "Go to runs", "url": "/"}


def _limit_page(error: StudioError) -> Response:
    seconds = retry_after_header(error.retry_after_s or 1)
    response = make_response(
        render_template(
            "errors/rate_limited.html",
            retry_after_s=int(seconds),
            message=error.detail,
            retry_url=request.path if request.endpoint in _FORMS else None,
            request_id=g.get("request_id"),
        ),
        429,
    )
    response.headers["Retry-After"] = seconds
    return response


def _show_limit(_error: RateLimitExceeded) -> Response:
    limit = limiter.current_limit
    wait_s = 60.0
    if limit:
        # The window's end is rounded up, to more than the window's length.
        wait_s = min(max(1.0, limit.reset_at - time.time()), limit.limit.get_expiry())
    rate = f"{limit.limit.amount} per {limit.limit.GRANULARITY.name}" if limit else "the limit"
    return show_error(
        Limited(
            f"Too many attempts; the limit is {rate}.",
            action=f"Wait {wait_words(wait_s)}, then try again.",
            retry_after_s=wait_s,
        )
    )


def _show_csrf_error(_error: CSRFError) -> ResponseReturnValue:
    page = None if wants_problem() or from_our_script() else sign_in_again.page_of_form()
    if page:
        known = current_user.is_authenticated or (request.endpoint or "").startswith("auth.")
        return sign_in_again.back_to(page) if known else sign_in_again.ask_to_sign_in()
    return show_error(
        BadRequest(
            "The form has expired or came from another site. Nothing was changed.",
            code="csrf",
            action="Reload the page and send it again.",
        )
    )


def _show_unknown_host(_error: SecurityError) -> Response:
    if wants_problem():
        return show_error(BadRequest("This host name is not served here.", code="unknown_host"))
    # No page: without a host there are no addresses for its links.
    return Response("This host name is not served here.\n", 400, mimetype="text/plain")


def _show_http_error(error: HTTPException) -> Response | HTTPException:
    status = error.code or 500
    if error.response is not None or isinstance(error, RequestRedirect) or status < 400:
        return error
    kind, detail, action = _KINDS.get(status, (BadRequest, str(error.description), None))
    shown = kind(detail, action=action)
    shown.status = status
    if status not in _KINDS:
        shown.code, shown.title = error.name.lower().replace(" ", "_"), error.name
    response = show_error(shown)
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After", "Content-Range"}:
            response.headers[name] = value
    return response


def _show_gone(error: Exception) -> Response:
    """Answer a request whose row was deleted by another request meanwhile."""
    log.info("row gone", extra={"error": type(error).__name__, "request_id": g.get("request_id")})
    return show_error(
        NotFound("This has been deleted.", action="Go back to the list and reload it.")
    )


def _show_collision(error: IntegrityError) -> Response:
    """Answer a request that conflicts with concurrent changes."""
    log.warning("collision", exc_info=error, extra={"request_id": g.get("request_id")})
    return show_error(
        Conflict(
            "Something this depends on was changed or deleted at the same time.",
            code="changed_meanwhile",
            action="Nothing was changed. Reload the page and try again.",
        )
    )


def _show_outage(error: Exception) -> Response:
    # A queue server that cannot start, files that cannot grow: a full disk has many faces.
    if disk.is_full(error) or disk_space.is_full():
        return _show_full_disk(error)
    if isinstance(error, OperationalError) and not _is_outage(error):
        return _show_crash(InternalServerError(original_exception=error))
    log.error("outage", extra={"error": type(error).__name__, "request_id": g.get("request_id")})
    if isinstance(error, RedisError):
        return show_error(QueueAway("nothing was changed", retry_after_s=5))
    return show_error(
        Unavailable(
            "The database does not answer.",
            code="database_unavailable",
            action="Nothing was changed. Try again in a moment.",
            retry_after_s=5,
        )
    )


def _show_full_disk(error: Exception) -> Response:
    log.error("disk full", extra={"error": type(error).__name__, "request_id": g.get("request_id")})
    return show_error(disk_space.write_refused())


def _show_system_error(error: OSError) -> Response:
    """Answer a request that failed because the disk is full."""
    if disk.is_full(error):
        return _show_full_disk(error)
    return _show_crash(InternalServerError(original_exception=error))


def _is_outage(error: OperationalError) -> bool:
    """Return whether the database is down or busy, rather than the statement wrong."""
    text = str(error.orig).lower()
    wrong = ("no such", "syntax", "too many sql variables", "expression tree", "too complex")
    return not any(word in text for word in wrong)


def _show_crash(error: InternalServerError) -> Response:
    original = error.original_exception
    log.error("unhandled", exc_info=original, extra={"request_id": g.get("request_id")})
    return show_error(
        StudioError(
            "Something went wrong on the server. The error was logged.",
            action=f"If it happens again, report it with the request id {g.get('request_id')}.",
        )
    )
