"""Chunks, pace, places and outlets by themselves."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from app.web_server import outlet as outlet_module
from app.web_server import pace as pace_module
from app.web_server.chunks import ChunkScan
from app.web_server.outlet import Outlet, OutletBudget
from app.web_server.pace import ClientPace, Place, Places


@pytest.mark.parametrize(
    ("body", "over"),
    [
        (b"", False),
        (b"5\r\nabc", False),
        (b"5\r\nabcde\r\n", False),
        (b"5\r\nabcde\r\n0\r\n", False),
        (b"5\r\nabcde\r\n0\r\n\r\n", True),
        (b"0\r\n\r\n", True),
        (b"0\r\nX-Sum: 1\r\n", False),
        (b"0\r\nX-Sum: 1\r\n\r\n", True),
        (b"3;name=value\r\nabc\r\n0\r\n\r\n", True),
        (b"4\r\n0\r\n\r\r\n0\r\n\r\n", True),
        (b"zz\r\n", True),  # malformed: nothing to wait for
        (b"-1\r\n", True),
        (b"1;a=\x00\r\nx\r\n", True),
        (b"5\r\nabcdeXX", True),
        (b"\r\n", True),
        (b"+5\r\n", True),
        (b"fffffffffffffffff\r\n", True),
    ],
)
def test_a_body_in_chunks_is_over_where_it_ends_or_is_malformed(body: bytes, over: bool) -> None:
    assert ChunkScan().is_over(body) is over
    dripping = ChunkScan()
    assert any(dripping.is_over(body[:end]) for end in range(len(body) + 1)) is over


def test_a_pace_is_too_slow_when_too_little_passed_in_a_window(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: at)
    pace = ClientPace()
    pace.note(pace_module.LEAST_BYTES)
    assert not pace.is_too_slow()
    at += pace_module.WINDOW_S + 1
    assert not pace.is_too_slow()
    pace.note(100)  # what passed before does not count any more
    at += pace_module.WINDOW_S + 1
    assert pace.is_too_slow()


def test_an_address_gets_its_share_and_all_together_the_total() -> None:
    places = Places(3, 2)
    assert [places.take("a"), places.take("a"), places.take("a")] == [True, True, False]
    assert [places.take("b"), places.take("c")] == [True, False]
    places.release("a")
    assert places.take("c")


def test_a_place_is_taken_once_and_given_back_once() -> None:
    places = Places(1, 1)
    mine, other = Place(places, "a"), Place(places, "b")
    assert [mine.take(), mine.take(), other.take()] == [True, True, False]
    other.release()
    mine.release()
    mine.release()
    assert other.take()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    theirs.settimeout(10)
    yield ours, theirs
    ours.close()
    theirs.close()


def _read(sock: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        found += sock.recv(65536)
    return found


def test_what_a_reader_does_not_take_is_kept_and_sent_later(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    watched: list[str] = []
    outlet = Outlet(ours, OutletBudget(), lambda: watched.append("watch"))
    outlet.sendall(b"x" * 200_000)
    outlet.sendall(b"y" * 100_000)
    assert watched
    assert not outlet.is_empty()
    found = b""
    while not outlet.flush():
        found += theirs.recv(65536)
    found += _read(theirs, 300_000 - len(found))
    assert found == b"x" * 200_000 + b"y" * 100_000


def test_who_writes_much_to_a_slow_reader_waits_if_there_is_a_place(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    outlet = Outlet(ours, OutletBudget(), lambda: None)
    outlet.place = Place(Places(1, 1), "a")
    answer = b"z" * (3 * outlet_module.KEPT_BYTES)
    writer = threading.Thread(target=outlet.sendall, args=(answer,))
    writer.start()
    found = 0
    while found < len(answer):
        outlet.flush()
        found += len(theirs.recv(65536))
    writer.join(60)
    assert not writer.is_alive()


def test_without_a_place_the_reader_is_given_up(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, _ = pair
    places = Places(0, 0)
    outlet = Outlet(ours, OutletBudget(), lambda: None)
    outlet.place = Place(places, "a")
    with pytest.raises(BrokenPipeError):
        outlet.sendall(b"z" * (3 * outlet_module.KEPT_BYTES))
    with pytest.raises(BrokenPipeError):
        outlet.sendall(b"more")


def test_all_outlets_share_a_budget(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = pair
    budget = OutletBudget(most=1000)
    outlet = Outlet(ours, budget, lambda: None)
    with pytest.raises(BrokenPipeError):
        outlet.sendall(b"z" * 500_000)  # no more than one may keep, but more than all may
    assert not budget.is_exceeded()  # it was given back
