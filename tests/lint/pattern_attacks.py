"""Strings on which a regular expression is slow, if it can be slow: made from its own parts.

A pattern is slow where a repetition can be begun at many places, or shared out between two
repetitions in many ways, and then fails. So: what leads up to a repetition, then what it repeats,
very often, then something that makes it fail.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

_parser: Any = vars(re)["_parser"]
_compiler: Any = vars(re)["_compiler"]
_SAMPLES = string.printable + "\x00\x1fé١²½的あ\u00a0\u2028"
_REPEATS = frozenset(("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"))
_LIMIT = 24
_LEADS = 8

Attack = Callable[[int], str]
"""Makes the string of about so many characters."""


class PatternParts:
    """What a pattern is made of, as texts that match the parts.

    Attributes:
        leads: Texts that lead up to a repetition; the empty one first.
        bodies: Texts that a repetition repeats.
        letters: One character of each kind that the pattern tells apart.
    """

    def __init__(self, pattern: str, flags: int) -> None:
        tree = _parser.parse(pattern, flags)
        self._state, self._flags = tree.state, flags
        self._atoms: list[Any] = []
        self.leads, self.bodies = [""], list[str]()
        self._walk(tree, "")
        self.letters = self._kinds()

    def _walk(self, tree: Any, lead: str) -> str:
        """Note the parts of ``tree``, which follows ``lead``; return a text that it matches."""
        text = ""
        for item in tree:
            text += self._item(item, lead + text)
        return text

    def _item(self, item: Any, lead: str) -> str:
        kind, value = str(item[0]), item[1]
        if kind in _REPEATS:
            least: int = value[0]
            body = self._walk(value[2], lead)
            self.leads.append(lead)
            self.bodies.append(body)
            return body * max(1, min(least, 20))
        if kind == "BRANCH":
            texts = [self._walk(branch, lead) for branch in value[1]]
            return texts[0]
        if kind == "SUBPATTERN":
            return self._walk(value[3], lead)
        if kind == "ATOMIC_GROUP":
            return self._walk(value, lead)
        if kind in ("ASSERT", "ASSERT_NOT"):
            text = self._walk(value[1], lead)
            return text if kind == "ASSERT" and value[0] > 0 else ""
        if kind in ("AT", "GROUPREF", "GROUPREF_EXISTS"):
            return ""
        return self._letter_of(item)

    def _letter_of(self, item: Any) -> str:
        atom = _compiler.compile(_parser.SubPattern(self._state, [item]), self._flags)
        self._atoms.append(atom)
        return next((each for each in _SAMPLES if atom.fullmatch(each)), "x")

    def _kinds(self) -> list[str]:
        by_kind = {
            tuple(bool(atom.fullmatch(each)) for atom in self._atoms): each
            for each in reversed(_SAMPLES)
        }
        return list(by_kind.values())[:_LIMIT]


def attacks_on(pattern: str, flags: int) -> Iterator[Attack]:
    """Yield the attacks on a pattern, each once."""
    parts = PatternParts(pattern, flags)
    leads = list(dict.fromkeys(parts.leads))[:_LEADS]
    pumps = list(dict.fromkeys(filter(None, [*parts.letters, *parts.bodies, *leads])))[:_LIMIT]
    chains = [lead + body for lead, body in product(leads[1:], parts.bodies[:8])]
    ends = ["", "\x00", "\n", *parts.letters[:1]]
    # Behind a lead: a repetition that fails. The lead again and again: many beginnings.
    for lead, pump, end in product(leads, pumps, dict.fromkeys(ends)):
        yield _attack(lead, pump, end)
    for chain in dict.fromkeys(chains):
        yield _attack("", chain, "")
    # Two runs, which two neighbouring repetitions may share out between them.
    for first, second in product(pumps[:10], repeat=2):
        if first != second:
            yield _attack("", first + second, "\x00")
            yield (
                lambda size, a=first, b=second: (
                    a * (size // 2 // len(a))
                    + b
                    * (  # type: ignore[misc]
                        size // 2 // len(b)
                    )
                )
            )


def _attack(lead: str, pump: str, end: str) -> Attack:
    return lambda size: lead + pump * (size // len(pump)) + end
