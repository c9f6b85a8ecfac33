"""Connections: well-known names, keys, addresses, the environment, owners."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from sqlalchemy import select, update

from app.db import db, transaction
from app.engine.clients.providers import KINDS, Kind
from app.errors import Conflict, Invalid, NotFound
from app.models import Connection
from app.services import connection_deletion
from app.services.connections import store
from app.services.connections.presets import KIND_LABELS, PRESETS, SIMULATED
from app.services.runs.leases import claim_run
from tests.run_fixtures import add_run, columns_of

pytestmark = pytest.mark.usefixtures("app_context")

KEY = "sk-canary-0123456789abcdef"
LOCAL = "http://127.0.0.1:18080/v1"


@pytest.fixture(autouse=True)
def _no_keys_in_the_environment(monkeypatch):
    for preset in PRESETS.values():
        if preset.key_variable:
            monkeypatch.delenv(preset.key_variable, raising=False)


@pytest.fixture(autouse=True)
def _no_resolver(monkeypatch):
    def resolve(host, port):
        raise OSError("no network in tests")

    monkeypatch.setattr("app.services.egress.resolve", resolve)


def _names(account):
    return [info.name for info in store.list_connections(account.id, account.is_admin)]


def test_the_simulated_connection_is_always_there_and_cannot_be_deleted(owner):
    assert _names(owner) == ["simulated"]
    info = store.get_connection(owner.id, True, "simulated")
    assert info.simulated
    assert info.read_only
    with pytest.raises(Conflict):
        connection_deletion.delete_connection(owner.id, True, "simulated")
    opened = store.open_connection(owner.id, True, "simulated")
    assert opened.kind == "simulated"
    assert opened.api_key is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [("openai", "openai"), ("anthropic", "anthropic"), ("groq", "openai_compatible")],
)
def test_for_a_well_known_name_a_key_is_enough(owner, name, kind):
    info, new = store.save_connection(owner.id, True, name, {"api_key": KEY})
    assert new
    assert info.kind == kind
    assert info.base_url == PRESETS[name].base_url
    assert info.api_key_hint == "cdef"
    assert store.open_connection(owner.id, True, name).api_key == KEY


def test_a_well_known_name_needs_its_key(owner):
    with pytest.raises(Invalid) as caught:
        store.save_connection(owner.id, True, "openai", {})
    assert caught.value.fields == {"api_key": ["OpenAI needs a key."]}


def test_ollama_needs_nothing_at_all(owner):
    info, _new = store.save_connection(owner.id, True, "ollama", {})
    assert info.base_url == "http://127.0.0.1:11434/v1"
    assert not info.has_key


def test_another_name_needs_an_address(owner):
    with pytest.raises(Invalid) as caught:
        store.save_connection(owner.id, True, "mine", {"api_key": KEY})
    assert list(caught.value.fields) == ["base_url"]


@pytest.mark.parametrize("name", ["", "Open AI", "UPPER", "-x", "a/b", "a" * 64, "new", "é"])
def test_a_name_must_be_able_to_prefix_a_model(owner, name):
    with pytest.raises(Invalid) as caught:
        store.save_connection(owner.id, True, name, {"base_url": LOCAL})
    assert list(caught.value.fields) == ["name"]


def test_what_a_change_leaves_out_stays(owner):
    store.save_connection(
        owner.id, True, "mine", {"base_url": LOCAL, "api_key": KEY, "max_retries": 2}
    )
    info, new = store.save_connection(owner.id, True, "mine", {"timeout_s": 30.0})
    assert not new
    assert (info.base_url, info.max_retries, info.timeout_s) == (LOCAL, 2, 30.0)
    assert store.open_connection(owner.id, True, "mine").api_key == KEY


def test_a_stored_key_does_not_follow_to_a_new_address(owner):
    store.save_connection(owner.id, True, "mine", {"base_url": LOCAL, "api_key": KEY})
    with pytest.raises(Invalid) as caught:
        store.save_connection(owner.id, True, "mine", {"base_url": LOCAL + "/evil"})
    assert list(caught.value.fields) == ["api_key"]
    assert store.get_connection(owner.id, True, "mine").base_url == LOCAL
    info, _new = store.save_connection(
        owner.id, True, "mine", {"base_url": LOCAL + "/other", "api_key": KEY + "x"}
    )
    assert info.base_url == LOCAL + "/other"


def test_a_trailing_slash_is_no_new_address(owner):
    store.save_connection(owner.id, True, "mine", {"base_url": LOCAL, "api_key": KEY})
    store.save_connection(owner.id, True, "mine", {"base_url": LOCAL + "/"})


def test_a_key_can_be_removed(owner):
    store.save_connection(owner.id, True, "mine", {"base_url": LOCAL, "api_key": KEY})
    info, _new = store.save_connection(owner.id, True, "mine", {"api_key": None})
    assert not info.has_key
    assert info.api_key_hint is None
    assert db.session.scalar(select(Connection.sealed_key)) is None


def test_a_short_key_gets_no_hint(owner):
    info, _new = store.save_connection(
        owner.id, True, "mine", {"base_url": LOCAL, "api_key": "short"}
    )
    assert info.has_key
    assert info.api_key_hint is None


@pytest.mark.parametrize("key", ["with space", "line\nbreak", "nul\x00byte", "ключ"])
def test_a_key_that_would_break_a_header_is_refused(owner, key):
    with pytest.raises(Invalid) as caught:
        store.save_connection(owner.id, True, "mine", {"base_url": LOCAL, "api_key": key})
    assert list(caught.value.fields) == ["api_key"]
    assert key not in str(caught.value.fields)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_retries", 21),
        ("max_connections", 0),
        ("requests_per_minute", 0),
        ("timeout_s", 0.5),
        ("kind", "pigeon"),
        ("base_url", LOCAL + "?key=1"),
    ],
)
def test_fields_out_of_bounds_are_named(owner, field, value):
    changes: Any = {"base_url": LOCAL, field: value}
    with pytest.raises(Invalid) as caught:
        store.save_connection(owner.id, True, "mine", changes)
    assert list(caught.value.fields) == [field]


@pytest.mark.parametrize(
    "url", ["ftp://x.example", "not a url", "http://", "http://user:pass@x.example", "//x.example"]
)
def test_an_address_must_be_plain_http(owner, url):
    with pytest.raises(Invalid) as caught:
        store.save_connection(owner.id, True, "mine", {"base_url": url})
    assert list(caught.value.fields) == ["base_url"]


def test_only_an_administrator_reaches_private_addresses(owner, second_user):
    for url in (LOCAL, "http://10.0.0.7:8000/v1", "http://localhost:8080/v1"):
        store.save_connection(owner.id, True, "mine", {"base_url": url})
        with pytest.raises(Invalid) as caught:
            store.save_connection(second_user.id, False, "mine", {"base_url": url})
        assert "PROVIDER_EGRESS_ALLOW" in str(caught.value.action)
    store.save_connection(second_user.id, False, "mine", {"base_url": "https://llm.example.org/v1"})


def test_nobody_reaches_the_metadata_service(owner):
    with pytest.raises(Invalid):
        store.save_connection(owner.id, True, "mine", {"base_url": "http://169.254.169.254"})


def test_a_list_lets_other_accounts_reach_named_networks(make_app, second_user):
    with make_app(provider_egress_allow="10.0.0.0/24:8000").app_context():
        store.save_connection(second_user.id, False, "lan", {"base_url": "http://10.0.0.7:8000/v1"})
        with pytest.raises(Invalid):
            store.save_connection(
                second_user.id, False, "lan2", {"base_url": "http://10.0.0.7:8001/v1"}
            )


def test_keys_in_the_environment_are_read_only_connections_of_administrators(
    owner, second_user, monkeypatch
):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert _names(owner) == ["openai", "simulated"]
    assert _names(second_user) == ["simulated"]
    info = store.get_connection(owner.id, True, "openai")
    assert info.from_environment
    assert info.api_key_hint == "cdef"
    assert store.open_connection(owner.id, True, "openai").api_key == KEY
    with pytest.raises(Conflict):
        connection_deletion.delete_connection(owner.id, True, "openai")
    with pytest.raises(NotFound):
        store.open_connection(second_user.id, False, "openai")


def test_a_connection_of_ones_own_goes_before_the_environments(owner, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    store.save_connection(owner.id, True, "openai", {"api_key": "sk-of-my-own-1234567"})
    assert store.open_connection(owner.id, True, "openai").api_key == "sk-of-my-own-1234567"
    connection_deletion.delete_connection(owner.id, True, "openai")
    assert store.open_connection(owner.id, True, "openai").api_key == KEY


def test_another_accounts_connection_does_not_exist(owner, second_user):
    store.save_connection(owner.id, True, "mine", {"base_url": LOCAL})
    with pytest.raises(NotFound):
        store.get_connection(second_user.id, False, "mine")
    with pytest.raises(NotFound):
        store.open_connection(second_user.id, False, "mine")
    with pytest.raises(NotFound):
        connection_deletion.delete_connection(second_user.id, False, "mine")
    assert _names(owner) == ["mine", "simulated"]


def test_a_simulated_connection_keeps_no_key_and_no_address(owner):
    info, _new = store.save_connection(
        owner.id, True, "sim2", {"kind": "simulated", "base_url": LOCAL, "api_key": KEY}
    )
    assert info.simulated
    assert (info.base_url, info.has_key) == ("", False)


def _pausing(owner, name):
    store.save_connection(owner.id, True, name, {"base_url": LOCAL, "kind": "openai_compatible"})


def test_deleting_a_connection_pauses_what_waits_or_works_with_it(owner, second_user):
    _pausing(owner, "mine")
    waiting = add_run(owner.id, model="mine/a")
    judged = add_run(owner.id, model="simulated/expert", config={"judge": "mine/b"})
    working = add_run(owner.id, model="mine/a")
    assert claim_run(working, 10)
    others = [
        add_run(owner.id, model="mine2/a"),
        add_run(owner.id),
        add_run(second_user.id, model="mine/a"),
    ]
    over = add_run(owner.id, model="mine/a", status="completed")
    connection_deletion.delete_connection(owner.id, True, "mine")
    for run_id in (waiting, judged):
        row = columns_of(run_id)
        assert (row["status"], row["failure"]["code"]) == ("paused", "connection_deleted")
        assert "'mine' was deleted" in row["failure"]["message"]
    row = columns_of(working)
    assert row["status"] == "running"
    assert row["cancel_requested_at"] is not None
    assert [columns_of(each)["status"] for each in others] == ["queued"] * 3
    assert columns_of(over)["failure"] is None


def test_changing_a_connection_leaves_its_runs_alone(owner):
    _pausing(owner, "mine")
    run_id = add_run(owner.id, model="mine/a")
    store.save_connection(owner.id, True, "mine", {"api_key": KEY})
    assert columns_of(run_id)["status"] == "queued"


def test_kinds_stand_in_one_table():
    """``Kind`` is what types, API and forms say; ``KINDS`` who makes the calls."""
    assert set(get_args(Kind)) == set(KINDS)
    assert dict(KIND_LABELS) == {kind: known.label for kind, known in KINDS.items()}
    assert [kind for kind, known in KINDS.items() if known.client is None] == [SIMULATED]
    assert {preset.kind for preset in PRESETS.values()} <= set(KINDS)


def test_an_imitation_of_openai_is_not_called_openai():
    assert [name for name, preset in PRESETS.items() if preset.kind == "openai"] == ["openai"]


def test_a_kind_that_this_version_does_not_know_is_no_openai(api, owner):
    """As after going back to a version from before the kind."""
    store.save_connection(owner.id, True, "later", {"base_url": LOCAL, "kind": "openai_compatible"})
    with transaction() as session:
        session.execute(update(Connection).values(kind="smoke_signals"))
    with pytest.raises(Conflict, match="smoke_signals") as refused:
        store.open_connection(owner.id, True, "later")
    assert (refused.value.code, bool(refused.value.action)) == ("unknown_kind", True)
    assert api.get("/connections/later").json["kind"] == "smoke_signals"
    assert api.get("/connections").status_code == 200
