"""Two or more runs side by side: paired by sample, with what makes them hard to compare."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from typing import Any

from sqlalchemy import select

from app.db import db
from app.engine.prompts import preview
from app.engine.statistics import Comparison, compare, describe, holm
from app.errors import Invalid
from app.models import Run, SampleRow
from app.queries import runs as run_queries

MAX_RUNS = 6
MAX_FLIPS = 200
COMPARED = (
    ("dataset", "the questions"),
    ("prompt", "the prompt"),
    ("scorer", "the scorer"),
    ("parameters", "sampling parameters or epochs"),
    ("engine", "the version of the Studio"),
)
METHODS = {"mcnemar_exact": "McNemar's exact test", "paired_t": "paired t test"}

Scores = dict[str, float]
"""Mean score by sample id."""


def compare_runs(run_ids: list[str], account_id: int) -> dict[str, Any]:
    """Return the comparison as the API shows it; the first run is the baseline.

    Raises:
        Invalid: Fewer than two runs, or too many.
        NotFound: A run is not the account's.
    """
    wanted = list(dict.fromkeys(run_ids))
    if not 2 <= len(wanted) <= MAX_RUNS:
        raise Invalid(
            f"Choose 2 to {MAX_RUNS} different runs to compare.",
            fields={"run_ids": [f"2 to {MAX_RUNS} different runs, comma-separated."]},
        )
    rows = [run_queries.get_run(run_id, account_id) for run_id in wanted]
    refusal = _refusal(rows)
    if refusal:
        return _answer(rows, [], comparable=False, warnings=[refusal], common=0)
    scores = {run.id: _scores(run.id) for run in rows}
    common = sorted(set.intersection(*(set(each) for each in scores.values())))
    pairs = _pairs(rows, scores)
    warnings = _warnings(rows, scores, len(common))
    return _answer(
        rows, pairs, comparable=bool(common), warnings=warnings, common=len(common), scores=scores
    )


def _answer(
    rows: list[Run],
    pairs: list[dict[str, Any]],
    *,
    comparable: bool,
    warnings: list[str],
    common: int,
    scores: dict[str, Scores] | None = None,
) -> dict[str, Any]:
    flips, total = _flips(rows, scores or {})
    return {
        "comparable": comparable,
        "warnings": warnings,
        "common_samples": common,
        "runs": [run_queries.run_view(run) for run in rows],
        "pairs": pairs,
        "flips": flips,
        "flips_total": total,
    }


def _refusal(rows: list[Run]) -> str | None:
    benchmarks = sorted({run.benchmark for run in rows})
    if len(benchmarks) > 1:
        return (
            f"These runs are of different benchmarks ({', '.join(benchmarks)}); "
            "their scores have nothing in common."
        )
    return None


def _warnings(rows: list[Run], scores: dict[str, Scores], common: int) -> list[str]:
    """Say what differs by name, and what that leaves to compare."""
    found = [
        f"The runs differ in {words} ({field})."
        for field, words in COMPARED
        if len({run.digests.get(field) for run in rows}) > 1
    ]
    versions = {run.benchmark_version for run in rows}
    if len(versions) > 1:
        found.append("The runs used different versions of the benchmark (benchmark_version).")
    protocols = sorted({run.protocol for run in rows})
    if len(protocols) > 1:
        found.append(f"The runs followed different protocols ({', '.join(protocols)}).")
    sizes = {len(each) for each in scores.values()}
    if not common:
        found.append("The runs have no scored sample in common.")
    elif sizes != {common}:
        found.append(f"Only the {common:,} samples that all runs have scored are compared.")
    if any(run.simulated for run in rows):
        found.append("Simulated models are among them: their scores mean nothing.")
    unfinished = [run.id for run in rows if run.status != "completed"]
    if unfinished:
        found.append(f"{len(unfinished)} of the runs did not complete.")
    return found


def _scores(run_id: str) -> Scores:
    """Return the mean score of each sample over its epochs; unscored ones are left out.

    In the benchmark's order, so that what is drawn from them by seed is always the same.
    """
    rows = db.session.execute(
        select(SampleRow.sample_id, SampleRow.score)
        .where(SampleRow.run_id == run_id, SampleRow.score.is_not(None))
        .order_by(SampleRow.position)
    ).all()
    single = {sample_id: score or 0.0 for sample_id, score in rows}
    if len(single) == len(rows):
        return single  # one epoch: the rule, and many lists would be slow
    sums: dict[str, list[float]] = defaultdict(list)
    for sample_id, score in rows:
        sums[sample_id].append(score or 0.0)
    return {sample_id: sum(values) / len(values) for sample_id, values in sums.items()}


def _pairs(rows: list[Run], scores: dict[str, Scores]) -> list[dict[str, Any]]:
    """Compare every pair; with several, p-values are corrected after Holm."""
    compared: list[tuple[Run, Run, Comparison]] = []
    for first, second in combinations(rows, 2):
        a, b = scores[first.id], scores[second.id]
        result = compare([(score, b[key]) for key, score in a.items() if key in b])
        if result is not None:
            compared.append((first, second, result))
    raw = [1.0 if result.p_value is None else result.p_value for _, _, result in compared]
    adjusted = holm(raw)
    return [
        _pair_view(first, second, result, adjusted[index], several=len(compared) > 1)
        for index, (first, second, result) in enumerate(compared)
    ]


def _pair_view(
    first: Run, second: Run, result: Comparison, adjusted: float, *, several: bool
) -> dict[str, Any]:
    return {
        "a": first.id,
        "b": second.id,
        "a_model": first.model,
        "b_model": second.model,
        "n": result.n,
        "difference": result.difference,
        "ci95": list(result.ci95) if result.ci95 else None,
        "p_value": result.p_value,
        "p_value_adjusted": adjusted if several else result.p_value,
        "method": METHODS[result.method] + (", Holm's correction" if several else ""),
        "wins": result.flips.wins,
        "losses": result.flips.losses,
        "ties": result.flips.ties,
        "samples_to_settle": result.samples_needed,
        "direction": result.verdict,
        "verdict": describe(result, first.model, second.model),
    }


def _flips(rows: list[Run], scores: dict[str, Scores]) -> tuple[list[dict[str, Any]], int]:
    """Return the samples on which the first two runs disagree, and how many there are."""
    if len(scores) < 2:
        return [], 0
    a, b = scores[rows[0].id], scores[rows[1].id]
    flipped = [key for key, score in a.items() if key in b and b[key] != score]
    shown = flipped[:MAX_FLIPS]
    cells: dict[str, dict[str, SampleRow]] = defaultdict(dict)
    found = db.session.scalars(
        select(SampleRow).where(
            SampleRow.run_id.in_([run.id for run in rows]),
            SampleRow.sample_id.in_(shown),
            SampleRow.epoch == 1,
        )
    )
    for row in found:
        cells[row.sample_id][row.run_id] = row
    return [_flip_view(key, rows, cells[key]) for key in shown], len(flipped)


def _flip_view(sample_id: str, rows: list[Run], cells: dict[str, SampleRow]) -> dict[str, Any]:
    any_row = next(iter(cells.values()), None)
    return {
        "sample_id": sample_id,
        "epoch": 1,
        "category": any_row.category if any_row else None,
        "preview": preview(any_row.input, run_queries.preview_skip(rows[0])) if any_row else "",
        "target": any_row.target if any_row else None,
        "cells": [
            {
                "run_id": run.id,
                "outcome": cells[run.id].outcome if run.id in cells else None,
                "answer": cells[run.id].answer if run.id in cells else None,
            }
            for run in rows
        ],
    }
