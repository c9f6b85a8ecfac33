"""Chat services get a sentence, everybody else the payload as it was signed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.services.chat_formats import body_for

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
