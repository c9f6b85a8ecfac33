"""Calls from one process to another, with plain data as arguments and results.

The same on both sides, but for what each lets the other do: the tests may do anything with the
objects of the program (``SERVED_BY_PROGRAM``); the program may only call functions and advance
iterators that the tests handed to it (``SERVED_BY_TESTS``).

What is no plain data stays where it is. The other side holds a ``Remote`` in its place, which is
equal to itself only and is true or false for good: no object of a program decides a comparison.
"""

from __future__ import annotations

import builtins
import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeGuard

from app.engine.sandbox.link import Link, LinkEndedError
from app.engine.sandbox.values import Reader, Slot, Writer

Operation = Callable[..., Any]

SERVED_BY_TESTS: Mapping[str, Operation] = {
    "call": lambda target, args, named: target(*args, **named),
    "iter": iter,
    "next": next,
}
SERVED_BY_PROGRAM: Mapping[str, Operation] = {
    **SERVED_BY_TESTS,
    "getattr": getattr,
    "setattr": setattr,
    "getitem": lambda target, key: target[key],
    "setitem": lambda target, key, value: target.__setitem__(key, value),
    "len": len,
    "str": str,
}


class Remote:
    """An object of the other process: what it is asked to do is done there."""

    __slots__ = ("_ask", "_number", "_truth")

    def __init__(self, ask: Callable[..., Any], number: int, truth: bool) -> None:
        object.__setattr__(self, "_ask", ask)
        object.__setattr__(self, "_number", number)
        object.__setattr__(self, "_truth", truth)

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Call it there, with copies of the arguments; changes to them come back."""
        return self._ask("call", self._number, args, named)

    def __getattr__(self, name: str) -> Any:
        return self._ask("getattr", self._number, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._ask("setattr", self._number, name, value)

    def __getitem__(self, key: Any) -> Any:
        return self._ask("getitem", self._number, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._ask("setitem", self._number, key, value)

    def __iter__(self) -> Iterator[Any]:
        return self._ask("iter", self._number)  # type: ignore[no-any-return]

    def __next__(self) -> Any:
        return self._ask("next", self._number)

    def __len__(self) -> int:
        return self._ask("len", self._number)  # type: ignore[no-any-return]

    def __str__(self) -> str:
        return self._ask("str", self._number)  # type: ignore[no-any-return]

    def __bool__(self) -> bool:
        return self._truth  # type: ignore[no-any-return]


class Peer:
    """This process's end.

    Args:
        link: To the other process.
        served: What the other process may do with objects of this one.
        may_export: Which objects that are no plain data it may name at all.
        on_error: Is told of each exception that a served operation raises.
    """

    def __init__(
        self,
        link: Link,
        served: Mapping[str, Operation],
        may_export: Callable[[Any], bool],
        on_error: Callable[[str, Exception], None] = lambda operation, error: None,
    ) -> None:
        self._link = link
        self._served = served
        self._may_export = may_export
        self._on_error = on_error
        self._exports: list[Any] = []
        self._number_of: dict[int, int] = {}
        self._remotes: dict[int, Remote] = {}

    def export(self, value: Any) -> int:
        """Return the number by which the other process can name an object of this one."""
        number = self._number_of.setdefault(id(value), len(self._exports))
        if number == len(self._exports):
            self._exports.append(value)
        return number

    def ask(self, operation: str, target: int, *values: Any) -> Any:
        """Let the other process do something with an object of its own; return the result.

        Raises:
            LinkEndedError: It has ended, or answered nonsense.
            Exception: What the operation raised, as the nearest built-in type.
        """
        writer = Writer(self._slot)
        slots = [writer.slot(value) for value in values]
        self._link.send([operation, target, slots, writer.nodes])
        while True:
            word, *parts = self._link.receive()
            if word == "return":
                return self._result(writer, parts)
            if word == "raise":
                raise self._exception(parts)
            self._serve(word, parts)

    def serve(self) -> None:
        """Do what the other process asks until it says ``end``.

        Raises:
            LinkEndedError: It has ended.
        """
        while True:
            word, *parts = self._link.receive()
            if word == "end":
                return
            self._serve(word, parts)

    def _serve(self, word: str, parts: list[Any]) -> None:
        try:
            operate = self._served[word]
            number, slots, nodes = parts
            target = self._exports[number] if number >= 0 else None
            reader = Reader(self._resolve)
            reader.read(nodes)
            values = [reader.value(slot) for slot in slots]
        except Exception:  # noqa: BLE001 - whatever the other side sent, it is not our failure
            raise self._link.broken("it asked for what there is not") from None
        try:
            result = operate(target, *values)
            writer = Writer(self._slot, reader.objects)
            answer = ["return", writer.slot(result), writer.changes(), writer.nodes]
            self._link.send(answer)
        except LinkEndedError:
            raise
        except Exception as error:  # noqa: BLE001 - it is handed to who asked
            self._on_error(word, error)
            names = [kind.__name__ for kind in type(error).__mro__ if _is_builtin(kind)]
            self._link.send(["raise", names, _text(error)])

    def _result(self, writer: Writer, parts: list[Any]) -> Any:
        try:
            slot, changes, nodes = parts
            reader = Reader(self._resolve, writer.objects)
            reader.read(nodes, changes)
            return reader.value(slot)
        except Exception:  # noqa: BLE001 - the same
            raise self._link.broken("its result cannot be read") from None

    def _exception(self, parts: list[Any]) -> Exception:
        with contextlib.suppress(Exception):
            names, text = parts
            for kind in (getattr(builtins, name, None) for name in names):
                if _is_builtin(kind) and isinstance(text, str):
                    with contextlib.suppress(TypeError):  # some need more than a text
                        return kind(text)
        return self._link.broken("its exception cannot be read")

    def _slot(self, value: Any) -> Slot:
        if type(value) is Remote:
            return ["yours", value._number]
        if self._may_export(value):
            truth = True
            with contextlib.suppress(Exception):
                truth = bool(value)
            return ["mine", self.export(value), truth]
        raise TypeError(f"a value of type {type(value).__name__} cannot be passed")

    def _resolve(self, slot: list[Any]) -> Any:
        tag, number, *rest = slot
        if type(number) is not int or number < 0:
            raise ValueError("no number of an object")
        if tag == "yours":
            return self._exports[number]
        if tag != "mine":
            raise ValueError("an unknown tag")
        if number not in self._remotes:
            self._remotes[number] = Remote(self.ask, number, rest[0] is True)
        return self._remotes[number]


def _is_builtin(kind: Any) -> TypeGuard[type[Exception]]:
    return (
        isinstance(kind, type)
        and issubclass(kind, Exception)
        and getattr(builtins, kind.__name__, None) is kind
    )


def _text(error: Exception) -> str:
    with contextlib.suppress(Exception):
        first = error.args[0] if len(error.args) == 1 else None
        return first if type(first) is str else str(error)
    return ""
