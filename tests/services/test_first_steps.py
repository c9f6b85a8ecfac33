"""First steps: done by what is in the database, proposed with what is there, and gone in time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.current import get_settings
from app.db import db, now
from app.engine.clients.providers import PROVIDERS
from app.models import AccountRow
from app.services.accounts.accounts import Account
from app.services.connections import model_lists, probe, store
from app.services.first_steps import (
    FirstSteps,
    close_first_steps,
    first_steps,
    note_comparison,
)
from app.services.webhooks import endpoints
from tests.fakes.model_server import ModelServer
from tests.run_fixtures import add_run

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture(autouse=True)
def _no_keys_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in PROVIDERS.values():
        if provider.key_env:
            monkeypatch.delenv(provider.key_env, raising=False)
    model_lists._kept.clear()


def steps_of(account: Account) -> FirstSteps:
    found = first_steps(account.id, account.is_admin)
    assert found is not None
    return found


def add_done(account: Account, *, days_ago: float = 0, **columns: Any) -> str:
    created_at = now() - timedelta(days=days_ago)
    return add_run(account.id, status="completed", created_at=created_at, **columns)


def test_a_new_account_has_four_open_steps_that_need_no_key(owner: Account) -> None:
    steps = steps_of(owner)
    assert steps.done == 0
    assert (steps.connection, steps.run_id, steps.pair) == (None, None, None)
    assert steps.model == "simulated/expert"


@pytest.mark.parametrize(
    ("offline", "proposed"),
    [(False, ("GSM8K", "gsm8k")), (True, ("Word problems", "gen_word_problems"))],
)
def test_a_benchmark_is_proposed_that_runs_here(
    owner: Account,
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
    offline: bool,
    proposed: tuple[str, str],
) -> None:
    settings = get_settings().model_copy(update={"offline": offline})
    monkeypatch.setitem(app.extensions, "settings", settings)
    assert steps_of(owner).benchmark == proposed


@pytest.mark.parametrize(
    ("code", "proposed"), [("dataset_unavailable", "gen_word_problems"), ("auth", "gsm8k")]
)
def test_what_could_not_be_downloaded_is_not_proposed_again(
    owner: Account,
    second_user: Account,
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    proposed: str,
) -> None:
    settings = get_settings().model_copy(update={"offline": False})
    monkeypatch.setitem(app.extensions, "settings", settings)
    failure = {"code": code, "message": "openai/gsm8k could not be downloaded.", "action": None}
    add_run(owner.id, benchmark="gsm8k", model="a/b", status="failed", failure=failure)
    assert steps_of(owner).benchmark[1] == proposed
    assert steps_of(second_user).benchmark[1] == "gsm8k"


def test_a_connection_ticks_the_first_and_its_only_model_is_proposed(owner: Account) -> None:
    with ModelServer(models=("one",)) as server:
        store.save_connection(owner.id, True, "local", {"base_url": server.base_url})
        assert (steps_of(owner).connection, steps_of(owner).model) == ("local", "")  # not asked yet
        probe.probe_connection(owner.id, True, "local")
    assert (steps_of(owner).done, steps_of(owner).model) == (1, "local/one")


def test_of_several_models_none_is_proposed(owner: Account) -> None:
    with ModelServer(models=("one", "two")) as server:
        store.save_connection(owner.id, True, "local", {"base_url": server.base_url})
        probe.probe_connection(owner.id, True, "local")
    assert steps_of(owner).model == ""


def test_a_key_in_the_environment_is_an_administrators_connection(
    owner: Account, second_user: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")
    assert steps_of(owner).connection == "openai"
    assert steps_of(second_user).connection is None


def test_runs_tick_the_second_once_done_and_lead_to_a_comparison(
    owner: Account, second_user: Account
) -> None:
    add_run(owner.id, status="failed")
    add_run(owner.id, status="running")
    add_done(second_user)
    assert steps_of(owner).run_id is None
    first = add_done(owner, days_ago=2)
    assert (steps_of(owner).run_id, steps_of(owner).pair) == (first, None)
    assert steps_of(owner).another_model == "simulated/novice"
    add_done(owner, days_ago=1, benchmark="gsm8k", model="local/one")
    assert (steps_of(owner).pair, steps_of(owner).another_model) == (None, "")
    second = add_done(owner)
    assert steps_of(owner).pair == (first, second)


def test_a_comparison_is_remembered_from_the_first_one(
    owner: Account, second_user: Account
) -> None:
    assert not steps_of(owner).is_compared
    note_comparison(owner.id)
    at = db.session.scalar(select(AccountRow.compared_at).where(AccountRow.id == owner.id))
    note_comparison(owner.id)
    assert db.session.scalar(select(AccountRow.compared_at).where(AccountRow.id == owner.id)) == at
    assert steps_of(owner).is_compared
    assert not steps_of(second_user).is_compared


def test_closing_is_remembered_of_the_account(owner: Account, second_user: Account) -> None:
    close_first_steps(owner.id)
    assert first_steps(owner.id, True) is None
    assert first_steps(second_user.id, False) is not None


def test_when_all_is_done_the_list_is_gone_for_good(owner: Account) -> None:
    store.save_connection(owner.id, True, "mine", {"base_url": "http://127.0.0.1:8811/v1"})
    add_done(owner)
    note_comparison(owner.id)
    assert steps_of(owner).done == 3
    hook_id, _ = endpoints.create_webhook(owner.id, {"url": "http://127.0.0.1:8811/"})
    assert first_steps(owner.id, True) is None
    endpoints.delete_webhook(hook_id, owner.id)
    assert first_steps(owner.id, True) is None
