"""Reads the options of a multiple-choice row, in the many layouts that files have.

Options keep their letters: an empty one in the middle stays as ``""`` and is not offered.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Any

from app.engine.own.cells import text_of
from app.engine.own.file_rows import Row
from app.engine.own.own_data_error import OwnDataError

MAX_OPTIONS = 26

_LABEL = r"([A-Za-z]|[0-9]{1,2})"
_COLUMN = re.compile(rf"(.*?){_LABEL}", re.DOTALL)
_LABELLED_TEXT = re.compile(rf"\(?{_LABEL}[).:][ \t]++(?=\S)")
_PYTHON = re.compile(
    r"""(?:'(?:[^'\\\n]|\\.)*+'|"(?:[^"\\\n]|\\.)*+"|-?+[\w.]{1,40}+|[\[\]{}(),:]|\s++){2,800}+""",
    re.DOTALL,
)
"""A literal of as many parts as 26 options have: Python's parser takes 500 MB for a megabyte."""
_TEXT_KEYS = ("text", "value", "option", "content", "choice", "answer")
_LABEL_KEYS = ("label", "key", "id", "letter")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a row.

    Attributes:
        texts: In the order of their letters; ``""`` for one that is not offered.
        labels: What the file calls them (``1``, ``2`` ...); empty where it does not.
        are_explicit: The labels are part of the data, rather than of names or texts.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...] = ()
    are_explicit: bool = False

    @property
    def offered(self) -> int:
        """How many are not empty."""
        return sum(map(bool, self.texts))


def read_options(row: Row, line: int, names: Sequence[str]) -> Options:
    """Return the options of a row.

    Args:
        row: The row.
        line: Its line, for messages.
        names: One column with all options, or one column for each.

    Raises:
        OwnDataError: They cannot be read.
    """
    if not names:
        return Options(())
    if len(names) > 1:
        texts = [_text(row.get(name), line, name) for name in names]
        return _without_prefixes(_trimmed(Options(tuple(texts), _column_labels(names))))
    if names[0] not in row:
        raise OwnDataError(f"has no column {names[0]!r}.", line, "choices")
    return _without_prefixes(_trimmed(_read_one(row[names[0]], line, names[0])))


def _read_one(value: Any, line: int, name: str) -> Options:
    if value is None:
        return Options(())
    if isinstance(value, str):
        value = _parsed(value, line, name)
    if isinstance(value, Mapping):
        _check_count(value, line)
        return _from_mapping(value, line, name)
    if not isinstance(value, list):
        raise OwnDataError(f"its {name!r} is not a list of options.", line, "choices")
    _check_count(value, line)
    if value and all(isinstance(item, Mapping) for item in value):
        return _from_pairs([_pair(item, line, name) for item in value], line, name)
    return Options(tuple(_text(item, line, name) for item in value))


def _check_count(found: Sized, line: int) -> None:
    """Refuse what no letters are left for, whatever the scorer, before each is looked at."""
    if len(found) > MAX_OPTIONS:
        raise OwnDataError(f"has {len(found):,} options; at most {MAX_OPTIONS}.", line, "choices")


def _parsed(text: str, line: int, name: str) -> Any:
    """Return the list or object that a cell holds as text, else its parts."""
    stripped = text.strip()
    if stripped.startswith(("[", "{")):
        try:
            return json.loads(stripped)
        except (ValueError, RecursionError):
            pass
        try:
            # ['red', 'blue'], as Python writes lists
            value = ast.literal_eval(stripped) if _PYTHON.fullmatch(stripped) else None
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            value = None
        if isinstance(value, list | dict):
            return value
        if "|" not in text and "\n" not in stripped:
            raise OwnDataError(f"its {name!r} is not a valid JSON list.", line, "choices")
    parts: list[str] = []
    for part in text.strip().split("|"):
        lines = [each.strip() for each in part.split("\n") if each.strip()]
        parts += lines or [""]
    if len(parts) > 2 and not parts[0] and not parts[-1]:
        parts = parts[1:-1]  # "| red | blue |"
    return parts


