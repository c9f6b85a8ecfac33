"""The 25 instructions of IFEval, each checked by a pure function.

Source: Zhou et al. 2023, "Instruction-Following Evaluation for Large Language Models"
(https://arxiv.org/abs/2311.07911) and the verdicts published with it. Written anew; the
semantics, quirks included, are the reference's: a keyword is a regular expression and
matches inside words, a bullet's white space may span lines, and so on. Every check is linear
in the length of the answer.

One thing differs: where an argument is missing the reference draws one at random; here it
has a fixed default. Text whose language cannot be told counts as followed, as there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from app.engine.scorers.ifeval_language import detect_language
from app.engine.scorers.ifeval_sentences import count_capital_words, count_sentences

Arguments = Mapping[str, Any]
"""The instruction's ``kwargs``; null values are the same as missing ones."""

Check = Callable[[str, Arguments], bool]
"""Whether an answer follows an instruction."""

_BULLETS = (
    re.compile(r"^[^\S\n]*\*[^*].*$", re.M),
    re.compile(r"^[^\S\n]*-.*$", re.M),
)
_HIGHLIGHTS = (re.compile(r"\*[^\n*]*\*"), re.compile(r"\*\*[^\n*]*\*\*"))
_DIVIDER = re.compile(r"\s?\*\*\*\s?")
_WORD = re.compile(r"\w+")
_CONSTRAINED = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
_FENCE_STARTS = ("```json", "```Json", "```JSON", "```")
_FIRST_WORD_ENDS = re.compile(r"[.,?!'\"]")


def compares(actual: int, relation: Any, threshold: int) -> bool:
    """Return whether ``actual`` is ``less than`` or ``at least`` (default) ``threshold``."""
    return actual < threshold if relation == "less than" else actual >= threshold


def number(arguments: Arguments, name: str, default: int = 1) -> int:
    """Return a numeric argument, or ``default`` where it is missing or no number."""
    value = arguments.get(name)
    if isinstance(value, int | float) and value == value and abs(value) < 1e15:
        return int(value)
    return default


def text(arguments: Arguments, name: str, default: str = "") -> str:
    """Return a text argument without outer white space, or ``default``."""
    value = arguments.get(name)
    return value.strip() if isinstance(value, str) else default


def words(arguments: Arguments, name: str) -> list[str]:
    """Return a list argument, or an empty list."""
    value = arguments.get(name)
    return [str(item) for item in value] if isinstance(value, list | tuple) else []


def pattern(source: str) -> re.Pattern[str]:
    """Return a case-insensitive pattern; text that is none is taken literally."""
    try:
        return re.compile(source, re.IGNORECASE)
    except re.error:
        return re.compile(re.escape(source), re.IGNORECASE)


def includes_keywords(answer: str, arguments: Arguments) -> bool:
    """``keywords:existence``."""
    return all(pattern(word).search(answer) for word in words(arguments, "keywords"))


def repeats_keyword(answer: str, arguments: Arguments) -> bool:
    """``keywords:frequency``."""
    found = sum(1 for _ in pattern(text(arguments, "keyword")).finditer(answer))
    return compares(found, arguments.get("relation"), number(arguments, "frequency"))


def avoids_words(answer: str, arguments: Arguments) -> bool:
    """``keywords:forbidden_words``."""
    forbidden = words(arguments, "forbidden_words")
    return not any(pattern(rf"\b{word}\b").search(answer) for word in forbidden)


def repeats_letter(answer: str, arguments: Arguments) -> bool:
    """``keywords:letter_frequency``."""
    letter = text(arguments, "letter", "a").lower() or "a"
    found = answer.lower().count(letter)
    return compares(found, arguments.get("let_relation"), number(arguments, "let_frequency"))


def is_in_language(answer: str, arguments: Arguments) -> bool:
    """``language:response_language``."""
    found = detect_language(answer)
    return found is None or found == text(arguments, "language", "en")


def has_sentences(answer: str, arguments: Arguments) -> bool:
    """``length_constraints:number_sentences``."""
    threshold = number(arguments, "num_sentences")
    return compares(count_sentences(answer), arguments.get("relation"), threshold)


def has_paragraphs(answer: str, arguments: Arguments) -> bool:
    """``length_constraints:number_paragraphs``: divided by ``***``."""
    parts = [part.strip() for part in _DIVIDER.split(answer)]
    if not all(parts[1:-1]):
        return False
    return sum(map(bool, parts)) == number(arguments, "num_paragraphs")


def has_words(answer: str, arguments: Arguments) -> bool:
    """``length_constraints:number_words``."""
    found = sum(1 for _ in _WORD.finditer(answer))
    return compares(found, arguments.get("relation"), number(arguments, "num_words", 100))


def starts_paragraph(answer: str, arguments: Arguments) -> bool:
    """``length_constraints:nth_paragraph_first_word``.

    Blank paragraphs do not count, yet the n-th one is looked up among all.
    """
    paragraphs = answer.split("\n\n")
    filled = sum(1 for paragraph in paragraphs if paragraph.strip())
    nth = number(arguments, "nth_paragraph")
    if not 1 <= nth <= filled or not paragraphs[nth - 1].strip():
        return False
    first = paragraphs[nth - 1].split()[0].lstrip("'").lstrip('"')
    word = _FIRST_WORD_ENDS.split(first, maxsplit=1)[0].lower()
    expected = str(arguments.get("first_word") or "").lower()
    return filled == number(arguments, "num_paragraphs") and word == expected


def has_placeholders(answer: str, arguments: Arguments) -> bool:
    """``detectable_content:number_placeholders``: ``[address]``."""
    found = 0
    for line in answer.split("\n"):
        start = line.find("[")
        while start >= 0 and (end := line.find("]", start)) >= 0:
            found += 1
            start = line.find("[", end)
    return found >= number(arguments, "num_placeholders")


