"""Multiple choice as openbench 0.5.3 reads it (``mcq/openbench``).

The reference tries ordered patterns, the first of which that matches anywhere decides (the
English ones on the raw text, then 52 prefixes in other languages on text without Markdown and
LaTeX). It has no notion of the options, so a letter beyond them is wrong rather than missing.
The patterns here accept the same language but are written to run in linear time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from string import ascii_uppercase

from app.engine.scorers.verdicts import compared, targets_of, unparsable
from app.engine.types import Sample, Scorer, Verdict

_WRAP = r"(?:\*{1,2}|_{1,2})"
_SEPARATOR = r"\s*(?:[:\-–]\s*)?"
_ZERO_WIDTH_SPACE = "\u200b"
_UPPER = re.compile("[A-Z]")


def _find(pattern: str, flags: int = 0) -> Callable[[str], str | None]:
    compiled = re.compile(pattern, flags)

    def first_group(text: str) -> str | None:
        match = compiled.search(text)
        return match.group(1) if match else None

    return first_group


def _inside(command: str) -> Callable[[str], str | None]:
    """Return a finder of the first capital in ``command…}``, in one pass over the text."""

    def first_capital(text: str) -> str | None:
        start = text.find(command)
        while start >= 0:
            start += len(command)
            end = text.find("}", start)
            if end < 0:
                return None
            match = _UPPER.search(text, start, end)
            if match:
                return match.group(0)
            # What is inside of this one has no capital before the same brace either.
            start = text.find(command, end)
        return None

    return first_capital


_ENGLISH: tuple[Callable[[str], str | None], ...] = (
    _find(rf"{_WRAP}Answers?\s*[:\-–]?{_WRAP}\s*([A-Z])\b", re.IGNORECASE),
    _find(
        rf"^[^\S\n]*{_WRAP}?Answer:?{_WRAP}?\s*(?::\s*)?{_WRAP}?([A-Z])",
        re.IGNORECASE | re.MULTILINE,
    ),
    _find(rf"\bAnswers?\b{_SEPARATOR}\(\s*([A-Z])\s*\)", re.IGNORECASE),
    _find(rf"\bAnswers?\b{_SEPARATOR}([A-Z])\b", re.IGNORECASE),
    _find(rf"\b(?:Option|Choice)\b{_SEPARATOR}([A-Z])\b", re.IGNORECASE),
    # Covers the reference's \boxed{\textbf{…}} and \boxed{\text{…}} too, which come later.
    _inside("\\boxed{"),
    _find(r"(?<![A-Za-z0-9])[(\[]\s*([A-Z])\s*[)\]](?![A-Za-z0-9])"),
    _find(rf"(?<![A-Za-z0-9]){_WRAP}([A-Z]){_WRAP}(?![A-Za-z0-9])"),
    _inside("\\textbf{"),
    _find(rf"(?<![A-Za-z0-9]){_WRAP}\s*([A-Z])\)[^*_\n]+?{_WRAP}(?![A-Za-z0-9])"),
    _find(
        rf"^[^\S\n]*{_WRAP}?([A-Z]){_WRAP}?[^\S\n]*(?:[.)\-–:][^\S\n]*)?$",
        re.MULTILINE,
    ),
)

# The word for "answer" and the colons that may follow; order is priority. A space before the
# colon is allowed unless the colon is given with "!". The reference has a second "Answer", with
# six zero-width spaces behind its colon.
_PREFIXES = (
    f"Answer : | Answer :{6 * _ZERO_WIDTH_SPACE} | উত্তর : | उत्तर : | উত্তরঃ ! | উত্তর : | Antwort : |"
    "답변 : | 정답 : | 답 : |"
    "答案 ： | 答案 : | 答 ： | 答 : | 答复 ： | 答曰 ： | الإجابة !: | الجواب !: | إجابة !: |"
    "الإجابة النهائية !: | الإجابة الصحيحة !: | الإجابة الصحيحة هي !: | الإجابة هي !: |"
    "الجواب النهائي !: | Respuesta : | Risposta : | 答え : | 答え ： | 回答 : | 回答 ： | 解答 : |"
    "Jawaban : | Javob : | Жавоб : | Cevap : | Джевап : | Җавап : | Жауап : | Jawap : | Juwap : |"
    "جاۋاب !: | Cavab : | Réponse : | Resposta : | Jibu : | Idahun : | Ìdáhùn : | Idáhùn : |"
    "Àmọ̀nà : | Àdáhùn : | Ànúgọ : | Àṣàyàn :"
)

_LOCAL_LETTERS = str.maketrans("أبجدঅবডঢＡＢＣＤ", "ABCDABCDABCD")


def _prefix_patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    for entry in _PREFIXES.split("|"):
        word, _, colon = entry.strip().rpartition(" ")
        gap = "" if colon.startswith("!") else r"\s*"
        mark = re.escape(colon.removeprefix("!"))
        yield (
            word.casefold(),
            re.compile(rf"{word}{gap}{mark}[ \t]*([A-D]|[أ-د]|[অবডঢＡＢＣＤ])", re.IGNORECASE),
        )


_MULTILINGUAL = tuple(_prefix_patterns())

_MARKUP = ("**", "$\\boxed{", "}$", "\\$", "$\\text{", "$", "\\mathrm{", "\\{", "\\text")
_MORE_MARKUP = ("\\(", "\\mathbf{", "{", "\\boxed")


def _without_markup(text: str) -> str:
    for token in _MARKUP + _MORE_MARKUP:
        text = text.replace(token, "")
    return text


def _letter(found: str | None) -> str | None:
    # IGNORECASE lets [A-Z] match a few non-ASCII letters; the reference drops those.
    upper = found.upper() if found else ""
    return upper if len(upper) == 1 and upper in ascii_uppercase else None


def extract_letter(text: str) -> str | None:
    """Return the letter A-Z that a completion answers with; ``None`` where no pattern fits."""
    for find in _ENGLISH:
        letter = _letter(find(text))
        if letter:
            return letter
    cleaned = _without_markup(text)
    folded = cleaned.casefold()
    for word, pattern in _MULTILINGUAL:
        match = pattern.search(cleaned) if word in folded else None
        letter = _letter(match.group(1).translate(_LOCAL_LETTERS)) if match else None
        if letter:
            return letter
    return None


def score_choice(completion: str, sample: Sample) -> Verdict:
    """Compare the extracted letter with the target letter."""
    letter = extract_letter(completion)
    if letter is None:
        return unparsable("No answer letter was found in the response.")
    target = targets_of(sample)[0].strip().upper()
    return compared(letter, target, correct=letter == target)


SCORERS: dict[str, Scorer] = {"mcq/openbench": score_choice}
