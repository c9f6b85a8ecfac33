r"""MATH answers without a judge: by string, by value, or by either (``math/inspect``).

The profiles ``math/inspect_exact`` and ``math/inspect_sympy`` are the scorers of the same name in
inspect_evals 0.26; ``math/inspect`` takes an answer that either accepts. Ours is ``math_studio``.
"""

from __future__ import annotations

from collections.abc import Callable

from app.engine.scorers.answer_lines import final_answer_line
from app.engine.scorers.math_strings import MAX_EXPRESSION_CHARS, minerva_form, same_string
from app.engine.scorers.math_sympy import same_value
from app.engine.scorers.verdicts import compared, targets_of, unparsable
from app.engine.types import Sample, Scorer, Verdict

Equality = Callable[[str, str], bool]

_NO_ANSWER = "The response does not end with a line “ANSWER: …”."


def equal_by_value(answer: str, target: str) -> bool:
    """Return whether two answers have the same value after Minerva's normalisation.

    Raises:
        RuntimeError: sympy is not available.
    """
    if max(len(answer), len(target)) > MAX_EXPRESSION_CHARS:
        return False
    return same_value(minerva_form(answer), minerva_form(target))


def equal_somehow(answer: str, target: str) -> bool:
    """Return whether two answers are equal as strings or by value; the string is tried first.

    Raises:
        RuntimeError: sympy is needed and not available.
    """
    return same_string(answer, target) or equal_by_value(answer, target)


def make_math_scorer(equal: Equality) -> Scorer:
    """Return a scorer of final answers, with what compares the answer with the target."""

    def score(completion: str, sample: Sample) -> Verdict:
        answer = final_answer_line(completion)
        if answer is None:
            return unparsable(_NO_ANSWER)
        targets = targets_of(sample)
        correct = any(equal(answer, target) for target in targets)
        return compared(answer, targets[0], correct=correct)

    return score


SCORERS: dict[str, Scorer] = {
    "math/inspect": make_math_scorer(equal_somehow),
    "math/inspect_exact": make_math_scorer(same_string),
    "math/inspect_sympy": make_math_scorer(equal_by_value),
}
