"""Says where a prompt asks for another form of answer than its scorer reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from app.engine.own.profiles import PROFILES, Reads, current_scorer

_ANSWER_LINE = re.compile(r"answer[*_`\"”']*+[ \t]*+[:：]", re.IGNORECASE)
_BOXED = re.compile(r"\\boxed|\bboxed?\b", re.IGNORECASE)
_REASONS = re.compile(
    r"step[- ]by[- ]step|\b(?:explain|reason(?:ing)?|justify|think|show your work|derive)\b",
    re.IGNORECASE,
)
_OTHER_FORM = re.compile(r"\bjson\b|<answer>|</|####", re.IGNORECASE)
_ADVICE: Mapping[Reads, str] = MappingProxyType(
    {
        "answer_line": "The scorer reads what follows the last “ANSWER:”, and the prompt does not "
        "ask for it: a reply without it scores 0.",
        "boxed": "The scorer reads the last \\boxed{} or what follows “ANSWER:”, and the prompt "
        "asks for neither: a reply without them scores 0.",
    }
)
_WHOLE = (
    "The scorer compares the whole reply with the target, and the prompt asks for {form}: such a "
    "reply will not be equal. Ask for the answer only, or for a last line “ANSWER: ...”."
)


def prompt_warnings(template: str, scorer: str) -> list[str]:
    """Return what in a prompt contradicts the scorer, in words for the user; mostly nothing.

    Args:
        template: The prompt of an own benchmark.
        scorer: Its scorer; one that is not offered has nothing to say.
    """
    profile = PROFILES.get(current_scorer(scorer))
    if profile is None or template == profile.template:
        return []
    asks_for_line, asks_for_box = bool(_ANSWER_LINE.search(template)), bool(_BOXED.search(template))
    if profile.reads == "answer_line" and not asks_for_line:
        return [_ADVICE["answer_line"]]
    if profile.reads == "boxed" and not (asks_for_line or asks_for_box):
        return [_ADVICE["boxed"]]
    if profile.reads == "whole" and not asks_for_line:
        other = _OTHER_FORM.search(template)
        form = "a box" if asks_for_box else "another form" if other else "the reasoning, too"
        if asks_for_box or other or _REASONS.search(template):
            return [_WHOLE.format(form=form)]
    return []
