"""Compares runs, paired by sample, with warnings about what limits the comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from string import ascii_uppercase
from typing import Any

from app.engine.own.definition import PREFIX
from app.engine.served_models import is_same_model, other_model
from app.engine.statistics import Comparison, compare_counts, describe, holm
from app.errors import Invalid
from app.models import Run
from app.queries import runs as run_queries
from app.queries.category_differences import category_differences
from app.queries.differences import RunDifference, differences_of
from app.queries.ended_runs import ended_runs
from app.queries.flips import flip_views
from app.queries.paired_scores import (
    SHOWS,
    PairedScores,
    different_answers,
    have_questions,
    pair_scores,
)
from app.queries.run_labels import RunLabel, labels_of
from app.queries.run_notices import mostly_refused

MAX_RUNS = 6
FLIPS_PER_PAGE = 100
LETTERS = ascii_uppercase[:MAX_RUNS]
"""What the runs are called beside their labels, in their order."""
MAX_FLIPS_FROM = 10_000_000
METHODS = {"mcnemar_exact": "McNemar's exact test", "paired_t": "paired t test"}


def flips_start(asked: int) -> int:
    """Return how many flips were shown before, of what an address says."""
    return min(max(0, asked), MAX_FLIPS_FROM)


def chosen_runs(run_ids: list[str], account_id: int) -> list[Run]:
    """Return the runs that are to be compared, each once, in the order given.

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
    return [run_queries.get_run(run_id, account_id) for run_id in wanted]


@dataclass(frozen=True, slots=True)
class SampleChoice:
    """Which samples of a comparison are listed.

    Attributes:
        show: One of ``SHOWS``.
        category: Only of this one; empty: of all.
        against: The number of the run that is held against the first.
    """

    show: str = "flipped"
    category: str = ""
    against: int = 1


def choice_of(rows: Sequence[Run], show: str, category: str, against: str) -> SampleChoice:
    """Return the choice of an address; an empty text is the default.

    Raises:
        Invalid: There is nothing of that kind to show, or no such run among them.
    """
    if show and show not in SHOWS:
        allowed = ", ".join(SHOWS)
        raise Invalid(
            f"There is no such list. One of: {allowed}.", fields={"show": [f"One of: {allowed}."]}
        )
    others = [run.id for run in rows[1:]]
    if against and against not in others:
        message = "This must be one of the compared runs, and not the first."
        raise Invalid(message, fields={"against": [message]})
    return SampleChoice(show or "flipped", category, others.index(against) + 1 if against else 1)


def comparison_of(
    rows: Sequence[Run], *, flips_from: int = 0, choice: SampleChoice | None = None
) -> dict[str, Any]:
    """Return the comparison of two or more runs as the API shows it.

    Args:
        rows: The runs; the first is the baseline.
        flips_from: How many of the listed samples were shown before.
        choice: Which samples are listed; by default those that flipped between the first two.
    """
    choice = choice or SampleChoice()
    refusal = _refusal(rows)
    differences = [] if refusal else differences_of(rows)
    labels = labels_of(rows, differences)
    ids = [run.id for run in rows]
    moved = _may_have_moved(rows, differences)
    by_question = moved and have_questions(ids)
    paired = None if refusal else ended_runs.read(pair_scores, rows, by_question=by_question)
    common = paired.common() if paired else 0
    listed = _listed(paired, rows, choice) if paired else []
    flips_to = min(flips_from + FLIPS_PER_PAGE, len(listed))
    return {
        "comparable": common > 0,
        "warnings": _warnings(rows, paired, differences, _pairing(by_question) if moved else None)
        if paired
        else [refusal],
        "differences": [difference.view() for difference in differences],
        "labels": [{"name": label.name, "rest": label.rest} for label in labels],
        "common_samples": common,
        "runs": [run_queries.run_view(run) for run in rows],
        "pairs": _pairs(rows, paired, labels) if paired else [],
        "categories": category_differences(rows, paired) if paired else [],
        "flips": flip_views(rows, listed[flips_from:flips_to]),
        "flips_total": len(listed),
        "flips_next": flips_to if flips_to < len(listed) else None,
    }


