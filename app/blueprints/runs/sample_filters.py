"""Reads from an address which samples are wanted, and says it in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.queries.sample_lists import MAX_NUMBER, PLACES, SORTS, SampleFilter
from app.queries.sample_marks import KINDS
from app.queries.word_search import MOST_CHARS, TOO_LONG
from app.template_filters.words import outcome_word
from app.web.urls import address

_TEXTS = ("outcome", "category", "q", "error_code")
_NUMBERS = {
    "min_latency_ms": "Latency from",
    "max_latency_ms": "Latency up to",
    "min_tokens": "Tokens from",
    "max_tokens": "Tokens up to",
}
SORT_WORDS = {
    "": "In the benchmark's order",
    "-position": "Last questions first",
    "score": "Lowest score first",
    "-score": "Highest score first",
    "-latency": "Slowest first",
    "latency": "Fastest first",
    "-output_tokens": "Most tokens first",
    "output_tokens": "Fewest tokens first",
    "-length": "Longest answers first",
    "length": "Shortest answers first",
    "-cost": "Most expensive first",
}
MARK_WORDS = {
    "any": "Marked",
    "starred": "Starred",
    "to_review": "To review",
    "noted": "With a note",
}
PLACE_WORDS = {"question": "In the question", "answer": "In the answer", "target": "In the target"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an address asks for.

    Attributes:
        filter: Which samples, in which order.
        is_formatted: Whether answers are shown as formatted text, and not raw.
        problems: What in the address is no value, in words; it is left out.
    """

    filter: SampleFilter
    is_formatted: bool
    problems: tuple[str, ...]

    def kept(self, **changes: Any) -> dict[str, Any]:
        """Return the arguments that keep it in an address, with ``changes`` of the filter."""
        arguments = replace(self.filter, **changes).arguments()
        return {**arguments, "text": "formatted" if self.is_formatted else ""}


def wanted_of(arguments: Mapping[str, str]) -> Wanted:
    """Return what the arguments of an address ask for."""
    problems: list[str] = []
    given: dict[str, Any] = {name: arguments.get(name, "").strip() for name in _TEXTS}
    if len(given["q"]) > MOST_CHARS:
        given["q"] = ""
        problems.append(f"{TOO_LONG} This one is left out.")
    for name, label in _NUMBERS.items():
        text = arguments.get(name, "").strip()
        if text.isascii() and text.isdigit():
            given[name] = min(int(text[:12]), MAX_NUMBER)
        elif text:
            problems.append(f"{label} must be a whole number, not “{text[:40]}”; it is left out.")
    for name, allowed in (
        ("sort", {*SORTS, *(f"-{each}" for each in SORTS)}),
        ("place", PLACES),
        ("mark", KINDS),
    ):
        value = arguments.get(name, "").strip()
        if not value or value in allowed:
            given[name] = value
        else:
            problems.append(f"There is no {name} “{value[:40]}”; it is left out.")
    formatted = arguments.get("text") == "formatted"
    return Wanted(SampleFilter(**given), formatted, tuple(problems))


def words_of(wanted: SampleFilter) -> str:
    """Return a filter in words: ``Wrong, algebra, “ducks”, slowest first``."""
    outcomes = [outcome_word(each) for each in wanted.outcome.split(",") if each]
    if wanted.error_code:
        outcomes = [wanted.error_code]
    quoted = f"“{wanted.q}”" if wanted.q else ""
    if quoted and wanted.place:
        quoted = f"{quoted} {PLACE_WORDS[wanted.place].lower()}"
    order = SORT_WORDS.get(wanted.sort, "") if wanted.sort else ""
    marked = MARK_WORDS.get(wanted.mark, "")
    parts = [" or ".join(outcomes), wanted.category, quoted, marked, *_ranges(wanted).values()]
    said = ", ".join(filter(None, parts))
    return f"{said}, {order.lower()}" if said and order else said or order


def chips_of(run_id: str, wanted: Wanted) -> list[dict[str, str]]:
    """Return the ranges that restrict a list, each with the address without it."""
    return [
        {
            "label": label,
            "url": address("runs.samples", run_id=run_id, **wanted.kept(**dict.fromkeys(names))),
        }
        for names, label in _ranges(wanted.filter).items()
    ]


def _ranges(wanted: SampleFilter) -> dict[tuple[str, str], str]:
    found = {}
    for low, high, unit in (
        ("min_latency_ms", "max_latency_ms", "ms"),
        ("min_tokens", "max_tokens", "output tokens"),
    ):
        least, most = getattr(wanted, low), getattr(wanted, high)
        if least is not None and most is not None:
            found[low, high] = f"{least:,} to {most:,} {unit}"
        elif least is not None:
            found[low, high] = f"at least {least:,} {unit}"
        elif most is not None:
            found[low, high] = f"at most {most:,} {unit}"
    return found
