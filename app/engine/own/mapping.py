"""Maps the columns of an uploaded file to the fields of a question."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from app.engine.own.cells import text_of
from app.engine.own.file_rows import Row
from app.engine.own.options import MAX_OPTIONS, read_options
from app.engine.own.own_data_error import OwnDataError
from app.engine.own.profiles import Profile
from app.engine.own.right_option import right_letter
from app.engine.scorers.number_reading import read_target

MAX_ID_CHARS = 100
MAX_CATEGORY_CHARS = 100
MAX_CATEGORIES = 500
MAX_TARGETS = 50
MAX_TARGET_CHARS = 10_000

_GUESSES = {
    "question": ("question", "prompt", "problem", "input", "query", "text"),
    "target": ("target", "answer", "label", "expected", "solution", "output", "answer_key"),
    "choices": ("choices", "options", "endings"),
    "category": ("category", "subject", "topic", "group", "difficulty"),
    "id": ("id", "sample_id", "uid", "key"),
}
_OPTION_COLUMN = re.compile(
    r"(option|opt|choice|answer|ending)?[ _-]?((?-i:[A-Ja-j])|[0-9])", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Columns:
    """The column of each field.

    Attributes:
        question: What is asked.
        target: The right answer; a list where several are accepted.
        choices: Options: one column with a list of them, or one column for each option.
        category: For the breakdown.
        id: Unique; without it rows are numbered.
    """

    question: str
    target: str
    choices: tuple[str, ...] = ()
    category: str | None = None
    id: str | None = None

    def view(self) -> dict[str, Any]:
        """Return the mapping as JSON."""
        return {
            "question": self.question,
            "target": self.target,
            "choices": list(self.choices),
            "category": self.category,
            "id": self.id,
        }


def guess_columns(names: list[str]) -> dict[str, Any]:
    """Return a guessed mapping, from the names of the columns."""
    by_name = {name.strip().lower(): name for name in reversed(names)}
    found: dict[str, Any] = {
        kind: next((by_name[word] for word in words if word in by_name), "")
        for kind, words in _GUESSES.items()
    }
    options = [name for name in names if _OPTION_COLUMN.fullmatch(name.strip())]
    found["choices"] = [found["choices"]] if found["choices"] else options
    return found


def map_rows(
    rows: Iterator[tuple[int, Row]], columns: Columns, profile: Profile, first: int = 0
) -> Iterator[dict[str, Any]]:
    """Yield each row as a record ``{id, question, target, choices, category}``.

    Args:
        rows: Each with its line.
        columns: What they hold.
        profile: How answers are scored.
        first: What the number of the first option is, where options have no labels.

    Raises:
        OwnDataError: A row does not fit; its line and column are named.
    """
    if len(set(columns.choices)) < len(columns.choices):
        raise OwnDataError("A column is given for two options.", field="choices")
    seen: set[bytes] = set()
    categories: set[str | None] = set()
    for number, (line, row) in enumerate(rows, start=1):
        record = _map_row(row, line, number, columns, profile, first)
        key = blake2b(record["id"].encode(), digest_size=12).digest()
        if key in seen:
            raise OwnDataError(f"the id {record['id']!r} occurs twice.", line, "id")
        seen.add(key)
        categories.add(record["category"])
        if len(categories) > MAX_CATEGORIES:
            raise OwnDataError(
                f"There are more than {MAX_CATEGORIES} different categories; "
                "choose a column that groups the questions.",
                line,
                "category",
            )
        yield record


def _map_row(
    row: Row, line: int, number: int, columns: Columns, profile: Profile, first: int
) -> dict[str, Any]:
    options = read_options(row, line, columns.choices)
    if profile.needs_choices and (options.offered < 2 or len(options.texts) > MAX_OPTIONS):
        raise OwnDataError(
            f"has {options.offered} options; multiple choice needs 2 to {MAX_OPTIONS}.",
            line,
            "choices",
        )
    target: str | list[str] = _targets(row, line, columns.target)
    if profile.needs_choices:
        target = right_letter(target, options, line, first)
    if profile.needs_numbers:
        _check_numbers(target, line, columns.target)
    if profile.needs_code:
        _check_code(target, line, columns.target)
    category = _short(row, line, "category", columns.category, MAX_CATEGORY_CHARS)
    return {
        "id": _id(row, line, columns.id) or str(number),
        "question": text_of(_cell(row, line, "question", columns.question), line, columns.question),
        "target": target[0] if len(target) == 1 else target,
        "choices": list(options.texts),
        "category": category or None,
    }


def _check_numbers(targets: Iterable[str], line: int, name: str) -> None:
    """Refuse targets that no answer could equal."""
    for target in targets:
        if read_target(target) is None:
            raise OwnDataError(
                f"its {name!r} is {target[:40]!r}, which is not one number. Write digits, such as "
                "5, -0.5, 1/2, 1e-5, 1,234, 50%, $5, 42 km or 3.14 ± 0.01.",
                line,
                "target",
            )


def _check_code(targets: Iterable[str], line: int, name: str) -> None:
    """Refuse tests that no answer could pass, since Python cannot read them."""
    try:
        ast.parse("\n".join(targets))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise OwnDataError(
            f"its {name!r} is not Python ({getattr(error, 'msg', 'too deep')}). Write assertions, "
            "such as: assert add(1, 2) == 3",
            line,
            "target",
        ) from None


def _cell(row: Row, line: int, kind: str, name: str) -> Any:
    if name not in row:
        raise OwnDataError(f"has no column {name!r}.", line, kind)
    value = row[name]
    if value is None or (isinstance(value, str) and not value.strip()):
        raise OwnDataError(f"its {name!r} is empty.", line, kind)
    return value


def _short(row: Row, line: int, kind: str, name: str | None, most: int) -> str:
    if not name or row.get(name) in (None, ""):
        return ""
    text = " ".join(text_of(row[name], line, name).split())
    if len(text) > most:
        raise OwnDataError(f"its {name!r} is longer than {most} characters.", line, kind)
    if not text.isprintable():
        raise OwnDataError(f"its {name!r} holds control characters.", line, kind)
    return text


def _id(row: Row, line: int, name: str | None) -> str:
    text = _short(row, line, "id", name, MAX_ID_CHARS)
    # Programs that read addresses take these for steps in a path, whatever one does.
    if text in (".", "..") or text.startswith("/") or text.endswith("/") or "//" in text:
        raise OwnDataError(
            f"the id {text!r} cannot be part of a URL: it must not be '.' or '..', "
            "start or end with '/', or contain '//'.",
            line,
            "id",
        )
    return text


def _targets(row: Row, line: int, name: str) -> list[str]:
    value = _cell(row, line, "target", name)
    values = value if isinstance(value, list) else [value]
    if len(values) > MAX_TARGETS:
        raise OwnDataError(
            f"its {name!r} has {len(values):,} answers; at most {MAX_TARGETS}.", line, "target"
        )
    found = [text_of(each, line, name).strip() for each in values]
    if not found or not all(found):
        raise OwnDataError(f"its {name!r} is empty.", line, "target")
    if any(len(each) > MAX_TARGET_CHARS for each in found):
        raise OwnDataError(
            f"its {name!r} is longer than {MAX_TARGET_CHARS:,} characters.", line, "target"
        )
    return found
