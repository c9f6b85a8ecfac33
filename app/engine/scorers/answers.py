"""Finding the ``Answer: …`` line in a completion.

All patterns run in linear time: no two adjacent quantifiers can match the same character.
"""

from __future__ import annotations

import re

_FIRST_LINE = re.compile(r"Answer\s*:\s*([^\n]+)", re.IGNORECASE)
_MARKER = re.compile(r"ANSWER\s*:\s*", re.IGNORECASE)


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
    several markers the first one counts. This is inspect_ai's ``AnswerPattern.LINE``.
    """
    body = text.rstrip()
    last_break = body.rfind("\n")
    for match in _MARKER.finditer(body):
        if match.end() > last_break and match.end() < len(body):
            return body[match.end() :]
    return None


def final_answer_word(text: str) -> str | None:
    """Return the single word (without a closing full stop) of ``final_answer_line``."""
    line = final_answer_line(text)
    if line is None or len(line.split()) != 1:
        return None
    return line.rstrip(".") or None
