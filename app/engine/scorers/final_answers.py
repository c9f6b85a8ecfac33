"""Finding what follows the last ``ANSWER:`` of a reply, for the scorers of our own."""

from __future__ import annotations

import re

_EMPHASIS = r"[*_`]*+"
_MARK = re.compile(
    rf"\banswers?+{_EMPHASIS}[ \t]*+(?:is\b[ \t]*+)?+{_EMPHASIS}[:：]", re.IGNORECASE
)
_AFTER = "*_`$)]} \t\r\n"
_MAX_LEAD_CHARS = 40
_LEAD = re.compile(
    r"[\W_]*+(?:(?:so|thus|hence|therefore|and|the|my|our|final|correct|short)\b[\W_]*+)*+",
    re.IGNORECASE,
)
_EMPHASIS_SIGNS = "*_`"
_OPEN = re.compile(r"(?:\\[a-z]{1,20}\{|\\[(\[]|[*_`$(\[{\"'“‘「]){1,20}\Z")
_OPENINGS = {"*": "*", "_": "_", "`": "`", "$": "$", "(": ")", "[": "]", "{": "}", '"': '"'}
_OPENINGS |= {"“": "”", "‘": "’", "「": "」", "'": "'"}
_END_TOKENS = ("</s>", "<|im_end|>", "<|eot_id|>", "<|end|>", "<|endoftext|>", "<end_of_turn>")
"""Of chat templates, where a server leaves them in the text."""


def answer_text(completion: str) -> str | None:
    """Return what follows the last ``ANSWER:`` that something follows; ``None`` without one."""
    found = _last_mark(completion)
    if found is None:
        return None
    text, _ = _closed(_behind(completion, found), _openings(completion, found))
    return text.strip() or None


def answer_line(completion: str) -> str | None:
    """Return the line after the last ``ANSWER:``; ``None`` where there is none.

    Emphasis, quotes or brackets that began before the mark end with the line, so their ends are
    left out: of ``**ANSWER: 42**`` the line is ``42``.
    """
    found = _last_mark(completion)
    if found is None:
        return None
    text, openings = _closed(_behind(completion, found), _openings(completion, found))
    line = _without_ends(text.strip().split("\n", 1)[0].strip(), openings)
    return line or None


def answer_position(completion: str) -> int | None:
    """Return where the last ``ANSWER:`` begins; ``None`` without one."""
    found = _last_mark(completion)
    return None if found is None else found.start()


def _last_mark(completion: str) -> re.Match[str] | None:
    """Return the last mark that something follows; one that begins its line goes before others."""
    content_end = len(completion.rstrip(_AFTER))
    last = leading = None
    for mark in _MARK.finditer(completion):
        if last is None or mark.end() < content_end:
            last = mark
            leading = mark if _leads(completion, mark.start()) else leading
    return leading or last


def _behind(completion: str, mark: re.Match[str]) -> str:
    text = completion[mark.end() :].strip()
    token = next((each for each in _END_TOKENS if text.endswith(each)), "")
    return text.removesuffix(token).rstrip()


def _leads(completion: str, position: int) -> bool:
    before = completion[max(0, position - _MAX_LEAD_CHARS) : position]
    _, line_break, lead = before.rpartition("\n")
    return (bool(line_break) or position < _MAX_LEAD_CHARS) and bool(_LEAD.fullmatch(lead))


def _openings(completion: str, mark: re.Match[str]) -> str:
    """Return the signs right before a mark that are still open after it, the outermost first."""
    before = completion[max(0, mark.start() - _MAX_LEAD_CHARS) : mark.start()]
    found = _OPEN.search(before.rpartition("\n")[2])
    signs = re.sub(r"\\[a-z]*", "", found.group()) if found else ""
    closed = any(sign in mark.group() for sign in _EMPHASIS_SIGNS)
    return "".join(sign for sign in signs if not (closed and sign in _EMPHASIS_SIGNS))


def _closed(text: str, openings: str) -> tuple[str, str]:
    """Return the text after ends of emphasis that it begins with, and what is still open."""
    while openings and openings[-1] in _EMPHASIS_SIGNS and text.startswith(openings[-1]):
        text, openings = text[1:], openings[:-1]
    return text, openings


def _without_ends(line: str, openings: str) -> str:
    for opening in openings:
        bare = line.rstrip(".")
        end = _OPENINGS[opening]
        if bare.endswith(end) and bare.count(end) > bare.count(opening) * (end != opening):
            line = bare.removesuffix(end).rstrip()
    return line