def listed_samples(rows: Sequence[Run], choice: SampleChoice) -> list[str]:
    """Return the ids of the samples that a comparison lists, in order.

    Only the two runs are read that the choice is about.
    """
    if _refusal(rows):
        return []
    two = [rows[0], rows[choice.against]]
    ids = [run.id for run in two]
    by_question = _may_have_moved(two, differences_of(two)) and have_questions(ids)
    paired = ended_runs.read(pair_scores, two, by_question=by_question)
    return _listed(paired, two, replace(choice, against=1))


def _listed(paired: PairedScores, rows: Sequence[Run], choice: SampleChoice) -> list[str]:
    other = choice.against
    different = set[str]()
    if choice.show == "different":
        different = ended_runs.read(different_answers, [rows[0], rows[other]])
    return paired.chosen(other, choice.show, category=choice.category, different=different)


def _refusal(rows: Sequence[Run]) -> str | None:
    benchmarks = sorted({run.benchmark for run in rows})
    if len(benchmarks) > 1:
        return (
            f"These runs are of different benchmarks ({', '.join(benchmarks)}); "
            "their scores cannot be compared."
        )
    return None


def _warnings(
    rows: Sequence[Run],
    paired: PairedScores,
    differences: Sequence[RunDifference],
    pairing: str | None,
) -> list[str]:
    """Return warnings about what differs between the runs."""
    found = [difference.sentence for difference in differences]
    found += [pairing] if pairing else []
    common = paired.common()
    if not common:
        found.append("The runs have no scored sample in common.")
    elif not paired.all_are_common():
        found.append(
            f"Only the {common:,} samples that both runs have scored are compared."
            if len(rows) == 2
            else f"Each pair is compared on the samples that both have scored; {common:,} are "
            "common to all."
        )
    found += [
        f"Run {run.id[-8:]} ({run.model}): {sentence}"
        for run in rows
        for sentence in _other_models(run)
    ]
    found += [
        f"Run {run.id[-8:]} ({run.model}): {refused}"
        for run in rows
        if (refused := mostly_refused(run))
    ]
    if any(run.simulated for run in rows):
        found.append("Some of them use simulated models, whose scores mean nothing.")
    unfinished = [run.id for run in rows if run.status != "completed"]
    if unfinished:
        found.append(f"{len(unfinished)} of the runs did not complete.")
    return found


def _may_have_moved(rows: Sequence[Run], differences: Sequence[RunDifference]) -> bool:
    """Return whether an id may stand for another question in another run: own data's versions."""
    fields = {difference.field for difference in differences}
    return rows[0].benchmark.startswith(PREFIX) and "dataset" in fields


def _pairing(by_question: bool) -> str:
    """Return how samples of different versions are paired."""
    if by_question:
        return (
            "Samples are paired where id and question are the same; the number of the row is the "
            "id where the file has no column of ids."
        )
    return (
        "Samples are paired by their ids, without a column of ids by the number of their row: "
        "where rows of the file moved, different questions are compared."
    )


def _other_models(run: Run) -> list[str]:
    """Return a sentence for each model that answered a run without having been asked for."""
    asked = run.model.partition("/")[2]
    served = dict.fromkeys(entry["model"] for entry in run.served_models or () if entry["model"])
    return [other_model(asked, model) for model in served if not is_same_model(asked, model)]


def _pairs(
    rows: Sequence[Run], paired: PairedScores, labels: Sequence[RunLabel]
) -> list[dict[str, Any]]:
    """Compare every pair; with several, p-values are corrected after Holm."""
    compared: list[tuple[int, int, Comparison]] = []
    for first, second in combinations(range(len(rows)), 2):
        result = compare_counts(paired.pairs(first, second))
        if result is not None:
            compared.append((first, second, result))
    raw = [1.0 if result.p_value is None else result.p_value for _, _, result in compared]
    adjusted = holm(raw)
    return [
        _pair_view(
            rows[a],
            rows[b],
            result,
            (labels[a].name, labels[b].name),
            adjusted[index],
            len(raw) > 1,
        )
        for index, (a, b, result) in enumerate(compared)
    ]


def _pair_view(
    first: Run,
    second: Run,
    result: Comparison,
    names: tuple[str, str],
    adjusted: float,
    several: bool,
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
        "verdict": describe(result, *names),
    }
