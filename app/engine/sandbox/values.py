"""Encodes values as plain data between the tests and the tested program.

A value becomes a *slot*: itself where JSON has it, else ``[tag, ...]``. Containers lie in one
flat list of nodes and are named by their number, so shared and circular ones arrive as they
were, nothing is nested, and nothing can grow by being read. Reading makes exact built-in
types only and runs no code of the sender: an object with an ``__eq__`` of its own stays behind
and is named by a number (see ``peer``).
"""

from __future__ import annotations

import importlib
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Slot = Any
"""``None``, a bool, a string, a small int, a float, or a list that begins with a tag."""

_SMALL_INT = 1 << 53
_SEQUENCES: dict[str, type] = {"list": list, "set": set, "deque": deque, "bytearray": bytearray}
_MAPPINGS: dict[str, type] = {
    "dict": dict,
    "Counter": Counter,
    "OrderedDict": OrderedDict,
    "defaultdict": defaultdict,
}
_MUTABLE = _SEQUENCES | _MAPPINGS
_IMMUTABLE: dict[str, Callable[[list[Any]], Any]] = {
    "tuple": tuple,
    "frozenset": frozenset,
    "dict_keys": lambda items: dict.fromkeys(items).keys(),
    "dict_values": lambda items: dict(enumerate(items)).values(),
    "dict_items": lambda items: dict(items).items(),
}
_TAG_OF_TYPE: dict[type, str] = {kind: tag for tag, kind in _MUTABLE.items()} | {
    tuple: "tuple",
    frozenset: "frozenset",
    type({}.keys()): "dict_keys",
    type({}.values()): "dict_values",
    type({}.items()): "dict_items",
}

# Values without identity: how each is taken apart; its type puts it together again.
_ATOMS: dict[str, Callable[[Any], list[Any]]] = {
    "builtins.complex": lambda value: [value.real, value.imag],
    "builtins.bytes": lambda value: [value.hex()],
    "builtins.range": lambda value: [value.start, value.stop, value.step],
    "decimal.Decimal": lambda value: [str(value)],
    "fractions.Fraction": lambda value: [value.numerator, value.denominator],
    "datetime.date": lambda value: [value.isoformat()],
    "datetime.time": lambda value: [value.isoformat()],
    "datetime.datetime": lambda value: [value.isoformat()],
    "datetime.timedelta": lambda value: [value.days, value.seconds, value.microseconds],
}
_READ_BY_METHOD = {
    "builtins.bytes": "fromhex",
    "datetime.date": "fromisoformat",
    "datetime.time": "fromisoformat",
    "datetime.datetime": "fromisoformat",
}
_BASES: dict[type, Callable[[Any], Any]] = {
    int: int.__int__,
    float: float.__float__,
    str: str.__str__,
    bytes: bytes.__bytes__,
    tuple: lambda value: tuple(tuple.__iter__(value)),
    list: lambda value: list(list.__iter__(value)),
    dict: lambda value: dict(dict.items(value)),
    set: lambda value: set(set.__iter__(value)),
    frozenset: lambda value: frozenset(frozenset.__iter__(value)),
}
PLAIN_TYPES: Mapping[str, type] = {
    kind.__name__: kind
    for kind in (*_BASES, bool, complex, bytearray, range, type(None), type, object)
}


