"""What the command palette finds by typing: runs and benchmarks of an account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select

from app.db import db
from app.engine.benchmarks.spec import Benchmark
from app.queries.catalog import benchmarks_of
from app.queries.run_records import COLUMNS
from app.queries.runs import id_matches
from app.queries.word_search import check_search, has_word

MOST_RUNS = 8
MOST_BENCHMARKS = 6
MOST_WORDS = 8
"""Further ones of a search do not count: each is a condition of the statement."""


@dataclass(frozen=True, slots=True)
class FoundRun:
    """What is shown of a run that was found."""

    id: str
    name: str
    benchmark: str
    model: str
    status: str


@dataclass(frozen=True, slots=True)
class Found:
    """The newest runs and the best benchmarks that have all words of a search."""

    runs: list[FoundRun]
    benchmarks: list[Benchmark]


def find(account_id: int, q: str) -> Found:
    """Return what has all words of ``q``; without any, the latest runs and no benchmark.

    A run has a word in its name, id, model, or its benchmark's name or title.

    Raises:
        Invalid: The search is too long.
    """
    check_search(q)
    words = q.lower().split()[:MOST_WORDS]
    catalog = list(benchmarks_of(account_id))
    return Found(_runs(account_id, words, catalog), _best(catalog, words) if words else [])


def _runs(account_id: int, words: Sequence[str], catalog: Sequence[Benchmark]) -> list[FoundRun]:
    titles = {each.name: each.title for each in catalog}
    query = select(
        COLUMNS.id, COLUMNS.name, COLUMNS.benchmark, COLUMNS.model, COLUMNS.status
    ).where(COLUMNS.user_id == account_id)
    for word in words:
        query = query.where(or_(*_places_of(word, titles)))
    # By an index, until there are enough: a search that finds much reads little.
    newest = query.order_by(COLUMNS.created_at.desc(), COLUMNS.id.desc()).limit(MOST_RUNS)
    return [
        FoundRun(run_id, name, titles.get(benchmark, benchmark), model, status)
        for run_id, name, benchmark, model, status in db.session.execute(newest)
    ]


def _places_of(word: str, titles: Mapping[str, str]) -> Iterator[ColumnElement[bool]]:
    yield has_word(COLUMNS.model, word)
    yield has_word(COLUMNS.benchmark, word)
    yield has_word(COLUMNS.name, word)
    yield from id_matches(word)
    titled = [name for name, title in titles.items() if word in title.lower()]
    if titled:
        yield COLUMNS.benchmark.in_(titled)


def _best(catalog: Sequence[Benchmark], words: Sequence[str]) -> list[Benchmark]:
    """Return those that begin with the first word, then those with words that do, then others."""

    def rank(benchmark: Benchmark) -> int:
        name, title = benchmark.name.lower(), benchmark.title.lower()
        if name.startswith(words[0]) or title.startswith(words[0]):
            return 0
        return 1 if f" {words[0]}" in f" {title}" else 2

    fitting = [
        each
        for each in catalog
        if all(word in f"{each.name} {each.title}".lower() for word in words)
    ]
    return sorted(fitting, key=rank)[:MOST_BENCHMARKS]
