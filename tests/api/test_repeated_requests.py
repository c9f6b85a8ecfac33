"""``Idempotency-Key``: a request that is sent again is not done again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update

from app.current import get_settings
from app.db import db, now, transaction
from app.errors import Conflict, Unavailable
from app.models import AccountRow, ApiToken, OwnVersion, RequestKey, Run, Webhook
from app.queries import run_errors
from app.services import request_keys
from app.services.accounts.accounts import Account
from app.services.request_keys import KeyClaim
from app.services.runs.run_request import RunRequest
from app.services.runs.submission import submit_run
from app.services.sealing import rotate_keys
from app.services.storage import leftovers
from tests.app_fixtures import ApiClient, _api_of
from tests.run_fixtures import RUN, add_run

KEY = {"Idempotency-Key": "nightly-2026-11-30"}


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


def count(app: Flask, row: type[Any]) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(row)) or 0


def test_the_same_key_answers_the_same_run(app: Flask, api: ApiClient) -> None:
    first = api.post("/runs", json=RUN, headers=KEY)
    again = api.post("/runs", json=dict(reversed(RUN.items())), headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.data
    assert again.headers["Location"] == first.headers["Location"]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert api.post("/runs", json=RUN).json["run_id"] != first.json["run_id"]
    assert count(app, Run) == 2


@pytest.mark.parametrize("changes", [{"limit": 6}, {"tags": ["other"]}])
def test_the_same_key_with_another_body_is_refused(
    app: Flask, api: ApiClient, changes: dict[str, Any]
) -> None:
    api.post("/runs", json=RUN, headers=KEY)
    refused = api.post("/runs", json=RUN | changes, headers=KEY)
    assert (refused.status_code, refused.json["code"]) == (422, "idempotency_key_reused")
    assert refused.json["action"]
    assert count(app, Run) == 1


def test_the_same_key_at_another_address_is_refused(api: ApiClient) -> None:
    run_id = api.post("/runs", json=RUN, headers=KEY).json["run_id"]
    refused = api.post(f"/runs/{run_id}/duplicate", headers=KEY)
    assert (refused.status_code, refused.json["code"]) == (422, "idempotency_key_reused")


def test_a_key_is_the_accounts_alone(
    app: Flask, api: ApiClient, owner: Account, second_api: ApiClient
) -> None:
    mine = api.post("/runs", json=RUN, headers=KEY).json["run_id"]
    assert second_api.post("/runs", json=RUN, headers=KEY).json["run_id"] != mine
    other_token = _api_of(app, owner)
    assert other_token.post("/runs", json=RUN, headers=KEY).json["run_id"] == mine


def test_many_at_once_make_one(app: Flask, owner: Account) -> None:
    clients = [_api_of(app, owner) for _ in range(6)]
    ready = threading.Barrier(len(clients))
    answers: list[Any] = []

    def send(client: ApiClient) -> None:
        ready.wait(30)
        answers.append(client.post("/runs", json=RUN, headers=KEY))

    threads = [threading.Thread(target=send, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["run_id"] for answer in answers}) == 1
    assert count(app, Run) == 1


def test_what_was_refused_may_be_mended_and_sent_again(app: Flask, api: ApiClient) -> None:
    assert api.post("/runs", json=RUN | {"limit": 0}, headers=KEY).status_code == 422
    assert api.post("/runs", json=RUN | {"model": "no/x"}, headers=KEY).status_code == 422
    assert count(app, RequestKey) == 0
    assert api.post("/runs", json=RUN, headers=KEY).status_code == 201


def test_everything_that_is_made_can_be_repeated(
    app: Flask, api: ApiClient, owner: Account
) -> None:
    hook = {"url": "http://127.0.0.1:9/x", "events": ["run.failed"]}
    token = {"name": "ci", "scopes": ["read"]}
    with app.app_context():
        run_id = add_run(owner.id, status="completed")
    before = count(app, ApiToken)

    def own() -> dict[str, Any]:
        file = (BytesIO(b"question,answer\n1+1,2\n"), "sums.csv")
        values = {"name": "sums", "question": "question", "target": "answer"}
        return {"data": {**values, "scorer": "exact/text", "file": file}}

    requests: list[tuple[str, Callable[[], dict[str, Any]]]] = [
        ("/webhooks", lambda: {"json": hook}),
        ("/tokens", lambda: {"json": token}),
        (f"/runs/{run_id}/duplicate", dict),
        ("/benchmarks/own", own),
    ]
    for path, arguments in requests:
        key = {"Idempotency-Key": path}
        first = api.post(path, headers=key, **arguments())
        assert first.status_code == 201, first.text
        assert api.post(path, headers=key, **arguments()).data == first.data
    assert count(app, Webhook) == 1
    assert count(app, ApiToken) == before + 1
    assert count(app, Run) == 2
    assert count(app, OwnVersion) == 1


def test_a_secret_in_an_answer_is_kept_sealed(app: Flask, api: ApiClient) -> None:
    token = api.post("/tokens", json={"name": "ci", "scopes": ["read"]}, headers=KEY).json["token"]
    with app.app_context():
        kept = db.session.scalars(select(RequestKey.sealed_answer)).one()
        assert kept is not None
        assert token not in kept
        assert rotate_keys() >= 1
    again = api.post("/tokens", json={"name": "ci", "scopes": ["read"]}, headers=KEY)
    assert again.json["token"] == token


def unanswered(app: Flask, **values: Any) -> None:
    """Leave the only request without an answer, as a server does that dies over it."""
    with app.app_context(), transaction() as session:
        session.execute(update(RequestKey).values(status=None, sealed_answer=None, **values))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_keys, "PATIENCE_S", 0.0)


@pytest.mark.usefixtures("impatient")
def test_a_run_whose_request_was_never_answered_is_found_again(app: Flask, api: ApiClient) -> None:
    run_id = api.post("/runs", json=RUN, headers=KEY).json["run_id"]
    unanswered(app)
    again = api.post("/runs", json=RUN, headers=KEY)
    assert (again.status_code, again.json["run_id"]) == (201, run_id)
    assert again.headers["Location"] == f"/api/v1/runs/{run_id}"
    assert api.post("/runs", json=RUN, headers=KEY).headers["Idempotency-Replayed"] == "true"
    assert count(app, Run) == 1


@pytest.mark.usefixtures("impatient")
def test_a_request_that_failed_after_it_made_a_run_makes_no_second_one(
    app: Flask, api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_run: Run) -> dict[str, Any]:
        raise Unavailable("The database does not answer.")

    with monkeypatch.context() as broken:
        broken.setattr(run_errors, "explanation", away)
        assert api.post("/runs", json=RUN, headers=KEY).status_code == 503
    assert api.post("/runs", json=RUN, headers=KEY).status_code == 201
    assert count(app, Run) == 1


@pytest.mark.usefixtures("impatient")
def test_a_request_that_died_before_it_made_anything_is_done_after_a_while(
    app: Flask, api: ApiClient
) -> None:
    made = api.post("/runs", json=RUN, headers=KEY).json["run_id"]
    with app.app_context(), transaction() as session:
        session.execute(delete(Run))
    unanswered(app, location=None)
    refused = api.post("/runs", json=RUN, headers=KEY)
    assert (refused.status_code, refused.json["code"]) == (409, "idempotency_key_in_use")
    assert count(app, Run) == 0
    unanswered(app, created_at=now() - request_keys.ABANDONED)
    run_id = api.post("/runs", json=RUN, headers=KEY).json["run_id"]
    assert run_id != made
    assert api.post("/runs", json=RUN, headers=KEY).json["run_id"] == run_id
    assert count(app, Run) == 1


def test_a_request_that_was_overtaken_makes_nothing(app: Flask, owner: Account) -> None:
    with app.app_context():
        slow = request_keys.claim(owner.id, "k", "digest")
        assert isinstance(slow, KeyClaim)
        with transaction() as session:
            long_ago = now() - request_keys.ABANDONED
            session.execute(update(RequestKey).values(created_at=long_ago))
        assert isinstance(request_keys.claim(owner.id, "k", "digest"), KeyClaim)
        with pytest.raises(Conflict):
            submit_run(RunRequest(**RUN), owner.id, True, get_settings(), slow)
        request_keys.release(slow)
    assert (count(app, Run), count(app, RequestKey)) == (0, 1)


def test_after_a_day_a_key_is_forgotten(
    app: Flask, api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = api.post("/runs", json=RUN, headers=KEY).json["run_id"]
    with app.app_context(), transaction() as session:
        session.execute(update(RequestKey).values(created_at=now() - timedelta(days=1)))
    assert api.post("/runs", json=RUN, headers=KEY).json["run_id"] != first
    with app.app_context():
        with transaction() as session:
            session.execute(update(RequestKey).values(created_at=now() - timedelta(hours=23)))
        monkeypatch.setattr(leftovers, "_swept_at", float("-inf"))
        leftovers.sweep_leftovers()
        assert count(app, RequestKey) == 1
        with transaction() as session:
            session.execute(update(RequestKey).values(created_at=now() - timedelta(hours=25)))
        monkeypatch.setattr(leftovers, "_swept_at", float("-inf"))
        leftovers.sweep_leftovers()
        assert count(app, RequestKey) == 0


def test_keys_go_with_their_account(app: Flask, api: ApiClient, owner: Account) -> None:
    api.post("/tokens", json={"name": "ci", "scopes": ["read"]}, headers=KEY)
    with app.app_context(), transaction() as session:
        session.execute(delete(AccountRow).where(AccountRow.id == owner.id))
    assert count(app, RequestKey) == 0


@pytest.mark.parametrize("key", ["x" * 201, "a\tb"])
def test_a_malformed_key_is_refused(api: ApiClient, key: str) -> None:
    refused = api.post("/runs", json=RUN, headers={"Idempotency-Key": key})
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["Idempotency-Key"])


def test_estimates_and_reads_take_no_key(app: Flask, api: ApiClient) -> None:
    assert api.post("/estimates", json=RUN, headers=KEY).status_code == 200
    assert api.get("/runs", headers=KEY).status_code == 200
    assert count(app, RequestKey) == 0
