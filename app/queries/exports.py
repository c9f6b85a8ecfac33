"""A run's samples as a file, streamed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass

from app.errors import Invalid
from app.models import Run
from app.queries.runs import run_view
from app.queries.samples import sample_view, stream_samples

COLUMNS = (
    "sample_id",
    "epoch",
    "category",
    "outcome",
    "score",
    "target",
    "answer",
    "completion",
    "reasoning",
    "explanation",
    "finish_reason",
    "latency_ms",
    "input_tokens",
    "output_tokens",
    "attempts",
    "reply",
    "input",
    "error",
    "created_at",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class ExportFile:
    """An export being streamed: its name, type and text in pieces."""

    name: str
    media_type: str
    chunks: Iterator[str]


def export(run: Run, file_format: str) -> ExportFile:
    """Return all samples of a run as ``csv``, ``jsonl`` or ``json`` (with the run itself).

    Raises:
        Invalid: The format is not known.
    """
    stem = f"{run.benchmark}-{run.id}"
    if file_format == "csv":
        return ExportFile(f"{stem}.csv", "text/csv", _csv(run.id))
    if file_format == "jsonl":
        return ExportFile(f"{stem}.jsonl", "application/x-ndjson", _json_lines(run.id))
    if file_format == "json":
        return ExportFile(f"{stem}.json", "application/json", _json(run))
    raise Invalid("There is no such format.", fields={"format": ["One of: csv, jsonl, json."]})


def _json_lines(run_id: str) -> Iterator[str]:
    for row in stream_samples(run_id):
        yield json.dumps(sample_view(row), ensure_ascii=False) + "\n"


def _json(run: Run) -> Iterator[str]:
    run_id = run.id
    yield f'{{"run": {json.dumps(run_view(run), ensure_ascii=False)},\n"samples": ['
    separator = "\n"
    for row in stream_samples(run_id):
        yield separator + json.dumps(sample_view(row), ensure_ascii=False)
        separator = ",\n"
    yield "\n]}\n"


def _csv(run_id: str) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for row in stream_samples(run_id):
        view = sample_view(row)
        writer.writerow([_cell(view[name]) for name in COLUMNS])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _cell(value: object) -> str | int | float | None:
    """Return a value as a cell; text that a spreadsheet would run as a formula is quoted."""
    if value is None or isinstance(value, int | float):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(_FORMULA) else text
