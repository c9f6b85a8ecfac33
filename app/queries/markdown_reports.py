"""Results as Markdown for a pull request: only what strangers may see of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.formats import DASH, interval, percent, points, usd
from app.models import Run
from app.queries.public_views import public_comparison, public_run

MAX_CATEGORIES = 100
_MARKS = re.compile(r"([\\`*_{}\[\]<>|#~@$!])")
_SMALLEST_P = 0.001


def run_markdown(run: Run) -> str:
    """Return a run's result: score, interval, cost, settings and breakdown."""
    view = public_run(run)
    lines = [
        f"### {_text(view['benchmark_title'])}, {_code(view['model'])}",
        "",
        *_notes(view),
        *_table(
            ["Score", "95% interval", "Samples", "Refused", "Errors", "Cost"],
            [_figures(view)],
            numbers_from=0,
        ),
        "",
        ", ".join(f"{label} {_code(value)}" for label, value in view["settings"]),
    ]
    lines += _breakdown(view["breakdown"])
    return "\n".join(lines) + "\n"


def comparison_markdown(comparison: Mapping[str, Any], rows: Sequence[Run]) -> str:
    """Return a comparison of ``rows``: their scores, and what can be said of each pair."""
    view = public_comparison(comparison, rows, hide_texts=True)
    runs = view["runs"]
    lines = [
        f"### {_text(runs[0]['benchmark_title'])}, {len(runs)} runs compared",
        "",
        *(f"> {_text(warning)}" for warning in view["warnings"]),
        *([""] if view["warnings"] else []),
        *_table(
            ["", "Model", "Score", "95% interval", "Samples", "Refused", "Errors", "Cost"],
            [[run["label"], _code(run["model"]), *_figures(run)] for run in runs],
            numbers_from=2,
        ),
        "",
        *(f"- {_pair(pair)}" for pair in view["pairs"]),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _notes(view: Mapping[str, Any]) -> Iterator[str]:
    counts = view["counts"]
    if view["simulated"]:
        yield "> Simulated model: the score says nothing about a real one."
        yield ""
    if view["status"] != "completed":
        said = "The run failed" if view["status"] == "failed" else f"The run is {view['status']}"
        yield f"> {said}: {counts['done']:,} of {counts['total']:,} samples."
        yield ""
    if view["mostly_refused"]:
        yield f"> {view['mostly_refused']}"
        yield ""


def _figures(view: Mapping[str, Any]) -> list[str]:
    score, counts = view["score"], view["counts"]
    cost = view["usage"]["cost_usd"]
    free = view["simulated"]
    return [
        f"**{percent(score['value'])}**" if score else DASH,
        interval(*score["ci95"]) if score else DASH,
        f"{counts['done']:,}",
        f"{counts['refused']:,}",
        f"{counts['error']:,}",
        _text("free" if free else "unknown" if cost is None else usd(cost)),
    ]


def _breakdown(items: Sequence[Mapping[str, Any]]) -> list[str]:
    if len(items) < 2:
        return []
    shown = sorted(items, key=lambda item: str(item["key"]))[:MAX_CATEGORIES]
    more = len(items) - len(shown)
    return [
        "",
        f"<details><summary>{len(items):,} categories</summary>",
        "",
        *_table(
            ["Category", "Score", "95% interval", "Samples"],
            [
                [
                    _text(item["key"]),
                    percent(item["value"]),
                    interval(*item["ci95"]),
                    f"{item['n']:,}",
                ]
                for item in shown
            ],
            numbers_from=1,
        ),
        *([f"\nand {more:,} more"] if more else []),
        "",
        "</details>",
    ]


def _pair(pair: Mapping[str, Any]) -> str:
    words = f"**{pair['b_label']} against {pair['a_label']}**: {_text(pair['verdict'])}"
    low_high = pair["ci95"]
    known = f", 95% interval {points(low_high[0])} to {points(low_high[1])}" if low_high else ""
    p = pair["p_value"]
    chance = "" if p is None else f"; p {'< 0.001' if p < _SMALLEST_P else f'= {p:.3f}'}"
    return (
        f"{words} Difference {points(pair['difference'])} points{known}{chance}; "
        f"{pair['wins']:,} won, {pair['losses']:,} lost, {pair['ties']:,} the same."
    )


def _table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers_from: int
) -> Iterator[str]:
    yield _row(head)
    yield _row(["---" if at < numbers_from else "---:" for at in range(len(head))])
    for row in rows:
        yield _row(row)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _text(text: str) -> str:
    """Return text that means nothing to Markdown, on one line: names come from files of users."""
    return _MARKS.sub(r"\\\1", " ".join(str(text).split()))


def _code(text: str) -> str:
    """Return text as code, on one line and also within a table."""
    plain = " ".join(str(text).split()).replace("`", "'").replace("|", "\\|")
    return f"`{plain}`" if plain else DASH
