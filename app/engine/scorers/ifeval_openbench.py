"""IFEval's instructions as openbench 0.5.3 checks them, where that differs from the reference.

Keywords are taken literally and match whole words only; a postscript must stand in the last
line; blank paragraphs are left out before counting to the n-th one, and all punctuation is
taken out of its first word; a highlight in double asterisks counts twice; a text whose language
cannot be told is not English.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.engine.scorers.ifeval_checks import (
    CHECKS,
    Arguments,
    Check,
    compares,
    number,
    pattern,
    postscript_pattern,
    words,
)
from app.engine.scorers.ifeval_language import detect_language

_HIGHLIGHTS = (re.compile(r"\*[^\n*]+\*"), re.compile(r"\*\*[^\n*]+\*\*"))
_NOT_WORD = re.compile(r"\W")


def _whole_word(word: str) -> re.Pattern[str]:
    return pattern(rf"\b{re.escape(word)}\b")


def _includes_keywords(answer: str, arguments: Arguments) -> bool:
    return all(_whole_word(word).search(answer) for word in words(arguments, "keywords"))


def _avoids_words(answer: str, arguments: Arguments) -> bool:
    forbidden = words(arguments, "forbidden_words")
    return not any(_whole_word(word).search(answer) for word in forbidden)


def _repeats_keyword(answer: str, arguments: Arguments) -> bool:
    keyword = str(arguments.get("keyword") or "")
    found = sum(1 for _ in _whole_word(keyword).finditer(answer))
    return compares(found, arguments.get("relation"), number(arguments, "frequency"))


def _has_highlights(answer: str, arguments: Arguments) -> bool:
    marked = (match for form in _HIGHLIGHTS for match in form.findall(answer))
    found = sum(1 for part in marked if part.strip("*").strip())
    return found >= number(arguments, "num_highlights")


def _has_postscript(answer: str, arguments: Arguments) -> bool:
    body = answer.lower().removesuffix("\n")
    last_line = body.rfind("\n") + 1
    return any(match.end() >= last_line for match in postscript_pattern(arguments).finditer(body))


def _starts_paragraph(answer: str, arguments: Arguments) -> bool:
    filled = [paragraph for paragraph in answer.split("\n\n") if paragraph.strip()]
    nth = number(arguments, "nth_paragraph")
    if len(filled) != number(arguments, "num_paragraphs") or not 1 <= nth <= len(filled):
        return False
    word = _NOT_WORD.sub("", filled[nth - 1].split()[0]).lower()
    return word == str(arguments.get("first_word") or "").lower()


def _is_english_capitals(answer: str, _arguments: Arguments) -> bool:
    return answer.isupper() and detect_language(answer) == "en"


def _is_english_lowercase(answer: str, _arguments: Arguments) -> bool:
    return answer.islower() and detect_language(answer) == "en"


OPENBENCH_CHECKS: Mapping[str, Check] = {
    **CHECKS,
    "keywords:existence": _includes_keywords,
    "keywords:forbidden_words": _avoids_words,
    "keywords:frequency": _repeats_keyword,
    "detectable_content:postscript": _has_postscript,
    "detectable_format:number_highlighted_sections": _has_highlights,
    "length_constraints:nth_paragraph_first_word": _starts_paragraph,
    "change_case:english_capital": _is_english_capitals,
    "change_case:english_lowercase": _is_english_lowercase,
}
"""By instruction id."""
