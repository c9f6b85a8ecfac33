"""A run's samples as a file, streamed."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.errors import Invalid
from app.models import Run
from app.queries.run_errors import explanation
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
    "first_token_s",
    "output_tokens_per_s",
    "input_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost_usd",
    "judge_cost_usd",
    "attempts",
    "reply",
    "input",
    "error",
    "created_at",
)
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_BREAKS = ("\t", "\r", "\n")
_INVISIBLE = " \t\r\n\v\f\u00a0\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\u3000\ufeff"
_NUMBER = re.compile(r"[+-](?:[0-9][0-9.,]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?%?")
_MAX_NUMBER_CHARS = 40
BYTE_ORDER_MARK = "\ufeff"
"""Excel takes a CSV file without it for text of the country's old code page."""
_UNSAFE_IN_NAME = re.compile(r"[^A-Za-z0-9._-]++")
_MAX_NAME_PART = 60


@dataclass(frozen=True, slots=True)
class ExportFile:
    """An export being streamed: its name, type and text in pieces."""

    name: str
    media_type: str
    chunks: Iterator[str]


def export(run: Run, file_format: str, *, bom: bool = False) -> ExportFile:
    """Return all samples of a run as ``csv``, ``jsonl`` or ``json`` (with the run itself).

    Args:
        run: The run.
        file_format: ``csv``, ``jsonl`` or ``json``.
        bom: Begin CSV with a byte order mark, for Excel.

    Raises:
        Invalid: The format is not known.
    """
    name = file_name(file_format, run.benchmark, run.model, run.id)
    if file_format == "csv":
        return ExportFile(name, "text/csv", _csv(run.id, bom=bom))
    if file_format == "jsonl":
        return ExportFile(name, "application/x-ndjson", _json_lines(run.id))
    if file_format == "json":
        return ExportFile(name, "application/json", _json(run))
    raise Invalid(
        "There is no such format.", fields={"format": ["One of: csv, jsonl, json, html."]}
    )


def file_name(extension: str, *parts: str) -> str:
    """Return a file's name that is possible everywhere: ``gsm8k-openai-gpt-4o-0192.csv``."""
    return "-".join(map(_name_part, parts)) + f".{extension}"


def _name_part(text: str) -> str:
    """Return what may be part of a file's name everywhere; ``own/facts`` is ``own-facts``."""
    return _UNSAFE_IN_NAME.sub("-", text)[:_MAX_NAME_PART].strip("-.") or "run"


def _json_lines(run_id: str) -> Iterator[str]:
    for row in stream_samples(run_id):
        yield json.dumps(sample_view(row), ensure_ascii=False) + "\n"


def _json(run: Run) -> Iterator[str]:
    run_id = run.id
    view = {**run_view(run), **explanation(run)}
    yield f'{{"run": {json.dumps(view, ensure_ascii=False)},\n"samples": ['
    separator = "\n"
    for row in stream_samples(run_id):
        yield separator + json.dumps(sample_view(row), ensure_ascii=False)
        separator = ",\n"
    yield "\n]}\n"


def _csv(run_id: str, *, bom: bool) -> Iterator[str]:
    buffer = io.StringIO()
    buffer.write(BYTE_ORDER_MARK if bom else "")
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for row in stream_samples(run_id):
        view = sample_view(row)
        writer.writerow([csv_cell(view[name]) for name in COLUMNS])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def csv_cell(value: object) -> str | int | float | None:
    """Return a value as a cell; text that a spreadsheet would run as a formula is quoted.

    A number is none, so ``-42`` stays one; what stands behind blanks that nobody sees may be.
    """
    if value is None or isinstance(value, int | float):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) <= _MAX_NUMBER_CHARS and _NUMBER.fullmatch(text):
        return text
    is_formula = text.startswith(_BREAKS) or text.lstrip(_INVISIBLE).startswith(_FORMULA)
    return f"'{text}" if is_formula else text
