"""Lists of models from servers that hang: nobody waits long, and nobody asks twice."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from app.net.guard import EgressPolicy
from app.services.connections import model_lists
from app.services.connections.model_lists import ListFailure, list_all_offered, list_offered
from app.services.connections.store import OpenConnection
from app.services.outside_calls import OutsideCalls, Waits
from tests.fakes.model_server import ModelServer

PATIENT_S = 30


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_lists, "_kept", {})
    monkeypatch.setattr(model_lists, "_calls", OutsideCalls())
    monkeypatch.setattr(model_lists, "waits", Waits())


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def silent() -> Iterator[list[socket.socket]]:
    """Servers that take connections and never answer."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64))
            for _ in range(20)
        ]


def connection(name: str, base_url: str) -> OpenConnection:
    policy = EgressPolicy(allow_private=True)
    return OpenConnection(name, "openai", base_url, None, 0, 1, None, 10.0, policy)


def hanging(servers: list[socket.socket]) -> list[OpenConnection]:
    return [
        connection(f"slow{n}", f"http://127.0.0.1:{each.getsockname()[1]}/v1")
        for n, each in enumerate(servers)
    ]


def accepted(server: socket.socket) -> int:
    """Return how many connections wait at ``server``."""
    server.setblocking(False)
    number = 0
    while True:
        try:
            server.accept()[0].close()
        except BlockingIOError:
            return number
        number += 1


def test_lists_that_hang_hold_up_neither_the_page_nor_the_others(
    silent: list[socket.socket], server: ModelServer
) -> None:
    good = connection("good", server.base_url)
    began = time.monotonic()
    found = dict(list_all_offered(1, [good, *hanging(silent)]))
    assert time.monotonic() - began < 2 * model_lists.PATIENCE_S + 1
    assert not isinstance(found[good], ListFailure)
    failures = [each for each in found.values() if isinstance(each, ListFailure)]
    assert len(failures) == 20
    assert {each.message for each in failures} == {"The server does not answer."}


def test_another_account_gets_its_list_meanwhile(
    silent: list[socket.socket], server: ModelServer
) -> None:
    list_all_offered(1, hanging(silent))
    good = connection("good", server.base_url)
    ((_, listing),) = list_all_offered(2, [good])
    assert not isinstance(listing, ListFailure)


def test_a_server_that_hangs_is_asked_once(
    silent: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_lists, "PATIENCE_S", 0.1)
    one = hanging(silent)[:1]
    codes = []
    deadline = time.monotonic() + PATIENT_S
    while "timeout" not in codes:  # first unknown, then kept as a failure
        assert time.monotonic() < deadline
        ((_, listing),) = list_all_offered(1, one)
        assert isinstance(listing, ListFailure)
        codes.append(listing.code)
    assert codes[0] == "no_answer"
    assert accepted(silent[0]) == 1


def test_a_test_asks_again_although_a_failure_is_kept(server: ModelServer) -> None:
    server.behaviour.api_key = "another"
    one = connection("mine", server.base_url)
    ((_, refused),) = list_all_offered(1, [one])
    assert isinstance(refused, ListFailure)
    server.behaviour.api_key = None
    assert not isinstance(list_offered(1, one), ListFailure)
    ((_, listing),) = list_all_offered(1, [one])
    assert not isinstance(listing, ListFailure)


def test_a_list_that_is_late_is_there_for_the_next_page(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_lists, "PATIENCE_S", 0.0)
    one = connection("mine", server.base_url)
    ((_, late),) = list_all_offered(1, [one])
    assert isinstance(late, ListFailure)
    deadline = time.monotonic() + PATIENT_S
    while isinstance(dict(list_all_offered(1, [one]))[one], ListFailure):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_is_kept_is_bounded(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_lists, "_MOST_IDS_KEPT", 10)
    for n in range(30):
        list_offered(1, connection(f"c{n}", server.base_url))
    assert 0 < sum(map(model_lists._size, model_lists._kept.values())) <= 10