def _from_mapping(value: Mapping[str, Any], line: int, name: str) -> Options:
    lowered = {str(key).lower(): item for key, item in value.items()}
    texts = lowered.get("text", lowered.get("texts"))
    labels = lowered.get("label", lowered.get("labels"))
    if isinstance(texts, list):
        _check_count(texts, line)
        if not isinstance(labels, list):
            return Options(tuple(_text(item, line, name) for item in texts))
        if len(labels) != len(texts):
            raise OwnDataError(
                f"its {name!r} has {len(labels)} labels for {len(texts)} options.", line, "choices"
            )
        return _from_pairs(list(zip(map(str, labels), texts, strict=True)), line, name)
    if not value or any(isinstance(item, Mapping | list) for item in value.values()):
        raise OwnDataError(
            f'its {name!r} is not a list of options, nor an object such as {{"A": "red"}}.',
            line,
            "choices",
        )
    return _from_pairs([(str(key), item) for key, item in value.items()], line, name)


def _pair(item: Mapping[str, Any], line: int, name: str) -> tuple[str, Any]:
    text = next((item[key] for key in _TEXT_KEYS if key in item), None)
    label = next((item[key] for key in _LABEL_KEYS if key in item), "")
    if text is None:
        raise OwnDataError(f"its {name!r} has an option without a text.", line, "choices")
    return str(label), text


def _from_pairs(pairs: list[tuple[str, Any]], line: int, name: str) -> Options:
    """Return labelled options; letters and numbers from 1 keep their places, gaps are empty."""
    labels = [label.strip() for label, _ in pairs]
    texts = [_text(text, line, name) for _, text in pairs]
    if not any(labels):
        return Options(tuple(texts))
    if len({label.casefold() for label in labels}) < len(labels) or not all(labels):
        raise OwnDataError(f"its {name!r} does not label each option differently.", line, "choices")
    places = _places(labels)
    if places is None:
        return Options(tuple(texts), tuple(labels), are_explicit=True)
    placed, named = [""] * (max(places) + 1), [""] * (max(places) + 1)
    for place, label, text in zip(places, labels, texts, strict=True):
        placed[place], named[place] = text, label
    return Options(tuple(placed), tuple(named), are_explicit=True)


def _places(labels: list[str]) -> list[int] | None:
    if all(len(label) == 1 and label.isascii() and label.isalpha() for label in labels):
        places = [ord(label.upper()) - ord("A") for label in labels]
    elif all(label.isascii() and label.isdecimal() and len(label) < 3 for label in labels):
        first = min(1, *map(int, labels))
        places = [int(label) - first for label in labels]
    else:
        return None
    return places if max(places) < MAX_OPTIONS else None


def _column_labels(names: Sequence[str]) -> tuple[str, ...]:
    """Return the labels with which the columns' names end (``option_1``, ``B``), if they do."""
    found = [_COLUMN.fullmatch(name.strip()) for name in names]
    matches = [match for match in found if match]
    if len(matches) < len(names) or len({match.group(1).casefold() for match in matches}) > 1:
        return ()
    labels = [match.group(2) for match in matches]
    return tuple(labels) if _places(labels) else ()


def _without_prefixes(options: Options) -> Options:
    """Take labels off the texts where all have one, in order (``1. red``, ``2. blue``)."""
    found = [(i, _LABELLED_TEXT.match(text)) for i, text in enumerate(options.texts) if text]
    matches = [(i, match) for i, match in found if match]
    if len(matches) < 2 or len(matches) < len(found):
        return options
    places = _places([match.group(1) for _, match in matches])
    indices = [i for i, _ in matches]
    if places != indices:
        return options
    texts = list(options.texts)
    labels = [""] * len(texts)
    for i, match in matches:
        texts[i], labels[i] = texts[i][match.end() :], match.group(1)
    return Options(tuple(texts), options.labels or tuple(labels), options.are_explicit)


def _trimmed(options: Options) -> Options:
    """Return the options without empty ones at the end."""
    count = len(options.texts)
    while count and not options.texts[count - 1]:
        count -= 1
    return Options(options.texts[:count], options.labels[:count], options.are_explicit)


def _text(value: Any, line: int, name: str) -> str:
    if value is None or (isinstance(value, str) and not value.strip()):
        return ""
    return text_of(value, line, name).strip()
