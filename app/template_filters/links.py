"""Makes links of the web addresses in messages."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from markupsafe import Markup, escape

# Within escaped text, where `&amp;` is part of an address and all other entities end it.
_ADDRESS = re.compile(r"https?://(?:[^\s<>&\"'`]++|&amp;)++")
_AFTER = ".,;:!?)]}”’…"


def linked(text: object) -> Markup:
    """Return a message as HTML in which web addresses are links; all else is text."""
    safe = escape(text)
    if "<" in safe:  # elements of our own, whose attributes are no text
        return safe
    return Markup(_ADDRESS.sub(_link, safe))  # noqa: S704 - every part is escaped


def _link(found: re.Match[str]) -> str:
    address = found[0].rstrip(_AFTER)
    rest = found[0][len(address) :]
    if rest.startswith(")") and "(" in address:
        address, rest = address + ")", rest[1:]
    if not _is_plain(address):
        return found[0]
    attributes = 'target="_blank" rel="noopener noreferrer nofollow"'
    return f'<a class="link" href="{address}" {attributes}>{address}</a>{rest}'


def _is_plain(address: str) -> bool:
    """Return whether the host is what a reader takes for it: there is one, and no user before."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return bool(parts.hostname) and "@" not in parts.netloc
