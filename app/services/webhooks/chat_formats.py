"""The message that Slack and Discord show; every other receiver gets our own payload.

Names and error messages come from users and from their model servers: in a channel they must be
text and nothing else, no mention, link, format or control character.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from app.formats import percent

_WORDS = {
    "completed": "is done",
    "failed": "failed",
    "canceled": "was canceled",
    "paused": "is paused",
}
_NAME_LENGTH = 120
_MESSAGE_LENGTH = 300
_BREAK = "\u200b"  # zero width: what is on both sides is not read as one word

# Where text turns into a mention or a link by itself: after @, within ://, before a domain's end.
_LIVE = re.compile(r"(?<=@)|(?<=:)(?=//)|(?<=\w\.)(?=[^\W\d_]{2})")
_DISCORD_MARKS = re.compile(r"([\\*_~`|<>#\[\]()])")
_SUPPRESS_EMBEDS = 1 << 2


def body_for(url: str, payload: dict[str, Any], raw: str) -> bytes:
    """Return the bytes to send to ``url``: ``raw``, or a chat message where one is expected."""
    host = (urlsplit(url).hostname or "").lower()
    if host == "hooks.slack.com":
        return json.dumps(
            {
                "text": _sentence(payload, _slack),
                "mrkdwn": False,
                "unfurl_links": False,
                "unfurl_media": False,
            }
        ).encode()
    if host in ("discord.com", "discordapp.com", "ptb.discord.com", "canary.discord.com"):
        return json.dumps(
            {
                "content": _sentence(payload, _discord),
                "allowed_mentions": {"parse": []},
                "flags": _SUPPRESS_EMBEDS,
            }
        ).encode()
    return raw.encode()


def _sentence(payload: dict[str, Any], escape: Callable[[str], str]) -> str:
    benchmark = escape(_plain(payload["benchmark"], _NAME_LENGTH))
    model = escape(_plain(payload["model"], _NAME_LENGTH))
    parts = [
        "Test: " if payload["test"] else "",
        f"{benchmark} on {model} {_WORDS[payload['status']]}",
    ]
    if payload["score"] is not None:
        low, high = payload["ci95"]
        parts.append(
            f": {percent(payload['score'])} (95% interval {percent(low)} to {percent(high)})"
        )
    if payload["error"]:
        parts.append(f". {escape(_plain(payload['error']['message'], _MESSAGE_LENGTH))}")
    if payload["url"]:
        parts.append(f"\n{payload['url']}")
    return "".join(parts)


def _plain(text: str, length: int) -> str:
    """Return ``text`` on one line, without invisible characters, at most ``length`` long."""
    visible = "".join(
        each for each in " ".join(text.split()) if unicodedata.category(each)[0] != "C"
    )
    return visible if len(visible) <= length else visible[: length - 1] + "…"


def _slack(text: str) -> str:
    """Escape as https://docs.slack.dev/messaging/formatting-message-text asks."""
    dead = _LIVE.sub(_BREAK, text)
    return dead.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _discord(text: str) -> str:
    """Escape Discord's Markdown."""
    marked = _DISCORD_MARKS.sub(r"\\\1", _LIVE.sub(_BREAK, text))
    return f"\\{marked}" if marked[:1] in ("-", "+") else marked  # else the line would be a list