class Writer:
    """Takes the values of one message apart.

    Args:
        export: Called with what is no plain value; returns its slot or raises TypeError.
        known: Containers that the reader has from an earlier message, by number.

    Attributes:
        nodes: The containers that are new to the reader.
        objects: All containers by number, ``known`` first.
    """

    def __init__(self, export: Callable[[Any], Slot], known: Iterable[Any] = ()) -> None:
        self._export = export
        self.objects = list(known)
        self._number_of = {id(value): number for number, value in enumerate(self.objects)}
        self._known = len(self.objects)
        self.nodes: list[Any] = []

    def slot(self, value: Any) -> Slot:
        """Return ``value`` as plain data.

        Raises:
            TypeError: It is none and ``export`` refuses it.
        """
        kind = type(value)
        if value is None or kind in (bool, str, float):
            return value
        if kind is int:
            return value if -_SMALL_INT < value < _SMALL_INT else ["int", hex(value)]
        if kind in _TAG_OF_TYPE:
            return ["@", self._node(value, _TAG_OF_TYPE[kind])]
        return self._named(value, kind)

    def _named(self, value: Any, kind: Any) -> Slot:
        """Return the slot of what is known by the name of its type, or by its own."""
        name = f"{kind.__module__}.{kind.__qualname__}"
        if name in _ATOMS and _known_type(name) is kind:
            return ["atom", name, *(self.slot(part) for part in _ATOMS[name](value))]
        if kind is type and value in PLAIN_TYPES.values():
            return ["type", value.__name__]
        if value is Ellipsis:
            return ["ellipsis"]
        for base, convert in _BASES.items():  # an IntEnum, a named tuple
            if isinstance(value, base):
                return self.slot(convert(value))
        return self._export(value)

    def changes(self) -> list[Any]:
        """Return what the mutable containers that the reader knows hold by now, by number."""
        return [
            [number, *self._content(value, _TAG_OF_TYPE[type(value)])]
            for number, value in enumerate(self.objects[: self._known])
            if _TAG_OF_TYPE[type(value)] in _MUTABLE
        ]

    def _node(self, value: Any, tag: str) -> int:
        if id(value) in self._number_of:
            return self._number_of[id(value)]
        if tag in _MUTABLE:  # numbered before its content, which may hold it
            number = self._number(value)
            self.nodes[number - self._known] = self._content(value, tag)
            return number
        content = self._content(value, tag)
        if id(value) in self._number_of:  # its content held it
            return self._number_of[id(value)]
        number = self._number(value)
        self.nodes[number - self._known] = content
        return number

    def _number(self, value: Any) -> int:
        number = len(self.objects)
        self._number_of[id(value)] = number
        self.objects.append(value)  # also keeps it, and so its id, alive
        self.nodes.append(None)
        return number

    def _content(self, value: Any, tag: str) -> list[Any]:
        if tag in _MAPPINGS:
            return [tag, *([self.slot(key), self.slot(item)] for key, item in value.items())]
        return [tag, *(self.slot(item) for item in value)]


class Reader:
    """Puts the values of one message together.

    Args:
        resolve: Called with a slot that is no plain value; returns what it stands for.
        known: Containers of earlier messages, by number.

    Attributes:
        objects: All containers by number.
    """

    def __init__(self, resolve: Callable[[list[Any]], Any], known: Iterable[Any] = ()) -> None:
        self._resolve = resolve
        self.objects = list(known)

    def read(self, nodes: list[Any], changes: Iterable[list[Any]] = ()) -> None:
        """Make the containers, and give those that are known their new content.

        Raises:
            ValueError, TypeError, LookupError: The data is not what a ``Writer`` makes.
        """
        changed = [(self._known_mutable(number, tag), slots) for number, tag, *slots in changes]
        first = len(self.objects)
        self.objects += [_MUTABLE[tag]() if tag in _MUTABLE else None for tag, *_ in nodes]
        for number, (tag, *slots) in enumerate(nodes, start=first):
            if tag not in _MUTABLE:
                self.objects[number] = _IMMUTABLE[tag]([self.value(slot) for slot in slots])
        for number, (tag, *slots) in enumerate(nodes, start=first):
            if tag in _MUTABLE:
                changed.append((self.objects[number], slots))
        for container, slots in changed:
            self._fill(container, slots)

    def value(self, slot: Slot) -> Any:
        """Return what a slot stands for.

        Raises:
            ValueError, TypeError, LookupError: It is none.
        """
        if slot is None or type(slot) in (bool, str, float, int):
            return slot
        tag, *parts = slot
        if tag == "@":
            return self._object(*parts)
        if tag == "int":
            return int(parts[0], 16)
        if tag == "atom":
            return _put_together(parts[0], [self.value(part) for part in parts[1:]])
        if tag == "type":
            return PLAIN_TYPES[parts[0]]
        if tag == "ellipsis":
            return Ellipsis
        return self._resolve(slot)

    def _object(self, number: int) -> Any:
        if number < 0 or self.objects[number] is None:
            raise ValueError("a container inside itself")
        return self.objects[number]

    def _known_mutable(self, number: int, tag: str) -> Any:
        container = self._object(number)
        if type(container) is not _MUTABLE[tag]:
            raise ValueError("a container of another type")
        return container

    def _fill(self, container: Any, slots: list[Any]) -> None:
        if isinstance(container, dict):
            pairs = [(self.value(key), self.value(item)) for key, item in slots]
            container.clear()
            for key, item in pairs:
                container[key] = item
            return
        items = [self.value(slot) for slot in slots]
        container.clear()
        if isinstance(container, set):
            container.update(items)
        else:
            container.extend(items)


def _known_type(name: str) -> Any:
    module, _, attribute = name.rpartition(".")
    return getattr(sys.modules.get(module), attribute, None)


def _put_together(name: str, parts: list[Any]) -> Any:
    if name not in _ATOMS:
        raise ValueError("an unknown type")
    if not all(type(part) in (str, int, float) for part in parts):
        raise TypeError("a part of the wrong type")
    module, _, attribute = name.rpartition(".")
    kind = getattr(importlib.import_module(module), attribute)
    method = _READ_BY_METHOD.get(name)
    return getattr(kind, method)(*parts) if method else kind(*parts)
