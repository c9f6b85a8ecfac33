"""``/compare``: runs side by side, paired by sample."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response, g
from pydantic import BaseModel, Field

from app.blueprints.api.callers import api_blueprint
from app.blueprints.api.schemas.fields import Text
from app.blueprints.api.schemas.runs import HTML_FILE, MARKDOWN, RunAnswer
from app.queries.comparisons import choice_of, chosen_runs, comparison_of
from app.queries.markdown_reports import comparison_markdown
from app.services.long_reads import long_reads
from app.web.json_answers import answer
from app.web.result_file import comparison_file, markdown_answer

bp = api_blueprint("compare", "Runs side by side.")


class CompareQuery(BaseModel):
    """Which runs; the first is the baseline."""

    run_ids: Text = Field(description="Two to six run ids, comma-separated.")
    flips_from: int = Field(
        0, ge=0, le=10_000_000, description="flips_next of the answer before, for more flips."
    )
    show: Literal["flipped", "worse", "better", "both_wrong", "different", "all"] = Field(
        "flipped",
        description="Which samples `flips` lists: where the score is another, lower or higher "
        "than the first run's, both are wrong, or the answers differ.",
    )
    category: Text = Field("", description="Only samples of this one.")
    against: Text = Field("", description="The run held against the first; empty: the second.")


class FileQuery(CompareQuery):
    """Which runs, and whether their texts are in the file."""

    hide_texts: bool = Field(False, description="Leave out questions and answers.")


class Pair(BaseModel):
    """Run ``b`` against run ``a``."""

    a: str
    b: str
    n: int
    difference: float = Field(description="Mean score of b minus that of a, 0..1.")
    ci95: tuple[float, float] | None
    p_value: float | None
    p_value_adjusted: float | None = Field(description="After Holm, with more than one pair.")
    method: str
    wins: int
    losses: int
    ties: int
    samples_to_settle: int | None
    direction: str
    verdict: str


class CategoryDifference(BaseModel):
    """Run ``b`` against run ``a`` within a category."""

    category: str
    a: str
    b: str
    n: int
    a_score: float
    b_score: float
    difference: float
    ci95: tuple[float, float] | None
    p_value: float | None
    p_value_adjusted: float | None = Field(description="After Holm, over all categories and runs.")


class LabelAnswer(BaseModel):
    """What a run is called among those compared."""

    name: str = Field(description="Its model, or what else tells it from the others.")
    rest: str = Field(description="What differs beside the model; empty where nothing does.")


class DifferenceAnswer(BaseModel):
    """Something other than the model in which the runs differ."""

    field: str
    values: list[Any] = Field(description="Of each run; null: the default, or unknown.")


class ComparisonAnswer(BaseModel):
    """How the runs compare on the samples that they share."""

    comparable: bool
    warnings: list[str]
    differences: list[DifferenceAnswer]
    labels: list[LabelAnswer] = Field(description="Of each run.")
    common_samples: int
    runs: list[RunAnswer]
    pairs: list[Pair]
    categories: list[CategoryDifference]
    flips: list[dict[str, Any]]
    flips_total: int
    flips_next: int | None = Field(description="null: there are no more.")


@bp.get("/compare", responses={200: ComparisonAnswer})
def compare(query: CompareQuery) -> Response:
    """Compare runs, paired by sample."""
    rows = _chosen(query)
    with long_reads.turn(g.account.id, samples=sum(row.done for row in rows)):
        choice = choice_of(rows, query.show, query.category, query.against)
        return answer(comparison_of(rows, flips_from=query.flips_from, choice=choice))


@bp.get("/compare/report.md", responses={200: MARKDOWN})
def report(query: CompareQuery) -> Response:
    """Return the comparison as Markdown, for a pull request."""
    rows = _chosen(query)
    with long_reads.turn(g.account.id, samples=sum(row.done for row in rows)):
        return markdown_answer(comparison_markdown(comparison_of(rows), rows))


@bp.get("/compare/report.html", responses={200: HTML_FILE})
def report_file(query: FileQuery) -> Response:
    """Return the comparison as one HTML file, for mail and archives."""
    return comparison_file(_chosen(query), hide_texts=query.hide_texts, reader=g.account.id)


def _chosen(query: CompareQuery) -> list[Any]:
    ids = [run_id for run_id in query.run_ids.split(",") if run_id]
    return chosen_runs(ids, g.account.id)
