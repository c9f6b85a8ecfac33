"""Chat services get a sentence, everybody else the payload as it was signed."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

import pytest

from app.services.webhooks.chat_formats import body_for

PAYLOAD: dict[str, Any] = {
    "status": "completed",
    "benchmark": "gsm8k",
    "model": "openai/gpt-4o",
    "score": 0.9312,
    "ci95": [0.91, 0.95],
    "error": None,
    "url": "https://studio.example.org/runs/1",
    "test": False,
}


def test_other_receivers_get_the_payload_unchanged() -> None:
    assert body_for("https://example.org/slack.com", PAYLOAD, '{"a":1}') == b'{"a":1}'


@pytest.mark.parametrize(
    ("url", "field"),
    [
        ("https://hooks.slack.com/services/T/B/x", "text"),
        ("https://HOOKS.slack.com/services/T/B/x", "text"),
        ("https://discord.com/api/webhooks/1/x", "content"),
        ("https://discordapp.com/api/webhooks/1/x", "content"),
    ],
)
def test_chat_services_get_a_sentence(url: str, field: str) -> None:
    sent = json.loads(body_for(url, PAYLOAD, "{}"))
    assert sent[field] == (
        "gsm8k on openai/gpt-4o is done: 93.1% (95% interval 91.0% to 95.0%)\n"
        "https://studio.example.org/runs/1"
    )
    if field == "content":
        assert sent["allowed_mentions"] == {"parse": []}


@pytest.mark.parametrize(
    ("status", "words"), [("failed", "failed"), ("canceled", "was canceled"), ("paused", "paused")]
)
def test_the_sentence_says_why_there_is_no_score(status: str, words: str) -> None:
    payload = {
        **PAYLOAD,
        "status": status,
        "score": None,
        "ci95": None,
        "error": {"message": "Wrong key."},
        "url": None,
        "test": True,
    }
    text = json.loads(body_for("https://hooks.slack.com/x", payload, "{}"))["text"]
    assert text.startswith("Test: gsm8k on openai/gpt-4o")
    assert words in text
    assert text.endswith(". Wrong key.")


HOSTILE = [
    "<!channel>",
    "<!here|here>",
    "<@U0123>",
    "<@&987>",
    "<#C0123>",
    "<!subteam^S1>",
    "@everyone",
    "@here",
    "<https://evil.example|gsm8k>",
    "[gsm8k](https://evil.example)",
    "https://evil.example/x",
    "www.evil.example",
    "evil.example",
    "**bold** _it_ ~s~ `c` ||spoiler||",
    "# heading",
    "> quote",
    "- list",
    "&lt;!channel&gt;",
    "a\n@everyone\r\n# x",
    "\u202egpt\u2066\x07",
    "\\*x\\*",
]


def shown_in(service: str, **changes: Any) -> str:
    """Return the text that the service gets."""
    url = {"text": "https://hooks.slack.com/x", "content": "https://discord.com/api/webhooks/1/x"}
    payload = {**PAYLOAD, "url": None, **changes}
    return str(json.loads(body_for(url[service], payload, "{}"))[service])


def read_by_slack(text: str) -> str:
    """Return what a reader sees: the only escapes of Slack, and no zero-width spaces."""
    plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return plain.replace("\u200b", "")


def read_by_discord(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text).replace("\u200b", "")


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("field", ["model", "benchmark", "error"])
@pytest.mark.parametrize("service", ["text", "content"])
def test_what_users_write_is_text_and_nothing_else(service: str, field: str, hostile: str) -> None:
    changes: dict[str, Any] = {field: {"message": hostile} if field == "error" else hostile}
    text = shown_in(service, **changes)
    assert "\n" not in text
    assert not any(unicodedata.category(each) == "Cc" for each in text)
    assert "\u202e" not in text
    assert "://" not in text
    assert not re.search(r"@\w", text)
    assert not re.search(r"\w\.[a-z]{2}", text.replace("%", ""))
    if service == "text":
        assert not re.search(r"[<>]|&(?!(amp|lt|gt);)", text)
        read = read_by_slack(text)
    else:
        assert not re.search(r"(?<!\\)(\\\\)*[*_~`|<>#\[\]]", text)
        assert not text.startswith(("-", "+"))
        read = read_by_discord(text)
    visible = "".join(c for c in " ".join(hostile.split()) if unicodedata.category(c)[0] != "C")
    assert visible in read  # and a reader still sees what was written


def test_services_are_told_to_make_nothing_of_the_text() -> None:
    slack = json.loads(body_for("https://hooks.slack.com/x", PAYLOAD, "{}"))
    assert (slack["mrkdwn"], slack["unfurl_links"], slack["unfurl_media"]) == (False,) * 3
    discord = json.loads(body_for("https://discord.com/api/webhooks/1/x", PAYLOAD, "{}"))
    assert discord["allowed_mentions"] == {"parse": []}
    assert discord["flags"] == 4


def test_a_long_text_fits_into_a_message() -> None:
    long = "*" * 100_000
    text = shown_in("content", model=long, benchmark=long, error={"message": long})
    assert len(text) < 2000
    assert "…" in text


def test_a_payload_of_another_kind_reaches_other_receivers() -> None:
    assert body_for("https://example.org/", {}, "{}") == b"{}"
