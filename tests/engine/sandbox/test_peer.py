"""The side of the tests against a process that keeps to no form."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from app.engine.sandbox.link import MAX_MESSAGE_BYTES, Link, LinkEndedError
from app.engine.sandbox.peer import SERVED_BY_TESTS, Peer


class Hostile:
    """The other end of a link: writes what it likes."""

    def __init__(self) -> None:
        to_it, from_it = os.pipe(), os.pipe()
        self.link = Link(from_it[0], to_it[1])
        self.reads, self.writes = to_it[0], from_it[1]

    def send(self, data: bytes, length: int | None = None) -> None:
        count = len(data) if length is None else length
        os.write(self.writes, count.to_bytes(4, "big") + data)

    def close(self) -> None:
        self.link.close()
        os.close(self.reads)
        os.close(self.writes)


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    hostile = Hostile()
    yield hostile
    hostile.close()


def peer_of(hostile: Hostile) -> Peer:
    return Peer(hostile.link, SERVED_BY_TESTS, callable)


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"no json",
        b"{}",
        b"[]",
        b"[[]]",
        b'["return"]',
        b'["return", 1]',
        b'["return", ["@", -1], [], []]',
        b'["return", ["@", 99], [], []]',
        b'["return", ["@", "0"], [], []]',
        b'["return", ["int", "0xzz"], [], []]',
        b'["return", ["int"], [], []]',
        b'["return", ["atom", "os.system", "true"], [], []]',
        b'["return", ["atom", "builtins.eval", "1"], [], []]',
        b'["return", ["atom", "builtins.range", [1]], [], []]',
        b'["return", ["atom", "decimal.Decimal", "x"], [], []]',
        b'["return", ["atom", "fractions.Fraction", 1, 0], [], []]',
        b'["return", ["type", "Exception"], [], []]',
        b'["return", ["module", "os"], [], []]',
        b'["return", ["yours", 0], [], []]',
        b'["return", ["yours", -1], [], []]',
        b'["return", ["mine", "0", true], [], []]',
        b'["return", ["unknown", 0], [], []]',
        b'["return", {}, [], []]',
        b'["return", null, [], [["tuple", ["@", 3]]]]',
        b'["return", null, [], [["frozenset", ["@", 1]], ["list"]]]',
        b'["return", null, [], [["object"]]]',
        b'["return", null, [[0, "dict"]], []]',
        b'["return", null, [[7, "list"]], []]',
        b'["return", null, [[2, "set"]], []]',
        b'["raise", ["SystemExit"], ""]',
        b'["raise", ["KeyboardInterrupt", "print"], ""]',
        b'["raise", [], ""]',
        b'["raise", ["ValueError"], {}]',
        b'["call", 0, [[], {}], []]',
        b'["getattr", 0, ["x"], []]',
        b'["__class__", 0, [], []]',
        b"[" * 60_000,
        b'["return", ' + b"9" * 5000 + b", [], []]",
    ],
)
def test_a_reply_of_another_form_ends_the_talk_for_good(hostile: Hostile, reply: bytes) -> None:
    peer, items = peer_of(hostile), [1]
    hostile.send(reply)
    with pytest.raises(LinkEndedError):
        peer.ask("call", 0, (items,), {})
    assert items == [1]
    assert hostile.link.is_broken
    hostile.send(b'["return", true, [], []]')  # too late to be right
    with pytest.raises(LinkEndedError):
        peer.ask("call", 0, (), {})


@pytest.mark.parametrize("length", [MAX_MESSAGE_BYTES + 1, 0xFFFFFFFF])
def test_a_message_that_is_too_long_is_not_read(hostile: Hostile, length: int) -> None:
    hostile.send(b"[", length)
    with pytest.raises(LinkEndedError):
        peer_of(hostile).ask("call", 0, (), {})


@pytest.mark.parametrize(
    ("slot", "nodes", "value"),
    [
        ("1", "[]", 1),
        ('["int", "-0x1" ]', "[]", -1),
        ('["@", 2]', '[["list", 1, ["@", 2]]]', None),
        ('["@", 2]', '[["tuple", 1, true]]', (1, True)),
        ('["type", "int"]', "[]", int),
    ],
)
def test_what_arrives_is_of_built_in_types_exactly(
    hostile: Hostile, slot: str, nodes: str, value: Any
) -> None:
    hostile.send(f'["return", {slot}, [], {nodes}]'.encode())
    result = peer_of(hostile).ask("call", 0, (), {})
    if value is None:
        assert type(result) is list
        assert result[1] is result
    else:
        assert (result, type(result)) == (value, type(value))


def test_an_object_that_stays_behind_equals_nothing_else_and_keeps_its_truth(
    hostile: Hostile,
) -> None:
    peer = peer_of(hostile)
    for truth in ("false", "true", "true"):
        hostile.send(f'["return", ["mine", 5, {truth}], [], []]'.encode())
    hostile.send(b'["return", ["mine", 6, true], [], []]')
    first, again, once_more, other = (peer.ask("call", 0, (), {}) for _ in range(4))
    assert first is again is once_more
    assert not once_more
    assert first not in (other, 5, True, None, "x", [first][:0])


def test_what_is_asked_holds_no_more_than_the_arguments(hostile: Hostile) -> None:
    hostile.send(b'["return", null, [], []]')
    peer_of(hostile).ask("call", 0, (1, "two", [3]), {"four": 4})
    length = int.from_bytes(os.read(hostile.reads, 4), "big")
    assert json.loads(os.read(hostile.reads, length)) == [
        "call",
        0,
        [["@", 1], ["@", 2]],
        [["list", 3], ["tuple", 1, "two", ["@", 0]], ["dict", ["four", 4]]],
    ]
