"""Short answers as we compare them: ``qa_em/studio`` and ``qa_f1/studio``.

The whole reply is the answer, or what follows its ``ANSWER:``. Case, quotes, punctuation and
articles do not count, but what carries meaning stays: a sign or decimal point of a number (-5 is
not 5), ``C++``, ``%`` and currencies. An article is dropped only where something else is left, so
the target ``A`` can match. Words of scripts without blanks are compared by character.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from app.engine.scorers.final_answers import answer_line
from app.engine.scorers.number_reading import read_number
from app.engine.scorers.text_f1 import f1_score
from app.engine.scorers.text_folding import fold, same_text, undress
from app.engine.scorers.verdicts import compared, overlapping, targets_of, unparsable
from app.engine.types import Sample, Scorer, Verdict

_MAX_WORDS = 20_000
_MAX_NUMBER_CHARS = 40
_MOST_DRESS, _MOST_DRESS_CHARS = 4, 1_000
_WIDE = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f"
_WORD = re.compile(
    rf"[-+]?(?<![\w.])(?:[$€£¥₹]?\.?[0-9]++(?:[.,'][0-9]++)*+(?: ?%)?+)(?![^\W_{_WIDE}])"
    rf"|[{_WIDE}]"
    rf"|[^\W{_WIDE}]++(?:'[^\W{_WIDE}]++)*+[+#]{{0,2}}"
    r"|[%$€£¥₹°§&@=<>×÷±^/*+]"
)
_ABBREVIATED = re.compile(r"(?<![^\W.])([a-z])\.(?=[a-z](?!\w))")  # U.S.A. is USA
_ARTICLES = frozenset({"a", "an", "the"})


def words_of(text: str) -> list[str]:
    """Return what is compared of a text: words, numbers in one spelling, signs with a meaning."""
    found = []
    for match in _WORD.finditer(_ABBREVIATED.sub(r"\1", fold(undress(text)))):
        word = match.group()
        found.append(
            _number(word) if any(char.isdigit() for char in word) else word.replace("'", "")
        )
        if len(found) == _MAX_WORDS:
            break
    return found


def _number(word: str) -> str:
    number = read_number(word) if len(word) <= _MAX_NUMBER_CHARS else None
    if number is None:
        return word
    sign = "%" if number.is_percent else ""
    return f"{number.unit}{number.value}{sign}"


def _without_articles(words: list[str]) -> list[str]:
    """Return the words without articles; one that ends the text (``Vitamin A``) is none."""
    last = len(words) - 1
    return [w for i, w in enumerate(words) if w not in _ARTICLES or (w != "the" and i == last)]


def _is_same(answer: str, target: str) -> bool:
    if len(answer) > _MOST_DRESS * len(target) + _MOST_DRESS_CHARS:
        return False  # whatever is left out, something else is said
    if same_text(answer, (target,)):
        return True
    given, wanted = words_of(answer), words_of(target)
    if not given or not wanted:
        return False
    return given == wanted or _without_articles(given) == _without_articles(wanted) != []


def _f1(answer: str, target: str) -> float:
    given, wanted = _without_articles(words_of(answer)), _without_articles(words_of(target))
    if not given or not wanted:
        return 0.0
    common = (Counter(given) & Counter(wanted)).total()
    return f1_score(common, len(given), len(wanted)) if common else 0.0


def _answer(completion: str) -> str:
    return answer_line(completion) or completion.strip()


def _scorer(verdict: Callable[[str, Sample, bool], Verdict]) -> Scorer:
    def score(completion: str, sample: Sample) -> Verdict:
        """Judge the whole reply, or what follows its ``ANSWER:``."""
        if not completion.strip():
            return unparsable("The response is empty.")
        answer = _answer(completion)
        targets = targets_of(sample)
        is_same = any(_is_same(said, target) for said in {answer, completion} for target in targets)
        return verdict(answer, sample, is_same)

    return score


def _exactly(answer: str, sample: Sample, is_same: bool) -> Verdict:  # noqa: FBT001 - one fact
    return compared(answer, targets_of(sample)[0], correct=is_same)


def _partly(answer: str, sample: Sample, is_same: bool) -> Verdict:  # noqa: FBT001 - one fact
    targets = targets_of(sample)
    f1 = 1.0 if is_same else max(_f1(answer, target) for target in targets)
    return overlapping(answer, targets[0], exact_match=float(is_same), f1=min(f1, 1.0))


SCORERS: dict[str, Scorer] = {"qa_em/studio": _scorer(_exactly), "qa_f1/studio": _scorer(_partly)}
