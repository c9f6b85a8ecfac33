"""A disabled account: nobody is in it, nothing of it runs, nothing of it is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.broker.client import get_broker
from app.broker.live import publish, stream
from app.db import db
from app.errors import Unauthorized
from app.models import AccountRow, Run
from app.services import account_disabling
from app.services.account_deletion import remove_account
from app.services.account_disabling import disable_account, enable_account
from app.services.accounts import accounts, api_tokens, sessions
from app.services.accounts.accounts import Account
from app.services.accounts.roles import set_admin
from app.services.connections import store
from app.services.runs.lifecycle import resume_run
from tests.app_fixtures import PASSWORD, ApiClient, Browser
from tests.fakes.model_server import ModelServer
from tests.run_fixtures import add_run, columns_of, rows_of

Work = Callable[..., dict[str, Any]]


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


def test_sessions_and_tokens_end_at_once(
    app: Flask, owner: Account, second_user: Account, second_browser: Browser, second_api: ApiClient
) -> None:
    assert second_browser.get("/settings/account").status_code == 200
    assert second_api.get("/auth/me").status_code == 200
    with app.app_context():
        assert disable_account(second_user.id, by=owner.id)
        assert not disable_account(second_user.id, by=owner.id)
    assert second_browser.get("/settings/account").status_code == 302
    assert second_api.get("/auth/me").status_code == 401
    with app.app_context():
        with pytest.raises(Unauthorized) as caught:
            accounts.authenticate(second_user.email, PASSWORD)
        assert caught.value.code == "account_disabled"
        with pytest.raises(Unauthorized) as wrong:
            accounts.authenticate(second_user.email, "not the password")
        assert wrong.value.code == "bad_credentials"  # only who knows it hears of it
        enable_account(second_user.id, by=owner.id)
        accounts.authenticate(second_user.email, PASSWORD)
    # What ended stays ended.
    assert second_browser.get("/settings/account").status_code == 302
    assert second_api.get("/auth/me").status_code == 401


def test_nobody_who_was_checked_before_gets_in_afterwards(
    app: Flask, owner: Account, second_user: Account
) -> None:
    with app.app_context():
        checked = accounts.authenticate(second_user.email, PASSWORD)
        disable_account(second_user.id, by=owner.id)
        for enter in (
            lambda: sessions.open_session(checked, 1),
            lambda: api_tokens.create_token(second_user.id, "x", ["read"]),
            lambda: api_tokens.create_token(second_user.id, "x", ["read"], signed_in=checked),
        ):
            with pytest.raises(Unauthorized) as caught:
                enter()
            assert caught.value.code == "account_disabled"
        db.session.rollback()
        assert db.session.get_one(AccountRow, second_user.id).last_sign_in_at is None


def test_its_runs_pause_keep_their_answers_and_can_be_resumed(
    app: Flask, owner: Account, second_user: Account, work: Work, model_server: ModelServer
) -> None:
    model_server.behaviour.latency_s = 0.1
    with app.app_context():
        set_admin(second_user.id, True, by=None)  # whose connections may be on this machine
        store.save_connection(second_user.id, True, "local", {"base_url": model_server.base_url})
        run_id = add_run(
            second_user.id,
            status="queued",
            model="local/fake",
            simulated=False,
            config={"limit": 200, "max_connections": 2},
            total=200,
        )
        waiting = add_run(second_user.id, status="queued")
        others = add_run(owner.id, status="queued")
    thread = threading.Thread(target=work, args=(run_id,))
    thread.start()
    while model_server.calls < 5:
        time.sleep(0.01)
    with app.app_context():
        disable_account(second_user.id, by=owner.id)
    thread.join(60)
    with app.app_context():
        row = columns_of(run_id)
        assert (row["status"], row["failure"]["code"]) == ("paused", "account_disabled")
        assert row["done"] == len(rows_of(run_id)) == model_server.calls < 60
        assert columns_of(waiting)["failure"]["code"] == "account_disabled"
        assert columns_of(others)["status"] == "queued"
        enable_account(second_user.id, by=owner.id)
        assert columns_of(run_id)["status"] == "paused"  # its owner decides when to spend more
        resume_run(waiting, second_user.id)
        assert columns_of(waiting)["status"] == "queued"


def test_a_run_that_slips_in_meanwhile_pauses_before_it_asks_anything(
    app: Flask, owner: Account, second_user: Account, work: Work
) -> None:
    with app.app_context():
        disable_account(second_user.id, by=owner.id)
        late = add_run(second_user.id, status="queued")
    row = work(late)
    assert (row["status"], row["failure"]["code"], row["done"]) == ("paused", "account_disabled", 0)


def test_its_live_views_end_and_those_of_others_go_on(
    app: Flask, owner: Account, second_user: Account
) -> None:
    with app.app_context():
        ending = stream("r1", account_id=second_user.id)
        staying = stream("r1", account_id=owner.id)
        assert next(ending) == next(staying) == "retry: 2000\n\n"
        publish(get_broker(), "r1", "progress", {"done": 1})
        assert "progress" in next(ending)  # so the hub listens
        assert "progress" in next(staying)
        disable_account(second_user.id, by=owner.id)
        assert list(ending) == []
        publish(get_broker(), "r1", "done", {})
        assert "done" in "".join(staying)
        ending.close()
        staying.close()


def test_an_account_that_is_removed_is_disabled_first(
    app: Flask, owner: Account, second_user: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        run_id = add_run(second_user.id, status="running", lease_token="x", lease_until=2e9)
        asked: list[object] = []

        def note(broker: Any, account_id: int) -> None:
            asked.append(columns_of(run_id)["cancel_requested_at"])

        monkeypatch.setattr(account_disabling, "end_views", note)
        remove_account(second_user.id, by=owner.id)
        assert len(asked) == 1
        assert asked[0] is not None
        assert db.session.scalar(select(func.count(Run.id))) == 0
        assert db.session.get(AccountRow, second_user.id) is None
