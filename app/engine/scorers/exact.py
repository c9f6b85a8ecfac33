"""Exact scorers of the generated benchmarks: the last ``ANSWER:`` line is right or wrong.

All are lenient about dress (Markdown emphasis, quotes, a closing full stop, letter case) and
strict about content. A reply without an ``ANSWER:`` line is unparsable, never guessed at.
"""

from __future__ import annotations

import json
import re
from fractions import Fraction
from typing import Any

from app.engine.scorers.constraints import check
from app.engine.types import Sample, Scorer, Verdict

_MARK = re.compile(r"\banswer\s*+(?:[*_`]++\s*+)?:", re.IGNORECASE)
_BOXED = re.compile(r"^\$*\\boxed\{(.*)\}\$*$", re.DOTALL)
_NUMBER = re.compile(r"^[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?(/\d+)?$")
_DRESS = "*_`\"'“”‘’$ \t"
_MAX_NUMBER_CHARS = 200
"""No right answer is longer; beyond it ``int`` would become slow or refuse."""


def answer_text(completion: str) -> str | None:
    """Return what follows the last ``ANSWER:``, up to the end; ``None`` without one."""
    marks = list(_MARK.finditer(completion))
    return completion[marks[-1].end() :].strip() if marks else None


def _answer_line(completion: str) -> str | None:
    """Return the line after the last ``ANSWER:`` without its dress; ``None`` if empty."""
    text = (answer_text(completion) or "").lstrip(_DRESS + "\n")
    line = _undress(text.split("\n", 1)[0])
    boxed = _BOXED.match(line)
    return (_undress(boxed.group(1)) if boxed else line) or None


def _undress(text: str) -> str:
    text = text.strip(_DRESS)
    return text[:-1].strip(_DRESS) if text.endswith(".") else text


def _judge(sample: Sample, answer: str | None, *, right: bool) -> Verdict:
    if answer is None:
        return Verdict(0.0, None, "The reply has no line of the form ANSWER: ...")
    if right:
        return Verdict(1.0, answer, "The answer is exactly the expected one.")
    return Verdict(0.0, answer, f"The answer is not the expected one: {_target(sample)}")


def _target(sample: Sample) -> str:
    return sample.target if isinstance(sample.target, str) else sample.target[0]


def parse_number(text: str) -> Fraction | None:
    """Read an integer, decimal or fraction, with optional thousands commas."""
    text = text.replace("−", "-").replace(" ", "")
    if len(text) > _MAX_NUMBER_CHARS or not _NUMBER.match(text):
        return None
    try:
        top, _, bottom = text.replace(",", "").partition("/")
        return Fraction(top) / Fraction(bottom or "1")
    except ZeroDivisionError:
        return None


def score_number(completion: str, sample: Sample) -> Verdict:
    """Compare numbers by value: ``0.5``, ``1/2`` and ``2/4`` are the same."""
    line = _answer_line(completion)
    value = None if line is None else parse_number(line)
    if line is not None and value is None:
        return Verdict(0.0, None, f"The ANSWER line holds no number: {line[:80]}")
    return _judge(sample, line, right=value == parse_number(_target(sample)))


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def score_text(completion: str, sample: Sample) -> Verdict:
    """Compare text without regard to case and runs of spaces."""
    line = _answer_line(completion)
    return _judge(sample, line, right=line is not None and _plain(line) == _plain(_target(sample)))


def _items(text: str) -> list[str]:
    """Split at commas, or at spaces where there is no comma; brackets around do not count."""
    text = text.strip().strip("[](){}").strip()
    parts = text.split(",") if "," in text else text.split()
    return [_plain(part.strip(_DRESS)) for part in parts]


def score_list(completion: str, sample: Sample) -> Verdict:
    """Compare lists; in any order where the sample's metadata says ``unordered``."""
    line = _answer_line(completion)
    if line is None:
        return _judge(sample, None, right=False)
    given, wanted = _items(line), _items(_target(sample))
    if sample.metadata.get("unordered"):
        given, wanted = sorted(given), sorted(wanted)
    return _judge(sample, line, right=given == wanted)


def score_choice(completion: str, sample: Sample) -> Verdict:
    """Accept the letter of the right option (``B``, ``(B)``, ``B) text``) or its text."""
    line = _answer_line(completion)
    if line is None:
        return _judge(sample, None, right=False)
    picked = _option(line, sample)
    if picked is None:
        return Verdict(0.0, None, f"The ANSWER line names none of the options: {line[:80]}")
    return _judge(sample, picked, right=picked == _target(sample))


def _option(line: str, sample: Sample) -> str | None:
    """Return the option that a line names, as a target is written: letter or text."""
    lettered = _target(sample) not in sample.choices
    by_text = {_plain(choice): i for i, choice in enumerate(sample.choices)}
    index = by_text.get(_plain(line))
    if index is None and lettered:
        letter = re.match(r"^\(?([A-Za-z])(?:[).:]|$|\)?\s)", line)
        index = ord(letter.group(1).upper()) - ord("A") if letter else None
    if index is None or index >= len(sample.choices):
        return None
    return chr(ord("A") + index) if lettered else sample.choices[index]


def score_json(completion: str, sample: Sample) -> Verdict:
    """Compare JSON values: the order of keys does not matter, that of list items does."""
    text = answer_text(completion)
    if text is None:
        return _judge(sample, None, right=False)
    value, found = _first_json(text)
    if not found:
        return Verdict(0.0, None, "What follows ANSWER: is not valid JSON.")
    right = _same_json(value, json.loads(_target(sample)))
    return _judge(sample, json.dumps(value, sort_keys=True), right=right)


def _first_json(text: str) -> tuple[Any, bool]:
    """Return the first JSON object or list in a text, and whether there is one."""
    start = re.search(r"[{\[]", text)
    if not start:
        return None, False
    try:
        return json.JSONDecoder().raw_decode(text, start.start())[0], True
    except (ValueError, RecursionError):
        return None, False


def _same_json(a: Any, b: Any) -> bool:
    """Compare strictly: in Python ``True == 1``, in JSON it is not."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same_json(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same_json, a, b))
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    return bool(a == b)


def score_constraints(completion: str, sample: Sample) -> Verdict:
    """Check the whole reply against ``metadata["constraints"]``; all must hold.

    ``detail["constraints"]`` says for each whether it holds.
    """
    text = completion.strip()
    if not text:
        return Verdict(0.0, None, "The reply is empty.")
    constraints = sample.metadata["constraints"]
    held = [check(constraint, text) for constraint in constraints]
    broken = [str(c["kind"]) for c, ok in zip(constraints, held, strict=True) if not ok]
    explanation = f"Broken rules: {', '.join(broken)}" if broken else "Every rule holds."
    return Verdict(float(not broken), text, explanation, {"constraints": held})


SCORERS: dict[str, Scorer] = {
    "exact/number": score_number,
    "exact/text": score_text,
    "exact/list": score_list,
    "exact/choice": score_choice,
    "exact/json": score_json,
    "exact/constraints": score_constraints,
}
