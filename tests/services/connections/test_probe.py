"""Testing a connection, and the models that connections offer."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from app.errors import Invalid, NotFound
from app.net.guard import EgressPolicy
from app.services.connections import model_catalog, model_lists, probe, store
from app.services.connections.store import OpenConnection
from tests.fakes.model_server import ModelServer

pytestmark = pytest.mark.usefixtures("app_context")

KEY = "sk-canary-0123456789abcdef"


@pytest.fixture(autouse=True)
def _nothing_kept():
    model_lists._kept.clear()


@pytest.fixture
def unused_tcp_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def server():
    with ModelServer() as running:
        yield running


def _save(owner, server):
    store.save_connection(owner.id, True, "mine", {"base_url": server.base_url, "api_key": KEY})


def _last_test(owner):
    return store.get_connection(owner.id, True, "mine").last_test


def test_a_working_connection_says_how_fast_and_how_many(owner, server):
    _save(owner, server)
    result = probe.probe_connection(owner.id, True, "mine")
    assert result.ok
    assert result.error is None
    assert result.latency_ms is not None
    assert result.models_found == len(result.models) > 0
    last = _last_test(owner)
    assert last["ok"]
    assert last["at"].endswith("Z")


def test_a_refused_key_says_what_to_do_and_hides_the_key(owner, server):
    server.behaviour.api_key = "another key"
    _save(owner, server)
    result = probe.probe_connection(owner.id, True, "mine")
    assert not result.ok
    assert result.error
    assert result.error.code == "auth"
    assert result.error.action
    assert KEY not in str(result)
    assert not _last_test(owner)["ok"]


def test_a_server_that_is_not_there_says_so(owner, unused_tcp_port):
    store.save_connection(
        owner.id, True, "mine", {"base_url": f"http://127.0.0.1:{unused_tcp_port}/v1"}
    )
    result = probe.probe_connection(owner.id, True, "mine")
    assert not result.ok
    assert result.models_found == 0
    assert result.error
    assert result.error.message


def test_changing_a_connection_forgets_its_last_test(owner, server):
    _save(owner, server)
    probe.probe_connection(owner.id, True, "mine")
    info, _new = store.save_connection(owner.id, True, "mine", {"max_retries": 1})
    assert info.last_test is None


def test_the_simulated_connection_works_without_a_network(owner):
    result = probe.probe_connection(owner.id, True, "simulated")
    assert result.ok
    assert result.models_found > 0


def test_another_accounts_connection_cannot_be_tested(owner, second_user, server):
    _save(owner, server)
    with pytest.raises(NotFound):
        probe.probe_connection(second_user.id, False, "mine")


def test_models_are_asked_for_once_a_minute(owner, server):
    _save(owner, server)
    first = model_catalog.find_models(owner.id, True, connection="mine")
    server.behaviour.api_key = "another key"  # asked again, the server would refuse
    second = model_catalog.find_models(owner.id, True, connection="mine")
    assert second.failures == []
    assert [model.id for model in first.models] == [model.id for model in second.models]


def test_models_are_named_by_their_connection(owner, server):
    _save(owner, server)
    found = model_catalog.find_models(owner.id, True)
    names = {model.id.partition("/")[0] for model in found.models}
    assert names == {"mine", "simulated"}
    assert all(model.simulated == model.id.startswith("simulated/") for model in found.models)
    assert found.failures == []


def test_a_connection_that_fails_does_not_hide_the_others(owner, server):
    server.behaviour.api_key = "another key"
    _save(owner, server)
    found = model_catalog.find_models(owner.id, True)
    assert {model.id.partition("/")[0] for model in found.models} == {"simulated"}
    assert [failure.connection for failure in found.failures] == ["mine"]


def test_models_are_found_by_a_part_of_their_id(owner):
    everything = model_catalog.find_models(owner.id, True, connection="simulated").models
    some = model_catalog.find_models(owner.id, True, connection="simulated", text="EXP").models
    assert 0 < len(some) < len(everything)


def test_an_unknown_benchmark_is_named(owner):
    with pytest.raises(Invalid) as caught:
        model_catalog.find_models(owner.id, True, benchmark="nope")
    assert list(caught.value.fields) == ["benchmark"]


@pytest.mark.parametrize("model_id", ["text-embedding-3-small", "whisper-1", "dall-e-3", "tts-1"])
def test_models_that_do_not_chat_are_not_fit(model_id):
    assert model_catalog._misfit(model_id, None, None)


@pytest.mark.parametrize("model_id", ["gpt-4o-mini", "claude-sonnet-4-5", "llama3.2:1b", "o3"])
def test_models_that_chat_are_fit(model_id):
    assert model_catalog._misfit(model_id, None, None) is None


def described(base_url: str, **changes: Any) -> model_catalog.ModelInfo:
    values: dict[str, Any] = {
        "name": "mine", "kind": "openai_compatible", "base_url": base_url, "api_key": None,
        "max_retries": 5, "max_connections": 1, "requests_per_minute": None, "timeout_s": 1.0,
        "policy": EgressPolicy(), **changes,
    }  # fmt: skip
    return model_catalog._model(OpenConnection(**values), "gpt-4o-mini", "mine/gpt-4o-mini", None)


def test_prices_and_context_are_those_of_the_address_and_otherwise_unknown():
    known = described("https://api.openai.com/v1")
    assert known.price is not None
    assert (known.price.input_usd_per_mtok, known.price.output_usd_per_mtok) == (0.15, 0.6)
    assert known.price.cached_input_usd_per_mtok == 0.075
    assert known.context_tokens == 128_000
    unknown = described("http://127.0.0.1:8000/v1", name="openai")
    assert (unknown.price, unknown.context_tokens) == (None, None)


def test_the_accounts_own_price_is_shown_as_such():
    own = {"*": {"input_usd_per_mtok": 0.0, "output_usd_per_mtok": 0.0}}
    price = described("http://127.0.0.1:8000/v1", prices=own).price
    assert price == model_catalog.ModelPrice(0.0, 0.0, 0.0, "your own price")
