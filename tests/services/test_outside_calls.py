"""Calls to users' servers: few at once, shared by account, asked for once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from app.errors import Limited
from app.services import outside_calls
from app.services.outside_calls import OutsideCalls, Waits

LONG_S = 30


class Hanging:
    """Calls that wait until they are let go, and who has begun."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.let_go = threading.Event()
        self._changed = threading.Condition()

    def call(self, name: str) -> Callable[[], str]:
        def do() -> str:
            with self._changed:
                self.begun.append(name)
                self._changed.notify_all()
            assert self.let_go.wait(LONG_S)
            return name

        return do

    def wait_for(self, number: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.begun) >= number, LONG_S), self.begun


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    server = Hanging()
    yield server
    server.let_go.set()


def test_an_account_has_few_calls_at_once_and_the_others_wait(hanging: Hanging) -> None:
    calls: OutsideCalls[str] = OutsideCalls(calls=4, per_account=2)
    answers = [calls.start(1, n, hanging.call(f"1-{n}")) for n in range(5)]
    hanging.wait_for(2)
    other = calls.start(2, "x", hanging.call("2"))
    hanging.wait_for(3)
    assert sorted(hanging.begun) == ["1-0", "1-1", "2"]
    hanging.let_go.set()
    assert [answer.result(LONG_S) for answer in answers] == [f"1-{n}" for n in range(5)]
    assert other.result(LONG_S) == "2"


def test_who_has_the_fewest_begins_the_next(hanging: Hanging) -> None:
    calls: OutsideCalls[str] = OutsideCalls(calls=2, per_account=2)
    first = threading.Event()

    def short() -> str:
        assert first.wait(LONG_S)
        return "short"

    short_answer = calls.start(1, "short", short)
    calls.start(1, "a", hanging.call("a"))
    calls.start(1, "b", hanging.call("b"))
    calls.start(2, "c", hanging.call("c"))
    first.set()
    short_answer.result(LONG_S)
    hanging.wait_for(2)
    assert hanging.begun == ["a", "c"]


def test_what_is_under_way_is_not_asked_again(hanging: Hanging) -> None:
    calls: OutsideCalls[str] = OutsideCalls()
    assert calls.start(1, "k", hanging.call("one")) is calls.start(2, "k", hanging.call("two"))
    hanging.wait_for(1)
    assert hanging.begun == ["one"]


def test_a_call_that_fails_frees_its_place() -> None:
    calls: OutsideCalls[str] = OutsideCalls(calls=1, per_account=1)

    def fail() -> str:
        raise OSError("away")

    for _ in range(3):
        with pytest.raises(OSError, match="away"):
            calls.start(1, "k", fail).result(LONG_S)
    assert calls.start(1, "k", lambda: "well").result(LONG_S) == "well"


def test_what_waits_is_bounded(hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside_calls, "WAITING_PER_ACCOUNT", 2)
    calls: OutsideCalls[str] = OutsideCalls(calls=1, per_account=1)
    for n in range(3):
        calls.start(1, n, hanging.call(str(n)))
    with pytest.raises(Limited) as refused:
        calls.start(1, "more", hanging.call("more"))
    assert refused.value.code == "too_many_at_once"
    calls.start(2, "other", hanging.call("other"))


def test_an_account_holds_few_places_and_gives_them_back() -> None:
    waits = Waits(waits=3, per_account=2)
    with waits.held(1), waits.held(1):
        with pytest.raises(Limited), waits.held(1):
            pass
        with waits.held_if_free(2) as has_place:
            assert has_place
            with waits.held_if_free(3) as second:
                assert not second  # all are taken
    with waits.held(1), waits.held(1), waits.held(2):
        pass
