"""The list of runs as its address describes it: filters, order, columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import parse_qsl

from app.errors import Invalid
from app.queries.run_sorts import NEWEST_FIRST
from app.queries.runs import RunFilter
from app.template_filters.run_columns import RunColumn, columns_of
from app.template_filters.words import status_word
from app.web.urls import address

_FILTERS = ("status", "benchmark", "model", "tag", "q", "from", "to")
_NAMES = (*_FILTERS, "sort", "columns")
_LABELS = {
    "status": "Status",
    "benchmark": "Benchmark",
    "model": "Model",
    "tag": "Tag",
    "q": "Search",
    "from": "From",
    "to": "Until",
}


@dataclass(frozen=True, slots=True)
class ListAddress:
    """What a list shows; ``arguments`` are those of its address, without the place in it."""

    arguments: Mapping[str, str]
    wanted: RunFilter
    sort: str
    columns: tuple[RunColumn, ...]

    @property
    def query(self) -> str:
        """The address after the ``?``."""
        return self.url().partition("?")[2]

    def url(self, endpoint: str = "runs.index", **changes: str) -> str:
        """Return the address of this list with some arguments changed; empty ones are left out."""
        return address(endpoint, **{**self.arguments, **changes})

    def chips(self, tabs: set[str]) -> list[dict[str, str]]:
        """Return the filters that are set, each with the address without it.

        Args:
            tabs: The values of ``status`` that a tab shows already.
        """
        return [
            {"label": f"{_LABELS[name]}: {_shown(name, value)}", "url": self.url(**{name: ""})}
            for name in _FILTERS
            if (value := self.arguments.get(name)) and not (name == "status" and value in tabs)
        ]

    def heading_url(self, column: RunColumn) -> str:
        """Return where the heading of a column leads: sorted by it, or the other way round."""
        first = f"-{column.sort}" if column.is_number else column.sort
        other = first.removeprefix("-") if column.is_number else f"-{first}"
        sort = other if self.sort == first else first
        return self.url(sort="" if sort == NEWEST_FIRST else sort)


def _shown(name: str, value: str) -> str:
    if name == "status":
        return ", ".join(map(status_word, value.split(",")))
    return f"{value} UTC" if name in ("from", "to") else value


def read_address(given: Mapping[str, str], chosen: list[str] | None = None) -> ListAddress:
    """Return the list that the arguments of an address describe.

    Args:
        given: The arguments.
        chosen: The account's columns, where the address names none.

    Raises:
        Invalid: A date is none.
    """
    arguments = {name: value for name in _NAMES if (value := given.get(name, "").strip())}
    first, last = _day(arguments, "from"), _day(arguments, "to")
    wanted = RunFilter(
        **{name: arguments.get(name, "") for name in ("status", "benchmark", "model", "tag", "q")},
        created_after=first,
        created_before=last + timedelta(days=1, microseconds=-1) if last else None,
    )
    names = arguments["columns"].split(",") if "columns" in arguments else chosen
    sort = arguments.get("sort", NEWEST_FIRST)
    return ListAddress(arguments, wanted, sort, columns_of(names))


def read_query(query: str, chosen: list[str] | None = None) -> ListAddress:
    """Return the list that the part of an address after its ``?`` describes."""
    # Encoded once more, U+0000 got past the check of forms; PostgreSQL cannot search for it.
    given = {name: value.replace("\0", "") for name, value in parse_qsl(query)}
    return read_address(given, chosen)


def _day(arguments: Mapping[str, str], name: str) -> datetime | None:
    text = arguments.get(name)
    if text is None:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        message = "This must be a date, such as 2026-01-31."
        raise Invalid(message, fields={name: [message]}) from None
