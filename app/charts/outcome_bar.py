"""What became of the samples: a stacked bar of the eight outcomes."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from app.charts.figure import data_table, empty_figure, figure
from app.charts.formats import percent
from app.charts.markup import element, share
from app.engine.types import Outcome

HEIGHT = 12

WORDS: Mapping[Outcome, str] = {
    Outcome.CORRECT: "Correct",
    Outcome.PARTIAL: "Partial",
    Outcome.INCORRECT: "Wrong",
    Outcome.REFUSED: "Refused",
    Outcome.TRUNCATED: "Truncated",
    Outcome.UNPARSABLE: "Unparsable",
    Outcome.ERROR: "Error",
    Outcome.SKIPPED: "Skipped",
}
"""In the order of the bar: from right answers to no answers."""


def outcome_bar(title: str, subtitle: str, counts: Mapping[str, int]) -> Markup:
    """Draw counts by outcome (``Outcome`` values); those that did not occur are left out."""
    present = [(outcome, counts.get(outcome, 0)) for outcome in WORDS]
    present = [(outcome, count) for outcome, count in present if count > 0]
    total = sum(count for _, count in present)
    if total == 0:
        return empty_figure(title, subtitle)
    pieces, before = [], 0
    for outcome, count in present:
        pieces.append(_piece(outcome, count, before, total))
        before += count
    said = ", ".join(f"{WORDS[outcome].lower()} {count:,}" for outcome, count in present)
    bar = element(
        "svg",
        *pieces,
        cls="outcomes",
        width="100%",
        height=HEIGHT,
        role="img",
        aria_label=f"{title}. Of {total:,}: {said}.",
    )
    rows = [[WORDS[outcome], f"{count:,}", percent(count / total)] for outcome, count in present]
    table = data_table(title, ["Outcome", "Samples", "Share"], rows)
    legend = element("ul", *(_entry(o, count) for o, count in present), cls="outcome-legend")
    return figure(title, subtitle, bar, legend, table)


def _piece(outcome: Outcome, count: int, before: int, total: int) -> Markup:
    return element(
        "rect",
        cls=f"o-{outcome}",
        x=share(before / total),
        y="0",
        width=share(count / total),
        height=HEIGHT,
        data_tip=f"{WORDS[outcome]}: {count:,} ({percent(count / total)})",
    )


def _entry(outcome: Outcome, count: int) -> Markup:
    swatch = element("span", cls=f"swatch o-{outcome}")
    return element("li", element("span", swatch, WORDS[outcome], element("b", f"{count:,}")))
