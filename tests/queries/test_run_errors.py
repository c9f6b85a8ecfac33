"""Why samples ended in an error, and the one step that helps."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.db import db
from app.models import Run
from app.queries.run_errors import cause_of, connection_to_mend, error_groups, remedy_of
from app.services.accounts.accounts import Account
from tests.run_fixtures import add_run, add_samples


def failed(code: str, message: str, action: str | None = "Try again.") -> dict[str, Any]:
    error = {"code": code, "message": message, "action": action}
    return {"outcome": "error", "score": None, "answer": None, "error": error}


def run_with(owner: Account, *errors: dict[str, Any], **columns: Any) -> Run:
    values = {"status": "failed", "model": "local/x", "error": len(errors), "done": 9, **columns}
    run_id = add_run(owner.id, **values)
    add_samples(run_id, *errors)
    db.session.rollback()
    return db.session.get_one(Run, run_id)


def test_errors_are_grouped_by_cause_the_most_frequent_first(
    app_context: Flask, owner: Account
) -> None:
    run = run_with(
        owner,
        failed("timeout", "local: No answer within 5 s."),
        failed("server_error", "local is overloaded or down (status 502). Says: a"),
        failed("server_error", "local is overloaded or down (status 500)."),
        failed("server_error", "local is overloaded or down (status 502). Says: b"),
    )
    groups = error_groups(run)
    assert [(group.reason, group.n) for group in groups] == [
        ("status 502 from local", 2),
        ("no answer in time from local", 1),
        ("status 500 from local", 1),
    ]
    assert groups[0].message.endswith("Says: a")
    assert cause_of(groups) == (
        "2 × status 502 from local, 1 × no answer in time from local, 1 × status 500 from local; "
        "the first said: local: No answer within 5 s."
    )


def test_a_long_message_is_cut_in_the_cause(app_context: Flask, owner: Account) -> None:
    run = run_with(owner, failed("odd_code", "x" * 500))
    cause = cause_of(error_groups(run))
    assert cause.startswith("odd code; the first said: xxx")
    assert len(cause) < 300


def test_a_run_without_errors_has_no_groups(app_context: Flask, owner: Account) -> None:
    assert error_groups(run_with(owner)) == []


@pytest.mark.parametrize(
    ("status", "code", "remedy"),
    [
        ("failed", "auth", "edit_connection"),
        ("failed", "web_page", "edit_connection"),
        ("failed", "wrong_path", "edit_connection"),
        ("paused", "connection_deleted", "edit_connection"),
        ("failed", "unknown_model", "duplicate"),
        ("failed", "bad_request", "duplicate"),
        ("failed", "only_reasoning", "retry_errors"),
        ("failed", "worker_died", "resume"),
        ("failed", "dataset_unavailable", "resume"),
        ("paused", "quota", "resume"),
        ("paused", "budget_reached", "raise_budget"),
        ("paused", "disk_full", None),
        ("canceled", None, "resume"),
        ("completed", None, None),
        ("running", None, None),
    ],
)
def test_each_end_has_one_remedy(
    app_context: Flask, owner: Account, status: str, code: str | None, remedy: str | None
) -> None:
    failure = {"code": code, "message": "m", "action": None} if code else None
    assert remedy_of(run_with(owner, status=status, failure=failure)) == remedy


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("timeout", "retry_errors"),
        ("generation_failed", "retry_errors"),
        ("only_reasoning", "retry_errors"),  # once the server is started anew
        ("tool_call", "retry_errors"),
        ("context_length", "duplicate"),
        ("bad_request", "duplicate"),
    ],
)
def test_errors_are_asked_again_where_that_may_help(
    app_context: Flask, owner: Account, code: str, remedy: str
) -> None:
    failure = {"code": "too_many_errors", "message": "m", "action": None}
    run = run_with(owner, failed(code, "m"), failure=failure)
    assert remedy_of(run) == remedy
    run.status, run.failure = "completed", None
    assert remedy_of(run) == "retry_errors"


def test_a_judges_failure_leads_to_the_judges_connection(
    app_context: Flask, owner: Account
) -> None:
    message = "The judge other/y: other rejected the API key."
    failure = {"code": "auth", "message": message, "action": None}
    run = run_with(owner, failure=failure, config={"judge": "other/y"})
    assert connection_to_mend(run) == "other"
    assert connection_to_mend(run_with(owner, failure=failure)) == "local"
