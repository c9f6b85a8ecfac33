"""Request ids, checks of text, and security headers (CSP) for all requests and responses."""

from __future__ import annotations

import re
import secrets
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from flask import Flask, Response, g, request
from werkzeug.datastructures import MultiDict

from app.current import settings_of
from app.errors import Invalid, NotFound
from app.web import bounds, rate_limits
from app.web.problems import wants_problem

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
CONTENT_SECURITY_POLICY = f"{_POLICY}; require-trusted-types-for 'script'"
# Pages for strangers show what models wrote, and need no script at all.
NO_SCRIPT_POLICY = CONTENT_SECURITY_POLICY.replace("script-src 'self'", "script-src 'none'")
# Swagger UI draws with innerHTML, and its style sheet holds its icons; all it shows is our own.
DOCUMENTATION_POLICY = _POLICY.replace("img-src 'self'", "img-src 'self' data:")
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: Flask-WTF compares the referrer of forms that are sent over TLS.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_HSTS = "max-age=31536000"
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_LOCAL_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
# RFC 9110 10.2.3; Flask-Limiter puts the header on answers that succeeded, too.
_MAY_SAY_RETRY_AFTER = frozenset({301, 302, 303, 307, 308, 413, 429, 503})


def is_local_path(target: str | None) -> bool:
    r"""Return whether a redirect to ``target`` stays on this site.

    Browsers read ``//host``, ``/\host`` and, since they drop tabs and newlines, ``/\t/host``
    as another site, so only a plain path passes.
    """
    if not target or not _LOCAL_PATH.fullmatch(target):
        return False
    parts = urlsplit(target)
    return not parts.scheme and not parts.netloc


def _name_request(trust_upstream: bool) -> None:
    given = request.headers.get("X-Request-ID", "") if trust_upstream else ""
    g.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _refuse_nul() -> None:
    """Refuse U+0000 in URLs and page forms, since PostgreSQL cannot store it.

    Bodies and queries of the API are checked by its schemas, which name the field.
    """
    if "\0" in request.path:
        raise NotFound("There is nothing at this address.", action="Check the address.")
    if wants_problem():
        return
    names = _with_nul(request.args)
    if request.mimetype == "application/x-www-form-urlencoded":
        names |= _with_nul(request.form)
    if names:
        message = "This must not contain the character U+0000."
        raise Invalid(message, fields={name: [message] for name in sorted(names)})


def _count_page_attempt() -> None:
    """Count rate-limited page requests before their body is read; the API's guard does its own."""
    if not wants_problem():
        rate_limits.count_attempt()


def _with_nul(values: MultiDict[str, str]) -> set[str]:
    return {name for name, value in values.items(multi=True) if "\0" in name + value}


def _protect(response: Response, *, tls: bool) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if tls:
        response.headers.setdefault("Strict-Transport-Security", _HSTS)
    response.headers.setdefault("Cache-Control", "no-store")  # static files say how long
    response.headers["X-Request-ID"] = g.get("request_id", "")
    _settle_retry_after(response)
    _keep_host_out(response)
    return response


def _keep_host_out(response: Response) -> None:
    """Make redirects relative, since the request's host cannot be trusted."""
    target = urlsplit(response.location or "")
    if target.netloc:
        path = "/" + target.path.lstrip("/\\")
        response.location = urlunsplit(("", "", path, target.query, target.fragment))
        response.set_data(b"")  # it has the address as a link, too


def _settle_retry_after(response: Response) -> None:
    if response.status_code not in _MAY_SAY_RETRY_AFTER:
        response.headers.pop("Retry-After", None)
    elif "retry_after" in g:
        response.headers["Retry-After"] = g.retry_after


def install(app: Flask) -> None:
    """Install on ``app``, outside of all other extensions.

    A request has its id before the limiter refuses it, and the limiter's headers are settled.
    """
    settings = settings_of(app)
    trust_upstream = settings.trusted_proxies > 0

    def name_request(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
        _name_request(trust_upstream)

    def protect(response: Response) -> Response:
        return _protect(response, tls=settings.cookies_need_tls)

    # Flask calls these before all others, and own data is refused in one (blueprints.benchmarks).
    app.url_value_preprocessors.setdefault(None, []).insert(0, name_request)
    app.before_request_funcs.setdefault(None, [])[:0] = [
        bounds.bound_page_body,
        _count_page_attempt,
        _refuse_nul,
    ]
    # Flask runs these in reverse, so the first is the last to see a response.
    app.after_request_funcs.setdefault(None, []).insert(0, protect)
