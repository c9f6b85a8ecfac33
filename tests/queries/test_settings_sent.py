from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.db import db
from app.engine.clients.request_changes import Change, notice_of
from app.models import Run
from app.queries.settings_sent import settings_sent
from app.services.accounts.accounts import Account
from tests.run_fixtures import add_run


def run_with(owner: Account, *changes: Change, seat: str = "model") -> Run:
    notices: list[dict[str, Any]] = [
        {
            "code": "c",
            "message": notice_of(change, "m").message,
            "change": {**change.stored(), "seat": seat},
        }
        for change in changes
    ]
    return db.session.get_one(Run, add_run(owner.id, notices=notices))


@pytest.mark.parametrize(
    ("change", "setting", "words"),
    [
        (Change("drop", "temperature"), "temperature", "not sent"),
        (Change("drop", "stop_sequences"), "stop", "not sent"),
        (Change("drop", "reasoning"), "reasoning_effort", "not sent"),
        (Change("limit", "max_tokens", 4096), "max_tokens", "sent as 4,096 at most"),
        (Change("limit", "max_completion_tokens", 64), "max_tokens", "sent as 64 at most"),
        (Change("limit", "temperature", 1.0), "temperature", "sent as 1 at most"),
        (Change("set", "thinking", {"type": "adaptive"}), "thinking_tokens", "decides by itself"),
        (Change("merge_system"), "system_message", "first user message"),
    ],
)
def test_a_setting_that_was_not_sent_as_it_is_says_what_became_of_it(
    app_context: Flask, owner: Account, change: Change, setting: str, words: str
) -> None:
    [(name, told)] = settings_sent(run_with(owner, change)).items()
    assert (name, words in told) == (setting, True)


@pytest.mark.parametrize(
    "change",
    [Change("rename", "max_tokens", "max_completion_tokens"), Change("stream", "stream", True)],
)
def test_what_is_sent_by_another_name_is_sent(
    app_context: Flask, owner: Account, change: Change
) -> None:
    assert settings_sent(run_with(owner, change)) == {}


def test_what_a_judge_refuses_is_no_setting_of_the_model(
    app_context: Flask, owner: Account
) -> None:
    assert settings_sent(run_with(owner, Change("drop", "temperature"), seat="judge")) == {}
