"""Finding the ``Answer: …`` line in a completion.

All patterns run in linear time: no two adjacent quantifiers can match the same character.
"""

from __future__ import annotations

import re

_FIRST_LINE = re.compile(r"Answer\s*:\s*([^\n]+)", re.IGNORECASE)
_MARKER = re.compile(r"ANSWER\s*+:\s*+", re.IGNORECASE)
_WORD = re.compile(r"\S++")
_WHITE_SPACE = re.compile(r"\s*+")
_CLOSING_MARKS = ".,;:!?"


def first_answer_line(text: str) -> str | None:
    """Return the rest of the line after the first ``Answer:``, as simple-evals does.

    White space (line breaks too) after the colon is skipped.
    """
    match = _FIRST_LINE.search(text)
    return match.group(1) if match else None


def first_answer_or_last_line(text: str) -> str:
    """Return what follows the first ``Answer:``, else the last line with content, else ``""``."""
    labelled = first_answer_line(text)
    if labelled is not None:
        return labelled.strip()
    stripped = text.strip()
    return stripped[stripped.rfind("\n") + 1 :].strip()


def final_answer_line(text: str) -> str | None:
    """Return the rest of the line after an ``ANSWER:`` with which the completion ends.

    Anything but white space after that line means that there is no final answer. On a line with
    several markers the first one counts; of nothing but white space, its last character is the
    answer. This is inspect_ai's ``AnswerPattern.LINE``, trailing spaces included.
    """
    content_end = len(text.rstrip())
    last_break = text.rfind("\n", 0, content_end)
    for marker in _MARKER.finditer(text):
        start = marker.end()
        if start == len(text):
            blank = text[marker.start() :].partition(":")[2].rstrip("\n")
            return blank[-1:] or None
        if start > last_break:
            line_end = text.find("\n", start)
            return text[start : len(text) if line_end < 0 else line_end]
    return None


def last_answer_word(text: str) -> str | None:
    """Return the word that ends the line of the last ``ANSWER:``, without one closing mark.

    This is inspect_ai's ``AnswerPattern.WORD``: a word with more text behind it on its line is no
    answer, and neither is an earlier ``ANSWER:``.
    """
    markers = list(_MARKER.finditer(text))
    read = 0  # up to here lies a word that was refused; markers inside it end with the same word
    for index, marker in enumerate(markers):
        start = marker.end()
        if start < read:
            continue
        word = _WORD.match(text, start)
        if word is None:
            continue
        read = end = word.end()
        rest = _WHITE_SPACE.match(text, end)
        if rest is None or not (rest.end() == len(text) or "\n" in rest.group()):
            continue
        if end - start > 1 and text[end - 1] in _CLOSING_MARKS:
            end -= 1
        if index + 1 == len(markers) or markers[-1].start() < end:
            return text[start:end]
    return None
