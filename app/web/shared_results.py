"""What strangers are shown of a run or a comparison: the values of its page and of its file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.db import now
from app.models import Run
from app.queries import comparisons, samples
from app.queries.ended_runs import ended_runs
from app.queries.public_views import public_comparison, public_run
from app.queries.score_history import score_history
from app.queries.speeds import percentile, speed_so_far
from app.services.long_reads import long_reads
from app.web.comparison_figures import draw_comparison
from app.web.run_figures import draw_categories, draw_run

STRANGERS = 0
"""Whose turn it is to read long runs: visitors wait behind each other, and no account for them."""


def run_values(run: Run, *, hide_texts: bool, reader: int = STRANGERS) -> dict[str, Any]:
    """Return the values of ``shared/run.html``.

    Args:
        run: The run.
        hide_texts: Whether prompts and answers are left out.
        reader: The account that reads.
    """
    with long_reads.turn(reader, samples=run.done):
        scores, latencies = ended_runs.read(samples.scores_and_latencies, [run])
    view = {
        **public_run(run),
        "speed": speed_so_far(run),
        "latency": {
            "p50_ms": percentile(latencies, 0.5),
            "p95_ms": percentile(latencies, 0.95),
        }
        if latencies
        else None,
    }
    history = score_history(scores)
    return {
        "run": view,
        "charts": draw_run(view, latencies, history, is_still=True),
        "categories": draw_categories(view["breakdown"]),
        "hide_texts": hide_texts,
        "seen_at": now(),
    }


def comparison_values(
    rows: Sequence[Run], *, hide_texts: bool, flips_from: int = 0, reader: int = STRANGERS
) -> dict[str, Any]:
    """Return the values of ``shared/comparison.html``.

    Args:
        rows: The runs, the baseline first.
        hide_texts: Whether questions and answers are left out.
        flips_from: How many of the samples that flipped were shown before.
        reader: The account that reads.
    """
    with long_reads.turn(reader, samples=sum(row.done for row in rows)):
        found = comparisons.comparison_of(rows, flips_from=flips_from)
    view = public_comparison(found, rows, hide_texts=hide_texts)
    return {
        "comparison": view,
        "charts": draw_comparison(view),
        "flips": {
            "first": flips_from + 1,
            "last": flips_from + len(view["flips"]),
            "previous_url": None,
            "next_url": None,
        },
        "hide_texts": hide_texts,
        "seen_at": now(),
    }
