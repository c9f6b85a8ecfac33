"""Secrets that are shown once, on the page that a POST redirects to.

They travel in the browser's session, sealed, and the page that shows one takes it out: a reload
neither makes another nor shows it again.
"""

from __future__ import annotations

from flask import session

from app.errors import Conflict
from app.services.sealing import open_sealed, seal

_KEY = "shown_once"


def keep_for_next_page(what: str, secret: str) -> None:
    """Keep ``secret`` for the page that takes ``what``; replaces any other."""
    session[_KEY] = [what, seal(secret)]


def take(what: str) -> str | None:
    """Return the secret kept for this page, once; none if the keys were changed meanwhile."""
    kept = session.get(_KEY)
    if not kept or kept[0] != what:
        return None
    del session[_KEY]
    try:
        return open_sealed(kept[1])
    except Conflict:
        return None
