#!/usr/bin/env python3
"""Check the contrast of every pair of design tokens that meet on a page (WCAG 2.2: 4.5 and 3).

Usage: scripts/contrast.py [-v]. Exits with 1 when a pair is too faint in either theme.
"""

from __future__ import annotations

import re
import sys
from itertools import product
from pathlib import Path
from typing import NamedTuple

TOKENS = Path(__file__).resolve().parents[1] / "app" / "static" / "css" / "tokens.css"
COLOUR = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
THEMES = ("light", "dark")
TEXT = 4.5
SHAPE = 3.0

SURFACES = ("bg", "surface", "raised", "sunken", "hover")
STATUSES = ("ok", "run", "warn", "bad", "idle")
DATA = tuple(f"d{number}" for number in range(1, 7))
OUTCOMES = (
    "correct", "partial", "incorrect", "refused", "truncated", "unparsable", "error",
)  # fmt: skip


class Pair(NamedTuple):
    """A colour on a background, and the least ratio between them."""

    front: str
    back: str
    least: float


def _pairs() -> list[Pair]:
    pairs = [Pair(*names, TEXT) for names in product(("text", "text-2", "text-3"), SURFACES)]
    pairs += [Pair(name, f"{name}-bg", TEXT) for name in STATUSES]
    pairs += [Pair(*names, TEXT) for names in product((*STATUSES, "accent"), ("surface", "hover"))]
    pairs += [Pair(*names, TEXT) for names in product(("text", "text-2"), _fills())]
    pairs += [
        Pair("accent", "accent-weak", TEXT),
        Pair("bad", "raised", TEXT),
        Pair("on-primary", "primary", TEXT),
        Pair("on-primary", "primary-hover", TEXT),
        Pair("on-danger", "danger", TEXT),
    ]
    pairs += [Pair(*names, SHAPE) for names in product(("focus", "control"), ("bg", "surface"))]
    pairs += [Pair(name, "surface", SHAPE) for name in DATA]
    pairs += [Pair(f"o-{name}", "surface", SHAPE) for name in OUTCOMES]
    return pairs


def _fills() -> list[str]:
    return [*(f"{name}-bg" for name in STATUSES), "accent-weak"]


def read_tokens(css: str) -> dict[str, tuple[str, str]]:
    """Return each colour token as (light, dark)."""
    return {name: (light, dark) for name, light, dark in COLOUR.findall(css)}


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb``, 0..1, as WCAG 2.2 defines it."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours, 1..21."""
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def measure(css: str) -> list[tuple[Pair, str, float]]:
    """Return every pair in every theme with its ratio."""
    tokens = read_tokens(css)
    return [
        (pair, theme, contrast(tokens[pair.front][index], tokens[pair.back][index]))
        for pair in _pairs()
        for index, theme in enumerate(THEMES)
    ]


def main() -> int:
    """Print the pairs that fail (all of them with -v) and return the exit code."""
    measured = measure(TOKENS.read_text())
    failures = [item for item in measured if item[2] < item[0].least]
    for pair, theme, ratio in measured if "-v" in sys.argv else failures:
        sys.stdout.write(f"{theme:5} {pair.front} on {pair.back}: {ratio:.2f}, {pair.least}\n")
    faintest = min(ratio for pair, _, ratio in measured if pair.least == TEXT)
    sys.stdout.write(
        f"{len(measured)} pairs, {len(failures)} too faint, lowest text ratio {faintest:.2f}\n"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
