"""Rules about the form of a text that a program can check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def check(constraint: Mapping[str, Any], text: str) -> bool:
    """Say whether ``text`` meets a constraint (``kind`` and its parameters).

    Raises:
        KeyError: There is no such kind.
    """
    return _CHECKS[str(constraint["kind"])](constraint, text)


def _lines(text: str) -> list[str]:
    return text.strip().split("\n")


def _words(text: str) -> list[str]:
    return text.casefold().split()


def _has_lines(rule: Mapping[str, Any], text: str) -> bool:
    return len(_lines(text)) == int(rule["count"])


def _words_per_line(rule: Mapping[str, Any], text: str) -> bool:
    return all(len(line.strip().split(" ")) == rule["count"] for line in _lines(text))


def _word_times(rule: Mapping[str, Any], text: str) -> bool:
    return _words(text).count(str(rule["word"]).casefold()) == int(rule["count"])


def _without_letter(rule: Mapping[str, Any], text: str) -> bool:
    return str(rule["letter"]) not in text.casefold()


def _first_word(rule: Mapping[str, Any], text: str) -> bool:
    return _words(text)[:1] == [rule["word"]]


def _last_word(rule: Mapping[str, Any], text: str) -> bool:
    return _words(text)[-1:] == [rule["word"]]


def _case(rule: Mapping[str, Any], text: str) -> bool:
    return text == (text.upper() if rule["case"] == "upper" else text.lower())


def _letters_only(_rule: Mapping[str, Any], text: str) -> bool:
    return all(letter.isalpha() or letter.isspace() for letter in text)


_CHECKS: Mapping[str, Callable[[Mapping[str, Any], str], bool]] = {
    "lines": _has_lines,
    "words_per_line": _words_per_line,
    "word_times": _word_times,
    "without_letter": _without_letter,
    "first_word": _first_word,
    "last_word": _last_word,
    "case": _case,
    "letters_only": _letters_only,
}
