"""Remembers browsers that have signed in, so that nobody can lock an owner out.

Attempts to sign in are limited per account. A stranger could use that up for the owner; so a
browser that signed in once carries a signed cookie and is counted by itself. It proves nothing
else and opens nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from app.current import get_settings

COOKIE = "studio_device"
_MAX_AGE_S = 180 * 24 * 3600


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="known-device")


def hash_email(email: str) -> str:
    """Return a hash of an email address, for places where others may read it."""
    normal = email.strip().lower().encode("utf-8", "surrogatepass")
    return hashlib.sha256(normal).hexdigest()[:32]


def remember_device(response: Response, email: str) -> None:
    """Remember that ``email`` has signed in from this browser."""
    settings = get_settings()
    response.set_cookie(
        COOKIE,
        _signer().dumps([hash_email(email), secrets.token_hex(8)]),
        max_age=_MAX_AGE_S,
        httponly=True,
        samesite="Lax",
        secure=settings.cookies_need_tls,
    )


def known_device(email: str) -> str | None:
    """Return the id of the browser if ``email`` has signed in from it before."""
    cookie = request.cookies.get(COOKIE)
    if not cookie:
        return None
    try:
        content: Any = _signer().loads(cookie, max_age=_MAX_AGE_S)
    except BadSignature:
        return None
    if not isinstance(content, list) or len(content) != 2 or content[0] != hash_email(email):
        return None
    return str(content[1])
