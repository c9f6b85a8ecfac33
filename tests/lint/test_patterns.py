"""Every regular expression of the app takes linear time, whatever text it meets.

One that takes quadratic time holds the interpreter for minutes on a megabyte of blanks, and with
it every thread of the process. New patterns are found by themselves.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.lint.pattern_attacks import Attack, attacks_on

pytestmark = pytest.mark.no_cover  # it measures; tracing takes several times as long as the work

_ROOT = Path(__file__).resolve().parents[2]
_SHORT, _LONG = 8_000, 32_000  # characters; quadratic time is 16 times as much for the second
_NOTICED_S = 0.005  # of CPU for the short text, where linear time is 0.0003 s
_CERTAIN_S = 0.05
_FAR_TOO_LONG_S = 0.2  # for the short text: there is nothing left to compare
_MOST_GROWTH = 8.0  # linear is 4
_PARTS = 8  # so that processes share the work
_NEVER_LONGER = {"app/engine/scorers/math_strings.py": 1_000}
"""Characters of the longest text that the patterns of a file meet; they may be quadratic."""
_MADE_WHILE_RUNNING = {
    "app/engine/answer_place.py": "literals of a short answer; see test_answer_place",
    "app/engine/clients/key_mask.py": "literals of an account's own key, without repetitions",
    "app/engine/clients/context_size.py": "called while importing, and so recorded there",
    "app/engine/clients/refusals.py": "fixed words around the name of one of our parameters",
    "app/engine/priced_hosts.py": "of the price list, for addresses of a few hundred characters",
    "app/engine/clients/openai_chat.py": "one of three fixed words",
    "app/engine/scorers/choice_openbench.py": "called while importing, and so recorded there",
    "app/engine/scorers/ifeval_checks.py": "keywords of the published dataset; see test_ifeval",
}


@dataclass(frozen=True)
class Found:
    """One pattern, and where it stands."""

    where: str
    pattern: str
    flags: int
    is_bytes: bool
    methods: tuple[str, ...]

    def search(self, text: str) -> None:
        """Use the pattern as the app does, for its time only."""
        compiled: Any = self.compiled()
        given: Any = text.encode("latin-1", "replace") if self.is_bytes else text
        for method in self.methods:
            if method == "finditer":
                for _ in compiled.finditer(given):
                    pass
            else:
                getattr(compiled, method)(given)

    def compiled(self) -> re.Pattern[Any]:
        """Return the pattern."""
        if self.is_bytes:
            return re.compile(self.pattern.encode("latin-1"), self.flags)
        return re.compile(self.pattern, self.flags & ~re.UNICODE.value)


@cache
def _found() -> tuple[list[Found], list[dict[str, Any]]]:
    """Return the patterns, and the calls that make one while the app runs."""
    program = [sys.executable, "-m", "tests.lint.pattern_finder"]
    out = subprocess.run(program, cwd=_ROOT, capture_output=True, check=True, timeout=300).stdout  # noqa: S603
    records = [json.loads(line) for line in out.splitlines()]
    made = [each for each in records if each["pattern"] is None]
    known = {
        (each["path"], each["pattern"], each["flags"]): Found(
            f"{each['path']}:{each['line']}",
            each["pattern"],
            each["flags"],
            each["bytes"],
            _methods(each["path"], each["line"]),
        )
        for each in records
        if each["pattern"] is not None
    }
    return list(known.values()), made


def _methods(path: str, line: int) -> tuple[str, ...]:
    """Return how a pattern is used: from everywhere in a text unless only ever from its start."""
    lines = (_ROOT / path).read_text("utf-8").splitlines()
    bound = next(
        (name for each in reversed(lines[:line]) for name in re.findall(r"^(\w+)\b.*=", each)), ""
    )
    if not bound:
        return ("finditer",)
    calls = re.compile(rf"(?<!`)\b{bound}\b(?:\.(\w+)\()?")
    used = set(calls.findall("\n".join(lines))[1:])
    if not bound.startswith("_"):
        named = re.compile(rf"\b{Path(path).stem} import\b[^\n(]*(?:\([^)]*)?\b{bound}\b")
        users = [text for text in _sources() if named.search(text)]
        used |= {use for text in users for use in calls.findall(named.sub("", text))}
    anchored = used & {"match", "fullmatch"}
    return tuple(anchored if anchored and anchored == used else anchored | {"finditer"})


@cache
def _sources() -> list[str]:
    return [path.read_text("utf-8") for path in (_ROOT / "app").rglob("*.py")]


def _cpu_s(found: Found, text: str) -> float:
    started = time.thread_time()
    found.search(text)
    return time.thread_time() - started


def _slow_attack(found: Found) -> str | None:
    """Return the attack that takes more than linear time; ``None`` where none does."""
    longest = _NEVER_LONGER.get(found.where.partition(":")[0])
    for attack in attacks_on(found.pattern, found.flags):
        if _cpu_s(found, attack(longest)) > _CERTAIN_S if longest else _grows(found, attack):
            return f"{attack(24)!r} and so on"
    return None


def _grows(found: Found, attack: Attack) -> bool:
    for size in (12, 16, 20, 22, 24, 26, 28, 30, 100, 1_000):  # exponential time never ends later
        if _cpu_s(found, attack(size)) > _FAR_TOO_LONG_S:
            return True
    short = _cpu_s(found, attack(_SHORT))
    if short < _NOTICED_S:
        return False
    if short > _FAR_TOO_LONG_S:
        return True
    return all(_grew(found, attack) for _ in range(3))


def _grew(found: Found, attack: Attack) -> bool:
    short, long = _cpu_s(found, attack(_SHORT)), _cpu_s(found, attack(_LONG))
    return long > _CERTAIN_S and long > _MOST_GROWTH * short


def test_the_finder_sees_patterns_of_modules_of_functions_and_behind_functions() -> None:
    found, _ = _found()
    places = {each.where.partition(":")[0] for each in found}
    assert len(found) > 100
    assert {
        "app/engine/own/mapping.py",
        "app/blueprints/api/schemas/fields.py",
        "app/engine/scorers/choice_openbench.py",
    } <= places


@pytest.mark.parametrize(
    "slow",
    [r"\s*[\n|]\s*", r"a.*b.*c", r"(a+)+$", r"<t[^>]*>x", r"\d+(?:,\d+)*\.", r"```\w*[^\n]*\n"],
)
def test_slow_patterns_are_told(slow: str) -> None:
    assert _slow_attack(Found("here", slow, re.UNICODE.value, False, ("finditer",)))


@pytest.mark.parametrize("part", range(_PARTS))
def test_every_pattern_takes_linear_time(part: int) -> None:
    found = _found()[0][part::_PARTS]
    slow = {each.where: said for each in found if (said := _slow_attack(each))}
    assert slow == {}


def test_patterns_that_are_made_while_running_are_known() -> None:
    _, made = _found()
    assert {each["path"] for each in made} <= set(_MADE_WHILE_RUNNING)
