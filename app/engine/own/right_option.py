"""Finds which option the target of a row is: by its label, letter, text or number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from app.engine.own.file_rows import Row
from app.engine.own.options import Options, read_options
from app.engine.own.own_data_error import OwnDataError
from app.engine.scorers.text_folding import fold

_LETTER = re.compile(r"(?:option|choice)? ?[(\[]?((?-i:[A-Za-z]))[)\].:]?", re.IGNORECASE)
_LETTER_AND_TEXT = re.compile(r"\(?([A-Za-z])[).:][ \t]++(?=\S)")
_LOOKED_AT = 1_000
_QUOTED_CHARS = 40


def right_letter(targets: Sequence[str], options: Options, line: int, first: int) -> str:
    """Return the letter of the one right option.

    Args:
        targets: The row's targets; several must name the same option.
        options: Of the row.
        line: For messages.
        first: What the first option's number is, where the file has no labels: 0 or 1.

    Raises:
        OwnDataError: A target names no option, more than one, or an empty one.
    """
    found = {_index(target, options, line, first): target for target in targets}
    if len(found) > 1:
        raise OwnDataError(
            f"its target names {len(found)} options ({', '.join(map(_letter, sorted(found)))}); "
            "multiple choice has one right option in each row.",
            line,
            "target",
        )
    [index] = found
    if not options.texts[index]:
        raise OwnDataError(
            f"its target is option {_letter(index)}, which is empty.", line, "target"
        )
    return _letter(index)


def _index(target: str, options: Options, line: int, first: int) -> int:
    labelled = _by_label(target, options)
    if options.are_explicit and labelled is not None:
        return labelled
    texts = _by_text(target, options)
    lettered = None if _has_number_labels(options) else _by_letter(target, options)
    found = {*texts, *(i for i in (labelled, lettered) if i is not None)}
    if len(found) > 1:
        raise OwnDataError(
            f"its target {_quoted(target)} can mean the options "
            f"{' and '.join(map(_letter, sorted(found)))}. Write the letter in front of the "
            "text, as in 'B) blue', or label the options.",
            line,
            "target",
        )
    if found:
        return found.pop()
    both = _by_letter_and_text(target, options)
    number = _by_number(target, options, first) if both is None else both
    if number is None and _has_number_labels(options):
        number = _by_letter(target, options)
    if number is None:
        raise OwnDataError(
            f"its target {_quoted(target)} is neither an option, nor its letter, nor its "
            f"number from {_first_label(options, first)}.",
            line,
            "target",
        )
    return number


def _by_label(target: str, options: Options) -> int | None:
    wanted = target.strip().strip("()[].:").casefold()
    labels = [label.casefold() for label in options.labels]
    return labels.index(wanted) if wanted and wanted in labels else None


def _by_text(target: str, options: Options) -> list[int]:
    exact = [i for i, text in enumerate(options.texts) if text and text == target.strip()]
    if exact:
        return exact
    wanted = fold(target)
    return [i for i, text in enumerate(options.texts) if text and fold(text) == wanted]


def _by_letter(target: str, options: Options) -> int | None:
    letter = _LETTER.fullmatch(target.strip())
    return _place(letter.group(1), options) if letter else None


def _by_letter_and_text(target: str, options: Options) -> int | None:
    """Return the option of ``B) blue``, where blue is option B."""
    label = _LETTER_AND_TEXT.match(target.strip())
    if label is None:
        return None
    index = _place(label.group(1), options)
    text = target.strip()[label.end() :]
    return index if index is not None and index in _by_text(text, options) else None


def _place(letter: str, options: Options) -> int | None:
    index = ord(letter.upper()) - ord("A")
    return index if index < len(options.texts) else None


def _by_number(target: str, options: Options, first: int) -> int | None:
    if _has_number_labels(options) or not _is_number(target):
        return None
    index = int(float(target)) - first
    return index if 0 <= index < len(options.texts) else None


def _is_number(target: str) -> bool:
    digits = target.removesuffix(".0")  # as pandas writes a column with gaps
    return digits.isascii() and digits.isdecimal() and len(digits) < 3


def _has_number_labels(options: Options) -> bool:
    return any(label.isdecimal() for label in options.labels)


def _first_label(options: Options, first: int) -> str:
    return next((label for label in options.labels if label.isdecimal()), str(first))


def _letter(index: int) -> str:
    return chr(ord("A") + index)


def _quoted(target: str) -> str:
    return repr(target[:_QUOTED_CHARS])


def counted_from(
    rows: Iterator[tuple[int, Row]], target_column: str, choice_columns: Sequence[str]
) -> tuple[int, bool]:
    """Return what a file's numbers of right options count from, and whether that is certain.

    A target 0 shows that they count from 0, one as large as the number of options that they
    count from 1. Without either, 0 is assumed, as most data sets have it.
    """
    uncertain = False
    try:
        for number, (line, row) in enumerate(rows, start=1):
            for target, options in _numbered(row, line, target_column, choice_columns):
                if target == 0:
                    return 0, True
                if target == len(options.texts):
                    return 1, True
                uncertain = True
            if number >= _LOOKED_AT and not uncertain:
                break
    except OwnDataError:
        pass  # whoever maps the rows says which one is at fault
    return 0, not uncertain


def _numbered(
    row: Row, line: int, target_column: str, choice_columns: Sequence[str]
) -> Iterable[tuple[int, Options]]:
    """Yield the targets of a row that can only be numbers of options."""
    value = row.get(target_column)
    for each in value if isinstance(value, list) else [value]:
        target = str(each).strip() if isinstance(each, str | int | float) else ""
        if isinstance(each, bool) or not _is_number(target):
            continue
        options = read_options(row, line, choice_columns)
        if not (_has_number_labels(options) or _by_text(target, options)):
            yield int(float(target)), options
