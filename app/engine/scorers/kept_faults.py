"""What the references' scorers decide oddly, kept so that verdicts equal theirs.

Shown beside the differences of each protocol; own data and ``studio`` protocols have none of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_SHORT_ANSWERS = (
    "Kept from the reference: punctuation is dropped before answers are compared, and with it a "
    "minus sign (-5 is 5); a target that is an article, such as A, cannot match."
)
_ONLY_ANSWER = (
    "Kept from the reference: only “ANSWER: X” is read, so \\boxed{B} or “The answer is (B)” is no "
    "answer."
)
_WORDS_ONLY = (
    "Kept from the reference: a number must be a word of its own, so 42% and 42km are not read; "
    "numbers are compared with five significant digits."
)
_NO_MINUS = "Kept from the reference: a minus sign is dropped, so -42 is 42."

_KEPT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "aime/inspect": (_WORDS_ONLY,),
        "numeric/inspect": (
            _WORDS_ONLY,
            "Kept from the reference: a box (\\boxed{42}) is not read.",
        ),
        "numeric/openbench": (_NO_MINUS,),
        "mgsm/openbench": (_NO_MINUS,),
        "math/inspect": (
            "Kept from the reference: commas between digits are dropped (1,2 is 12), of equations "
            "only the right side is compared (y=3+2x is z=2x+3; x=7,y=2 is x=1,y=2), a tuple is "
            "compared as text, and 2\\frac12 is a product. The protocol studio has none of this.",
        ),
        "mcq/inspect": (_ONLY_ANSWER,),
        "mcq/openbench": (
            "Kept from the reference: the first pattern that fits decides, so “Answer: Because” is "
            "B, of “ANSWER: B … ANSWER: C” the first counts, and “ANSWER: C, B” is C.",
        ),
        "bbh/inspect": (_ONLY_ANSWER,),
        "judge/hle_openbench": (
            "Kept from the reference: the first “correct: yes” or “correct: no” in the judge's "
            "reply counts, wherever it stands, so “incorrect: yes” is right, and so is a reply "
            "whose reasoning says “correct: yes” before it grades “correct: no”; “**correct:** "
            "yes” is wrong. judge_readable is false where the reply does not say so on a line of "
            "its own.",
        ),
        "qa_f1/openbench": (_SHORT_ANSWERS,),
        "drop/openbench": (_SHORT_ANSWERS,),
        "drop/inspect": (_SHORT_ANSWERS,),
        "qa_f1/inspect": (_SHORT_ANSWERS,),
        "squad_f1/inspect": (_SHORT_ANSWERS,),
        "code/humaneval_inspect": (
            "Kept from the reference: of a fenced function only the body is run, so that imports "
            "and helpers before it are missing. The protocol studio runs all of it.",
        ),
        "code/humaneval_openbench": (
            "Kept from the reference: only a fence that begins with ```python and a line break is "
            "seen; anything else is run as it is. The protocol studio reads any fence.",
        ),
        "code/mbpp_openbench": (
            "Kept from the reference: without [BEGIN] and [DONE] there is no code, and a fence "
            "inside them is run as code. The protocol studio reads any fence.",
        ),
    }
)


def kept_faults(profile: str) -> tuple[str, ...]:
    """Return what to know of the verdicts of a scorer profile, in words for readers."""
    return _KEPT.get(profile, ())
