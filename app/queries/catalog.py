"""Finds benchmarks by name, built-in ones and the account's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Row, Select, func, select

from app.config import Settings
from app.current import get_settings
from app.db import db
from app.engine.benchmarks.benchmark_registry import all_benchmarks
from app.engine.benchmarks.spec import Benchmark
from app.engine.own.definition import PREFIX, OwnDefinition, benchmark_of
from app.models import OwnBenchmark, OwnVersion


def find_benchmark(name: str, account_id: int, version: int | None = None) -> Benchmark | None:
    """Return a benchmark by name; ``None`` where this account has none of that name.

    Args:
        name: As runs have it: ``gsm8k``, ``own/my-questions``.
        account_id: Whose own benchmarks are looked at.
        version: Of an own benchmark: this one; ``None`` for the latest. Of ours there is one.
    """
    if not name.startswith(PREFIX):
        return all_benchmarks().get(name)
    query = _versions(account_id).where(OwnBenchmark.slug == name.removeprefix(PREFIX))
    if version is not None:
        query = query.where(OwnVersion.version == version)
    found = db.session.execute(query.order_by(OwnVersion.version.desc()).limit(1)).first()
    return None if found is None else _benchmark(found)


def metric_of(name: str, account_id: int, version: int) -> str:
    """Return the metric of a run's benchmark, also where that is gone."""
    benchmark = find_benchmark(name, account_id, version)
    return benchmark.metric if benchmark else "accuracy"


def benchmarks_of(account_id: int) -> Iterator[Benchmark]:
    """Yield all benchmarks that the account can run: its own, in their latest version, first."""
    latest = (
        select(OwnVersion.benchmark_id, func.max(OwnVersion.version).label("version"))
        .group_by(OwnVersion.benchmark_id)
        .subquery()
    )
    query = _versions(account_id).join(
        latest,
        (latest.c.benchmark_id == OwnVersion.benchmark_id)
        & (latest.c.version == OwnVersion.version),
    )
    for found in db.session.execute(query.order_by(OwnBenchmark.slug)).all():
        yield _benchmark(found)
    yield from all_benchmarks().values()


def versions_of(name: str, account_id: int) -> list[dict[str, Any]]:
    """Return the versions of an own benchmark, the latest first; none of any other."""
    if not name.startswith(PREFIX):
        return []
    rows = db.session.execute(
        select(OwnVersion.version, OwnVersion.rows, OwnVersion.scorer, OwnVersion.created_at)
        .join(OwnBenchmark, OwnVersion.benchmark_id == OwnBenchmark.id)
        .where(OwnBenchmark.user_id == account_id, OwnBenchmark.slug == name.removeprefix(PREFIX))
        .order_by(OwnVersion.version.desc())
    )
    return [
        {"version": version, "samples": samples, "scorer": scorer, "created_at": created_at}
        for version, samples, scorer, created_at in rows
    ]


def own_folder(settings: Settings) -> Path:
    """Return the folder of all own data; file names in it are generated, never uploaded."""
    return settings.data_dir.resolve() / "own"


def version_path(settings: Settings, benchmark_id: str, version: int) -> Path:
    """Return the file of one version."""
    return own_folder(settings) / benchmark_id / f"{version}.jsonl"


def _versions(account_id: int) -> Select[OwnBenchmark, OwnVersion]:
    return (
        select(OwnBenchmark, OwnVersion)
        .join(OwnVersion, OwnVersion.benchmark_id == OwnBenchmark.id)
        .where(OwnBenchmark.user_id == account_id)
    )


def _benchmark(found: Row[OwnBenchmark, OwnVersion]) -> Benchmark:
    own, version = found
    return benchmark_of(
        OwnDefinition(
            slug=own.slug,
            version=version.version,
            title=version.title,
            description=version.description,
            prompt_template=version.prompt_template,
            scorer=version.scorer,
            rows=version.rows,
            path=version_path(get_settings(), own.id, version.version),
            sha256=version.sha256,
            input_tokens=version.input_tokens,
            has_categories=version.has_categories,
        )
    )
