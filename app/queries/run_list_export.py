"""Runs as a CSV file, one a line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from app.queries.exports import BYTE_ORDER_MARK, ExportFile, csv_cell
from app.queries.run_records import RunRecord
from app.queries.runs import duration_s, runs_by_id, score_view, timestamp
from app.recorder.usage import usage_of

_AT_ONCE = 200
_PLAIN = ("name", "status", "benchmark", "benchmark_version", "protocol", "model", "simulated")
_SCORE = ("metric", "value", "stderr", "n")
_USAGE = ("input_tokens", "output_tokens", "cost_usd", "known_cost_usd", "judge_cost_usd")
_COUNTS = (
    "total", "done", "correct", "incorrect", "partial", "refused", "truncated", "unparsable",
    "error", "skipped",
)  # fmt: skip
_TIMES = ("created_at", "started_at", "finished_at")
HEADINGS = (
    "run_id", *_PLAIN, "score_metric", "score", "stderr", "score_n", "ci95_low", "ci95_high",
    *_COUNTS, *_USAGE, "duration_s", *_TIMES, "tags", "notes", "error_code", "error_message",
)  # fmt: skip


def export_list(account_id: int, run_ids: Sequence[str], *, bom: bool = False) -> ExportFile:
    """Return runs of the account as CSV, in the order given; what is gone meanwhile is left out.

    Args:
        account_id: Whose runs they are.
        run_ids: The runs.
        bom: Begin with a byte order mark, for Excel.
    """
    return ExportFile("runs.csv", "text/csv", _csv(account_id, run_ids, bom=bom))


def _csv(account_id: int, run_ids: Sequence[str], *, bom: bool) -> Iterator[str]:
    buffer = io.StringIO()
    buffer.write(BYTE_ORDER_MARK if bom else "")
    writer = csv.writer(buffer)
    writer.writerow(HEADINGS)
    for first in range(0, len(run_ids), _AT_ONCE):
        for run in runs_by_id(account_id, run_ids[first : first + _AT_ONCE]):
            writer.writerow(map(csv_cell, _values(run)))
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _values(run: RunRecord) -> Iterator[Any]:
    score, usage, counts, failure = score_view(run) or {}, usage_of(run), run.counts(), run.failure
    yield run.id
    yield from (getattr(run, name) for name in _PLAIN)
    yield from (score.get(name) for name in _SCORE)
    yield from score.get("ci95") or (None, None)
    yield from (counts[name] for name in _COUNTS)
    yield from (usage[name] for name in _USAGE)
    yield duration_s(run)
    yield from (timestamp(getattr(run, name)) for name in _TIMES)
    yield ", ".join(run.tags)
    yield run.notes
    yield from ((failure or {}).get(name) for name in ("code", "message"))
