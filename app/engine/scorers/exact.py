"""Exact scorers of our own: what follows the last ``ANSWER:`` is right or wrong.

All are lenient about dress (emphasis, quotes, a closing full stop, letter case, the many ways to
write a number) and strict about content. Answer and target are read alike, and every target of a
list counts. A reply without an ``ANSWER:`` line is unparsable, never guessed at.
"""

from __future__ import annotations

import json
import re
from fractions import Fraction
from typing import Any

from app.engine.scorers.constraints import check
from app.engine.scorers.final_answers import answer_line, answer_text
from app.engine.scorers.number_reading import read_answer, read_number, read_target, same_number
from app.engine.scorers.text_folding import fold, same_text, undress
from app.engine.scorers.verdicts import targets_of
from app.engine.types import Sample, Scorer, Verdict

VERSIONS = {"exact/number": 2, "exact/text": 2, "exact/list": 2, "exact/choice": 2}
"""Raised with every change of verdicts; see ``scorer_registry.scorer_digest``."""


def _judge(sample: Sample, answer: str | None, *, right: bool) -> Verdict:
    if answer is None:
        return Verdict(0.0, None, "The reply has no line of the form ANSWER: ...")
    if right:
        return Verdict(1.0, answer, "The answer is exactly the expected one.")
    expected = " or ".join(targets_of(sample)[:3])
    return Verdict(0.0, answer, f"The answer is not the expected one: {expected}")


def parse_number(text: str) -> Fraction | None:
    """Return the value of the number that ``text`` is; see ``number_reading``."""
    number = read_number(text)
    return None if number is None else number.value


def score_number(completion: str, sample: Sample) -> Verdict:
    """Compare numbers by value: ``0.5``, ``1/2`` and ``2/4`` are the same."""
    line = answer_line(completion)
    if line is None:
        return _judge(sample, None, right=False)
    number = read_answer(undress(line))
    if number is None:
        return Verdict(0.0, None, f"The ANSWER line holds no number: {line[:80]}")
    targets = [target for text in targets_of(sample) if (target := read_target(text))]
    right = any(same_number(number, target) for target in targets)
    return _judge(sample, undress(line), right=right)


def score_text(completion: str, sample: Sample) -> Verdict:
    """Compare text without regard to case, blanks and dress."""
    line = answer_line(completion)
    if line is None:
        return _judge(sample, None, right=False)
    targets = targets_of(sample)
    right = same_text(line, targets)
    if not right and any("\n" in target for target in targets):
        right = same_text(answer_text(completion) or "", targets)
    return _judge(sample, undress(line) or line, right=right)


def _items(text: str) -> list[str]:
    """Split at commas, or at spaces where there is no comma; brackets around do not count."""
    text = text.strip().strip("[](){}").strip()
    parts = text.split(",") if "," in text else text.split()
    return [fold(undress(part)) or fold(part) for part in parts]


def score_list(completion: str, sample: Sample) -> Verdict:
    """Compare lists; in any order where the sample's metadata says ``unordered``."""
    line = answer_line(completion)
    if line is None:
        return _judge(sample, None, right=False)
    given, wanted = _items(undress(line)), [_items(undress(each)) for each in targets_of(sample)]
    if sample.metadata.get("unordered"):
        given, wanted = sorted(given), [sorted(each) for each in wanted]
    return _judge(sample, undress(line) or line, right=given in wanted)


def score_choice(completion: str, sample: Sample) -> Verdict:
    """Accept the letter of the right option (``B``, ``(B)``, ``B) text``) or its text."""
    line = answer_line(completion)
    if line is None:
        return _judge(sample, None, right=False)
    picked = _option(line, sample)
    if picked is None:
        return Verdict(0.0, None, f"The ANSWER line names none of the options: {line[:80]}")
    return _judge(sample, picked, right=picked in targets_of(sample))


def _option(line: str, sample: Sample) -> str | None:
    """Return the option that a line names, as a target is written: letter or text."""
    lettered = targets_of(sample)[0] not in sample.choices
    named = (i for i, choice in enumerate(sample.choices) if same_text(line, (choice,)))
    index = next(named, None)
    if index is None and lettered:
        letter = re.match(r"^\(?([A-Za-z])(?:[).:]|$|\)?\s)", undress(line))
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
    right = any(_same_json(value, json.loads(target)) for target in targets_of(sample))
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
