"""What every request and response carries: an id, strict headers, believed proxies and hosts."""

from __future__ import annotations

import re
import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from app.config import Settings

MAX_BODY_BYTES = 2 * 1024 * 1024

CONTENT_SECURITY_POLICY = "; ".join(
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
        "require-trusted-types-for 'script'",
    )
)
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
    """Return whether a redirect to ``target`` stays on this site.

    Browsers read ``//host``, ``/\\host`` and, since they drop tabs and newlines, ``/\\t/host``
    as another site, so only a plain path passes.
    """
    if not target or not _LOCAL_PATH.fullmatch(target):
        return False
    parts = urlsplit(target)
    return not parts.scheme and not parts.netloc


def _name_request(trust_upstream: bool) -> None:
    given = request.headers.get("X-Request-ID", "") if trust_upstream else ""
    g.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _protect(response: Response, *, tls: bool) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if tls:
        response.headers.setdefault("Strict-Transport-Security", _HSTS)
    if response.mimetype in {"text/html", "application/json", "application/problem+json"}:
        response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Request-ID"] = g.get("request_id", "")
    _settle_retry_after(response)
    return response


def _settle_retry_after(response: Response) -> None:
    if response.status_code not in _MAY_SAY_RETRY_AFTER:
        response.headers.pop("Retry-After", None)
    elif "retry_after" in g:
        response.headers["Retry-After"] = g.retry_after


def install(app: Flask) -> None:
    """Attach to ``app``. Call it before the limiter is attached: its headers come last then."""
    settings: Settings = app.extensions["settings"]
    hops = settings.trusted_proxies
    if hops:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops, x_port=hops
        )
    app.config.setdefault("MAX_CONTENT_LENGTH", None)
    if app.config["MAX_CONTENT_LENGTH"] is None:
        app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    if settings.trusted_hosts:
        app.config["TRUSTED_HOSTS"] = list(settings.trusted_hosts)

    @app.before_request
    def name_request() -> None:
        _name_request(trust_upstream=hops > 0)

    @app.after_request
    def protect(response: Response) -> Response:
        return _protect(response, tls=settings.cookies_need_tls)
