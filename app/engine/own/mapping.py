"""Maps the columns of an uploaded file to the fields of a question."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from app.engine.own.profiles import Profile
from app.engine.own.rows import OwnDataError, Row

MAX_OPTIONS = 26
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
_OPTION_COLUMNS = ("a", "b", "c", "d", "e", "f")
_DIVIDER = re.compile(r"[\n|]")


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
    options = [by_name[word] for word in _OPTION_COLUMNS if word in by_name]
    found["choices"] = [found["choices"]] if found["choices"] else options
    return found


def map_rows(
    rows: Iterator[tuple[int, Row]], columns: Columns, profile: Profile
) -> Iterator[dict[str, Any]]:
    """Yield each row as a record ``{id, question, target, choices, category}``.

    Raises:
        OwnDataError: A row does not fit; its line and column are named.
    """
    seen: set[bytes] = set()
    categories: set[str | None] = set()
    for number, (line, row) in enumerate(rows, start=1):
        record = _map_row(row, line, number, columns, profile)
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
    row: Row, line: int, number: int, columns: Columns, profile: Profile
) -> dict[str, Any]:
    choices = _choices(row, line, columns.choices)
    if profile.needs_choices and not 2 <= len(choices) <= MAX_OPTIONS:
        raise OwnDataError(
            f"has {len(choices)} options; multiple choice needs 2 to {MAX_OPTIONS}.",
            line,
            "choices",
        )
    target: str | list[str] = _targets(row, line, columns.target)
    if profile.needs_choices:
        target = _letter(target[0], choices, line)
    category = _short(row, line, "category", columns.category, MAX_CATEGORY_CHARS)
    return {
        "id": _id(row, line, columns.id) or str(number),
        "question": _text(_cell(row, line, "question", columns.question), line, columns.question),
        "target": target[0] if len(target) == 1 else target,
        "choices": choices,
        "category": category or None,
    }


def _cell(row: Row, line: int, kind: str, name: str) -> Any:
    if name not in row:
        raise OwnDataError(f"has no column {name!r}.", line, kind)
    value = row[name]
    if value is None or (isinstance(value, str) and not value.strip()):
        raise OwnDataError(f"its {name!r} is empty.", line, kind)
    return value


def _text(value: Any, line: int, name: str) -> str:
    """Return a value as text: numbers and truth values as JSON writes them."""
    if isinstance(value, str):
        text = value.strip("\r\n")
    elif isinstance(value, bool | int | float):
        text = json.dumps(value)
    else:
        raise OwnDataError(f"its {name!r} should be text or a number.", line)
    if any("\ud800" <= char <= "\udfff" for char in text) or "\0" in text:
        raise OwnDataError(f"its {name!r} holds a character that cannot be stored.", line)
    return text


def _short(row: Row, line: int, kind: str, name: str | None, most: int) -> str:
    if not name or row.get(name) in (None, ""):
        return ""
    text = " ".join(_text(row[name], line, name).split())
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
    found = [_text(each, line, name).strip() for each in values]
    if not found or not all(found):
        raise OwnDataError(f"its {name!r} is empty.", line, "target")
    if len(found) > MAX_TARGETS:
        raise OwnDataError(
            f"its {name!r} has {len(found):,} answers; at most {MAX_TARGETS}.", line, "target"
        )
    if any(len(each) > MAX_TARGET_CHARS for each in found):
        raise OwnDataError(
            f"its {name!r} is longer than {MAX_TARGET_CHARS:,} characters.", line, "target"
        )
    return found


def _choices(row: Row, line: int, names: tuple[str, ...]) -> list[str]:
    if not names:
        return []
    if len(names) > 1:
        cells = [row.get(name) for name in names]
        return [_text(cell, line, "choices") for cell in cells if cell not in (None, "")]
    value = _cell(row, line, "choices", names[0])
    return [_text(item, line, names[0]) for item in _listed(value, line, names[0])]


def _listed(value: Any, line: int, name: str) -> list[Any]:
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise OwnDataError(f"its {name!r} is not a valid JSON list.", line, "choices") from None
    if isinstance(value, str):
        return [part for each in _DIVIDER.split(value) if (part := each.strip())]
    if isinstance(value, Mapping):  # {"text": [...], "label": [...]}, as some datasets have it
        value = value.get("text")
    if not isinstance(value, list):
        raise OwnDataError(f"its {name!r} is not a list of options.", line, "choices")
    return value


def _letter(target: str, choices: list[str], line: int) -> str:
    """Return the right option's letter; the target may be it, the option's text or its index."""
    letters = [chr(ord("A") + index) for index in range(len(choices))]
    if target in choices:
        return letters[choices.index(target)]
    if target.upper() in letters:
        return target.upper()
    if target.isdecimal() and len(target) < 3 and int(target) < len(choices):
        return letters[int(target)]  # counted from 0, as datasets do
    raise OwnDataError(
        f"its target {target[:40]!r} is neither an option, nor its letter, nor its number from 0.",
        line,
        "target",
    )
