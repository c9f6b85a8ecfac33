"""The words in which one text differs from another."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import Match, SequenceMatcher
from itertools import accumulate, groupby

MOST_WORDS = 1_500
"""Of each text; more would take too long, and nobody reads marks in that many."""
MOST_STEPS = 3_000_000
"""Pairs of equal words that are looked at, about a tenth of a second; texts that repeat few words
would take half a minute."""
LEAST_ALIKE = 0.25
"""Share of words in common below which marks would only be noise."""
_SHORT = 12
_PIECE = re.compile(r"\s*(?:\w+|[^\w\s])|\s+\Z")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words; ``differs``: the other text does not have them there."""

    text: str
    differs: bool


class _TooManySteps(Exception):
    """The texts repeat few words too often."""


class _Matcher(SequenceMatcher[str]):
    """Matches words, and gives up where that takes more than ``MOST_STEPS``."""

    def __init__(self, one: list[str], other: list[str]) -> None:
        super().__init__(None, one, other, autojunk=False)
        times = Counter(other)
        # Of the words before each place: looked at once, and with each equal one.
        self._steps = list(accumulate((1 + times[word] for word in one), initial=0))
        self._left = MOST_STEPS

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> Match:
        self._left -= self._steps[-1 if ahi is None else ahi] - self._steps[alo]
        if self._left < 0:
            raise _TooManySteps
        return super().find_longest_match(alo, ahi, blo, bhi)


def word_differences(one: str, other: str) -> tuple[list[Piece], list[Piece]] | None:
    """Return both texts in pieces, with what only one of them has marked.

    ``None`` where the texts are too long or too repetitive, or have little in common.
    """
    parts = [_PIECE.findall(text) for text in (one, other)]
    if any(len(pieces) > MOST_WORDS for pieces in parts):
        return None
    words = [[piece.strip() for piece in pieces] for pieces in parts]
    matcher = _Matcher(words[0], words[1])
    is_short = max(len(pieces) for pieces in parts) <= _SHORT
    if not is_short and matcher.quick_ratio() < LEAST_ALIKE:
        return None
    try:
        blocks = matcher.get_matching_blocks()
    except _TooManySteps:
        return None
    differs = [[True] * len(pieces) for pieces in parts]
    for first, second, size in blocks:
        differs[0][first : first + size] = [False] * size
        differs[1][second : second + size] = [False] * size
    if not is_short and _share_alike(differs) < LEAST_ALIKE:
        return None
    return _joined(parts[0], differs[0]), _joined(parts[1], differs[1])


def _share_alike(differs: Sequence[Sequence[bool]]) -> float:
    alike = sum(not each for flags in differs for each in flags)
    return alike / (sum(map(len, differs)) or 1)


def _joined(pieces: Sequence[str], differs: Sequence[bool]) -> list[Piece]:
    """Join neighbours that are alike or differ; the space before a mark is not marked."""
    found = []
    for flag, group in groupby(zip(pieces, differs, strict=True), key=lambda each: each[1]):
        text = "".join(piece for piece, _ in group)
        inner = text.lstrip() if flag else text
        if space := text[: len(text) - len(inner)]:
            found.append(Piece(space, differs=False))
        if inner:
            found.append(Piece(inner, flag))
    return found
