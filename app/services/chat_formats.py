"""The message that Slack and Discord show; every other receiver gets our own payload."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

_WORDS = {
    "completed": "is done",
    "failed": "failed",
    "canceled": "was canceled",
    "paused": "is paused",
}


def body_for(url: str, payload: dict[str, Any], raw: str) -> bytes:
    """Return the bytes to send to ``url``: ``raw``, or a chat message where one is expected."""
    host = (urlsplit(url).hostname or "").lower()
    text = _sentence(payload)
    if host == "hooks.slack.com":
        return json.dumps({"text": text}).encode()
    if host in ("discord.com", "discordapp.com", "ptb.discord.com", "canary.discord.com"):
        return json.dumps({"content": text, "allowed_mentions": {"parse": []}}).encode()
    return raw.encode()


def _sentence(payload: dict[str, Any]) -> str:
    parts = [
        "Test: " if payload["test"] else "",
        f"{payload['benchmark']} on {payload['model']} {_WORDS[payload['status']]}",
    ]
    if payload["score"] is not None:
        low, high = payload["ci95"]
        parts.append(f": {payload['score']:.1%} (95% interval {low:.1%} to {high:.1%})")
    if payload["error"]:
        parts.append(f". {payload['error']['message']}")
    if payload["url"]:
        parts.append(f"\n{payload['url']}")
    return "".join(parts)
