"""The program that reads an uploaded file in a process with limits of its own.

It takes a task as JSON (``{"task": "look", "path": ...}``) and answers ``{"found": ...}`` or
``{"refused": {"message", "line", "field"}}``. Answers are small however large the file is: cells
and prompts are cut. It bounds itself; who started it sets a deadline besides.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import fmean
from types import MappingProxyType
from typing import Any

from app.engine.own.definition import check_template, render
from app.engine.own.file_rows import MAX_FILE_BYTES, FileFormat, columns_of, first_rows, read_rows
from app.engine.own.mapping import Columns, guess_columns, map_rows
from app.engine.own.own_data_error import OwnDataError
from app.engine.own.profiles import PROFILES, current_scorer
from app.engine.own.right_option import counted_from
from app.engine.token_counts import approximate_tokens

CPU_LIMIT_S = 90
MEMORY_LIMIT_BYTES = 512 * 1024 * 1024
OUT_OF_MEMORY_EXIT_CODE = 3
PREVIEWS = 3
COUNT_S = 3.0
"""So long may it take to say how many rows a file has."""
SHOWN_CELL_CHARS = 500
SHOWN_PROMPT_CHARS = 20_000
SHOWN_TARGET_CHARS = 1_000
MAX_PROMPTS_CHARS = 2 * MAX_FILE_BYTES
"""Of all prompts of a benchmark together: a run stores each."""

_LOOKED_AT = 20
_ROWS_AT_ONCE = 500
_COUNTED_PROMPTS = 200


def look(path: str, file_format: FileFormat) -> dict[str, Any]:
    """Return the columns of a file, what they probably hold, and its first rows, cut.

    Raises:
        OwnDataError: Its beginning cannot be read.
    """
    rows = first_rows(Path(path), file_format, _LOOKED_AT)
    names = columns_of(rows)
    shown = [{name: _shown(cell) for name, cell in row.items()} for _, row in rows[:PREVIEWS]]
    return {
        "columns": names,
        "guess": guess_columns(names),
        "rows": shown,
        "row_count": _row_count(path, file_format),
    }


def _row_count(path: str, file_format: FileFormat) -> int | None:
    """Return how many rows a file has; ``None``: not known in a moment, or one is wrong.

    Which one, saving says.
    """
    give_up_at = time.monotonic() + COUNT_S
    count = 0
    try:
        for count, _ in enumerate(read_rows(Path(path), file_format), start=1):
            if not count % _ROWS_AT_ONCE and time.monotonic() > give_up_at:
                return None
    except OwnDataError:
        return None
    return count


def preview(
    path: str, file_format: FileFormat, mapping: dict[str, Any], template: str
) -> dict[str, Any]:
    """Return the first prompts, cut where they are long, and what is assumed about the file.

    Raises:
        OwnDataError: Template or mapping do not fit, or one of the first rows does not.
    """
    check_template(template, mapping["scorer"])
    rows = iter(first_rows(Path(path), file_format, PREVIEWS))
    first, is_certain = _first_number(path, file_format, mapping)
    prompts = [_prompt_view(template, record) for record in _mapped(rows, mapping, first)]
    return {"prompts": prompts, "notes": [] if is_certain else [_assumed(first)]}


def _assumed(first: int) -> str:
    return (
        f"Numbers of right options are taken to count from {first} ({first} is A): nothing in the "
        "file shows it. If that is wrong, write letters, or label the options."
    )


def write(
    path: str, file_format: FileFormat, mapping: dict[str, Any], template: str, to: str
) -> dict[str, Any]:
    """Check all rows and write them as JSON lines; return the facts to store about them.

    Raises:
        OwnDataError: Template or mapping do not fit, or a row does not.
    """
    check_template(template, mapping["scorer"])
    first, _ = _first_number(path, file_format, mapping)
    records = _mapped(read_rows(Path(path), file_format), mapping, first)
    digest, rows, prompts_chars, has_categories = hashlib.sha256(), 0, 0, False
    tokens: list[int] = []
    with Path(to).open("xb") as file:
        for rows, record in enumerate(records, start=1):
            line = json.dumps(record, ensure_ascii=False).encode() + b"\n"
            digest.update(line)
            file.write(line)
            has_categories = has_categories or record["category"] is not None
            prompt = render(template, record)
            prompts_chars += len(prompt)
            if prompts_chars > MAX_PROMPTS_CHARS:
                raise OwnDataError(
                    f"All prompts together are longer than {MAX_PROMPTS_CHARS:,} characters. "
                    "Shorten the template, or split the file.",
                    field="prompt_template",
                )
            if rows <= _COUNTED_PROMPTS:
                tokens.append(approximate_tokens(prompt))
        size_bytes = file.tell()
    return {
        "rows": rows,
        "has_categories": has_categories,
        "size_bytes": size_bytes,
        "sha256": digest.hexdigest(),
        "input_tokens": round(fmean(tokens)),
    }


TASKS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {"look": look, "preview": preview, "write": write}
)


def _first_number(path: str, file_format: FileFormat, mapping: dict[str, Any]) -> tuple[int, bool]:
    """Return what numbers of right options count from in this file, and whether that is sure."""
    if not PROFILES[current_scorer(mapping["scorer"])].needs_choices:
        return 0, True
    rows = read_rows(Path(path), file_format)
    return counted_from(rows, mapping["target"], mapping["choices"])


def _mapped(
    rows: Iterator[tuple[int, Any]], mapping: dict[str, Any], first: int
) -> Iterator[dict[str, Any]]:
    columns = Columns(
        question=mapping["question"],
        target=mapping["target"],
        choices=tuple(mapping["choices"]),
        category=mapping["category"],
        id=mapping["id"],
    )
    return map_rows(rows, columns, PROFILES[current_scorer(mapping["scorer"])], first)


def _prompt_view(template: str, record: dict[str, Any]) -> dict[str, Any]:
    prompt, target = render(template, record), record["target"]
    return {
        "id": record["id"],
        "prompt": prompt[:SHOWN_PROMPT_CHARS],
        "prompt_chars": len(prompt),
        "target": target[:SHOWN_TARGET_CHARS]
        if isinstance(target, str)
        else [each[:SHOWN_TARGET_CHARS] for each in target],
        "category": record["category"],
    }


def _shown(cell: Any) -> Any:
    """Return a cell, or the beginning of its text where that is long."""
    text = cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)
    if len(text) <= SHOWN_CELL_CHARS:
        return cell
    return text[:SHOWN_CELL_CHARS] + "…"


def limit_resources() -> None:
    """Limit the time, memory and files of this process, and lower its priority."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 * MAX_FILE_BYTES, 4 * MAX_FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)


def main() -> None:
    """Do the task read from standard input."""
    limit_resources()
    asked = json.load(sys.stdin)
    try:
        answer = {"found": TASKS[asked.pop("task")](**asked)}
    except OwnDataError as error:
        answer = {"refused": {"message": error.text, "line": error.line, "field": error.field}}
    except MemoryError:
        os._exit(OUT_OF_MEMORY_EXIT_CODE)
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
