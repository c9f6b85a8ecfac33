"""What an account may store: counted as it is committed, and the end of it is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from app.db import db, transaction
from app.models import Run, SampleRow
from app.services.accounts.accounts import Account
from app.services.storage import storage_watch
from app.services.storage.account_storage import storage_of
from tests.app_fixtures import ApiClient, Browser
from tests.run_fixtures import RUN

Start = Callable[..., str]
Work = Callable[[str], dict[str, Any]]


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    app_with_queue.extensions["settings"] = app_with_queue.extensions["settings"].model_copy(
        update={"account_storage_mb": 1}
    )
    return app_with_queue


def store(run_id: str, number: int) -> None:
    with transaction() as session:
        session.execute(update(Run).where(Run.id == run_id).values(stored_bytes=number))


def test_samples_are_counted_as_they_are_committed(
    app: Flask, owner: Account, second_user: Account, start_run: Start, work: Work
) -> None:
    row = work(start_run(limit=5))
    with app.app_context():
        samples = db.session.query(SampleRow).all()
        texts = sum(len(sample.completion) + len(str(sample.input)) for sample in samples)
        assert texts < row["stored_bytes"] < texts + 5 * 2_000
        assert storage_of(owner.id).used_bytes == row["stored_bytes"]
        assert storage_of(second_user.id).used_bytes == 0


def test_a_run_pauses_at_the_limit_and_says_what_to_do(
    app: Flask,
    start_run: Start,
    work: Work,
    api: ApiClient,
    signed_in: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(storage_watch, "ACCOUNT_EVERY_S", 0.0)
    first = start_run(limit=3)
    work(first)
    second = start_run(limit=300)
    with app.app_context():
        store(first, 990_000)
    row = work(second)
    assert (row["status"], row["failure"]["code"]) == ("paused", "account_storage_full")
    assert "ACCOUNT_STORAGE_MB" in row["failure"]["action"]
    assert row["done"] > 0
    refused = api.post("/runs", json=RUN)
    assert (refused.status_code, refused.json["code"]) == (409, "account_storage_full")
    assert api.post(f"/runs/{second}/resume").json["code"] == "account_storage_full"
    page = signed_in.get("/settings/account").text
    assert "of 1.0 MB" in page
    assert "Nothing more can be stored" in page
    assert api.delete(f"/runs/{first}").status_code == 204  # makes room at once
    assert api.post(f"/runs/{second}/resume").status_code < 300
    assert "Nothing more can be stored" not in signed_in.get("/settings/account").text


def test_others_are_not_concerned(app: Flask, start_run: Start, second_api: ApiClient) -> None:
    with app.app_context():
        store(start_run(limit=3), 2_000_000)
    assert second_api.post("/runs", json=RUN).status_code == 201