def postscript_pattern(arguments: Arguments) -> re.Pattern[str]:
    """Return what the postscript starts with, for a lower-case answer."""
    marker = text(arguments, "postscript_marker", "P.S.")
    known = {"P.P.S": r"p\.\s?p\.\s?s", "P.S.": r"p\.\s?s\."}
    return pattern(known.get(marker, marker.lower()))


def has_postscript(answer: str, arguments: Arguments) -> bool:
    """``detectable_content:postscript``."""
    return postscript_pattern(arguments).search(answer.lower()) is not None


def has_bullets(answer: str, arguments: Arguments) -> bool:
    """``detectable_format:number_bullet_lists``: exactly so many."""
    found = sum(1 for bullet in _BULLETS for _ in bullet.finditer(answer))
    return found == number(arguments, "num_bullets")


def is_constrained(answer: str, arguments: Arguments) -> bool:
    """``detectable_format:constrained_response``."""
    return any(option in answer for option in _CONSTRAINED)


def has_highlights(answer: str, arguments: Arguments) -> bool:
    """``detectable_format:number_highlighted_sections``: ``*one*`` or ``**one**``.

    A double one counts once, for the single pattern finds only its empty asterisks.
    """
    marked = (match for form in _HIGHLIGHTS for match in form.findall(answer))
    found = sum(1 for part in marked if part.strip("*").strip())
    return found >= number(arguments, "num_highlights")


def has_sections(answer: str, arguments: Arguments) -> bool:
    """``detectable_format:multiple_sections``: ``Section 1``."""
    name = text(arguments, "section_spliter", "Section")
    try:
        parts = re.split(rf"\s?{name}\s?\d+\s?", answer)
    except re.error:
        parts = re.split(rf"\s?{re.escape(name)}\s?\d+\s?", answer)
    return len(parts) - 1 >= number(arguments, "num_sections")


def is_json(answer: str, arguments: Arguments) -> bool:
    """``detectable_format:json_format``: all of it, fenced or not."""
    body = answer.strip()
    for start in _FENCE_STARTS:
        body = body.removeprefix(start)
    try:
        json.loads(body.removesuffix("```").strip())
    except (ValueError, RecursionError):
        return False
    return True


def has_title(answer: str, arguments: Arguments) -> bool:
    """``detectable_format:title``: ``<<title>>``."""
    for line in answer.split("\n"):
        start, end = line.find("<<"), line.rfind(">>")
        if 0 <= start <= end - 3 and line[start : end + 2].lstrip("<").rstrip(">").strip():
            return True
    return False


def has_two_responses(answer: str, arguments: Arguments) -> bool:
    """``combination:two_responses``: two different ones, divided by six asterisks."""
    parts = [part.strip() for part in answer.split("******")]
    filled = [part for part in parts if part]
    return all(parts[1:-1]) and len(filled) == 2 and filled[0] != filled[1]


def repeats_prompt(answer: str, arguments: Arguments) -> bool:
    """``combination:repeat_prompt``."""
    prompt = text(arguments, "prompt_to_repeat").lower()
    return bool(prompt) and answer.strip().lower().startswith(prompt)


def ends_with_phrase(answer: str, arguments: Arguments) -> bool:
    """``startend:end_checker``."""
    phrase = text(arguments, "end_phrase").lower()
    return answer.strip().strip('"').lower().endswith(phrase)


def is_quoted(answer: str, arguments: Arguments) -> bool:
    """``startend:quotation``."""
    body = answer.strip()
    return len(body) > 1 and body[0] == body[-1] == '"'


def shouts_words(answer: str, arguments: Arguments) -> bool:
    """``change_case:capital_word_frequency``."""
    threshold = number(arguments, "capital_frequency")
    return compares(count_capital_words(answer), arguments.get("capital_relation"), threshold)


def is_english_capitals(answer: str, arguments: Arguments) -> bool:
    """``change_case:english_capital``."""
    return answer.isupper() and detect_language(answer) in {"en", None}


def is_english_lowercase(answer: str, arguments: Arguments) -> bool:
    """``change_case:english_lowercase``."""
    return answer.islower() and detect_language(answer) in {"en", None}


def avoids_commas(answer: str, arguments: Arguments) -> bool:
    """``punctuation:no_comma``."""
    return "," not in answer


CHECKS: Mapping[str, Check] = {
    "keywords:existence": includes_keywords,
    "keywords:frequency": repeats_keyword,
    "keywords:forbidden_words": avoids_words,
    "keywords:letter_frequency": repeats_letter,
    "language:response_language": is_in_language,
    "length_constraints:number_sentences": has_sentences,
    "length_constraints:number_paragraphs": has_paragraphs,
    "length_constraints:number_words": has_words,
    "length_constraints:nth_paragraph_first_word": starts_paragraph,
    "detectable_content:number_placeholders": has_placeholders,
    "detectable_content:postscript": has_postscript,
    "detectable_format:number_bullet_lists": has_bullets,
    "detectable_format:constrained_response": is_constrained,
    "detectable_format:number_highlighted_sections": has_highlights,
    "detectable_format:multiple_sections": has_sections,
    "detectable_format:json_format": is_json,
    "detectable_format:title": has_title,
    "combination:two_responses": has_two_responses,
    "combination:repeat_prompt": repeats_prompt,
    "startend:end_checker": ends_with_phrase,
    "startend:quotation": is_quoted,
    "change_case:capital_word_frequency": shouts_words,
    "change_case:english_capital": is_english_capitals,
    "change_case:english_lowercase": is_english_lowercase,
    "punctuation:no_comma": avoids_commas,
}
"""By instruction id, as the dataset names them."""
