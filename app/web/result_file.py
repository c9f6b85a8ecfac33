"""A result as one HTML file for mail and archives: without scripts, fonts or anything to load."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Response, current_app, stream_with_context
from markupsafe import Markup

from app.engine.questions import preview_of
from app.models import Run
from app.queries.exports import file_name
from app.queries.public_names import public_model
from app.queries.public_views import public_sample
from app.queries.runs import prompt_shape
from app.queries.samples import stream_samples
from app.web import sheet_bundle
from app.web.fitted_text import beginning, fitted
from app.web.shared_results import comparison_values, run_values

SHEETS = (
    *("tokens", "base", "layout", "components/controls", "components/surfaces"),
    *("components/status", "components/tables", "components/charts"),
    *("pages/run", "pages/compare", "pages/shared", "print"),
)
"""Style sheets that shared results need."""

MOST_BYTES = 1_850_000
"""Of all samples, as long as there are not more than a thousand."""
_LEAST_OF_SAMPLE = MOST_BYTES // 1000
_MOST_OF_SAMPLE = 40_000
_MARKUP_BYTES = 650
"""Of a sample beside its texts."""
_NAME_BYTES = 60
_PREVIEW_BYTES = 120
_SHARES = {"question": 0.38, "completion": 0.42, "answer": 0.1, "target": 0.1}
_CHUNK = 16_000


@dataclass(frozen=True, slots=True)
class TextSizes:
    """How many bytes the texts of a sample may take."""

    question: int
    completion: int
    answer: int
    target: int


PAGE_SIZES = TextSizes(20_000, 20_000, 2_000, 2_000)
"""On a page of samples."""


def sizes_for(samples: int) -> TextSizes:
    """Return the sizes of texts in a file of so many samples: the fewer, the longer."""
    whole = min(_MOST_OF_SAMPLE, max(_LEAST_OF_SAMPLE, MOST_BYTES // max(1, samples)))
    texts = whole - _MARKUP_BYTES
    return TextSizes(**{name: int(texts * share) for name, share in _SHARES.items()})


def fit_sample(view: dict[str, Any], sizes: TextSizes) -> dict[str, Any]:
    """Return a public sample with its texts as HTML that fits."""
    fit = {name: fitted(str(view[name] or ""), _NAME_BYTES) for name in ("name", "category")}
    if "question" in view:
        fit["preview"] = beginning(preview_of(view["question"]), _PREVIEW_BYTES)
        fit |= {
            name: fitted(view[name] or "", getattr(sizes, name))
            for name in _SHARES
            if view[name] is not None
        }
    return {**view, **fit}


def run_file(run: Run, *, hide_texts: bool, reader: int) -> Response:
    """Return a run with all its samples as a file to download, streamed.

    Args:
        run: The run.
        hide_texts: Leave out prompts, answers and targets.
        reader: The account that reads; `STRANGERS` for a visitor.
    """
    values = run_values(run, hide_texts=hide_texts, reader=reader)
    shape, sizes = prompt_shape(run), sizes_for(run.done)

    rows = (
        fit_sample(public_sample(row, shape, hide_texts=hide_texts), sizes)
        for row in stream_samples(run.id)
    )
    name = file_name("html", run.benchmark, public_model(run.model), run.id[-8:])
    return _answer("shared/run_file.html", name, **values, samples=rows)


def comparison_file(rows: Sequence[Run], *, hide_texts: bool, reader: int) -> Response:
    """Return a comparison as a file to download; the runs' samples are not in it."""
    values = comparison_values(rows, hide_texts=hide_texts, reader=reader)
    name = file_name("html", "comparison", rows[0].benchmark, rows[0].id[-8:])
    return _answer("shared/comparison_file.html", name, **values)


def markdown_answer(text: str) -> Response:
    """Return Markdown as text that a browser shows and does not draw."""
    return Response(text, mimetype="text/plain", headers={"Cache-Control": "no-store"})


def _answer(template: str, name: str, **values: Any) -> Response:
    app = current_app
    page = app.jinja_env.get_template(template)
    context: dict[str, Any] = {**values, "style": _style(str(app.static_folder)), "theme": None}
    return Response(
        stream_with_context(_in_chunks(page.generate(context))),
        mimetype="text/html",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _in_chunks(pieces: Iterator[str]) -> Iterator[str]:
    waiting: list[str] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= _CHUNK:
            yield "".join(waiting)
            waiting, size = [], 0
    yield "".join(waiting)


@lru_cache(maxsize=4)
def _style(static_folder: str) -> Markup:
    """Return the element with all style sheets, without the fonts: they are on the Studio."""
    text = sheet_bundle.squeeze_sheet(sheet_bundle.join(Path(static_folder) / "css", SHEETS))
    text = sheet_bundle.without(text, "@font-face {", "}\n")
    return Markup(f"<style>{text}</style>")  # noqa: S704 - our own style sheets
