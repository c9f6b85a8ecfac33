"""Who is next: no address waits for the crowd of another."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from gunicorn.config import Config

from app.web_server.client_connection import ClientConnection
from app.web_server.outlet import OutletBudget
from app.web_server.turns import Turns


@pytest.fixture
def pairs() -> Iterator[list[socket.socket]]:
    made: list[socket.socket] = []
    yield made
    for each in made:
        each.close()


def connect(address: str, pairs: list[socket.socket]) -> ClientConnection:
    ours, theirs = socket.socketpair()
    pairs += [ours, theirs]
    return ClientConnection(ours, (address, 1), ("", 2), Config(), OutletBudget(), lambda _: None)


def begun(turns: Turns) -> list[str]:
    found = []
    while connection := turns.begin():
        found.append(connection.address)
    return found


def test_addresses_take_turns(pairs: list[socket.socket]) -> None:
    turns = Turns(6, 6, 6)
    for address in ("a", "a", "a", "a", "a", "b", "b", "c"):
        turns.add(connect(address, pairs))
    assert begun(turns) == ["a", "b", "c", "a", "b", "a"]


def test_a_crowd_leaves_threads_to_others(pairs: list[socket.socket]) -> None:
    turns = Turns(8, 6, 2)
    crowd = [connect("a", pairs) for _ in range(5)]
    for connection in crowd:
        turns.add(connection)
    assert begun(turns) == ["a", "a"]
    turns.add(connect("b", pairs))
    assert begun(turns) == ["b"]
    turns.end(crowd[0])
    assert begun(turns) == ["a"]


def test_live_views_do_not_count_as_work(
    pairs: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web_server.turns.SHORT_S", -1.0)  # each is old at once
    turns = Turns(8, 6, 2)
    for _ in range(9):
        turns.add(connect("a", pairs))
    assert begun(turns) == ["a"] * 6  # its share


def test_who_has_gone_is_passed_over(pairs: list[socket.socket]) -> None:
    turns = Turns(8, 8, 8)
    gone, there = connect("a", pairs), connect("a", pairs)
    turns.add(gone)
    turns.add(there)
    turns.remove(gone)
    turns.remove(gone)
    assert turns.begin() is there
    assert turns.begin() is None
