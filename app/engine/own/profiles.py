"""The scorers for own data, each with a default prompt template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

_LAST_LINE = (
    "The last line of your response should be of the following format: 'ANSWER: {form}' "
    "(without quotes)"
)


Reads = Literal["answer_line", "whole", "boxed", "last_number", "anywhere"]

_NUMBERS = (
    "Thousands, fractions, percent, currencies and powers of ten are read; a unit counts where the "
    "target has one, too. Equal means exactly, but for rounding errors of one part in 10¹²; a "
    "target such as “3.14 ± 0.01” or “20 ± 5%” says what else is right. A single comma is decimal "
    "unless three digits follow."
)


@dataclass(frozen=True, slots=True)
class Profile:
    """One way to score.

    Attributes:
        scorer: Profile name in ``app.engine.scorers``.
        title: For readers.
        help: What counts as right.
        template: The prompt that makes models answer in the form that the scorer reads.
        needs_choices: Whether rows must bring options.
        needs_numbers: Whether targets must be numbers.
        needs_code: Whether targets must be Python.
        reads: Where the scorer looks for the answer; what a prompt must ask for.
        output_tokens: Low and high guess of an answer's tokens.
    """

    scorer: str
    title: str
    help: str
    template: str
    needs_choices: bool = False
    needs_numbers: bool = False
    needs_code: bool = False
    reads: Reads = "anywhere"
    output_tokens: tuple[int, int] = (5, 300)


_ALL = (
    Profile(
        "choice/studio",
        "Multiple choice",
        "The reply must name the right option, by its letter or text: behind “ANSWER:”, in a box "
        "or in a sentence; the last statement wins.",
        "Answer the following multiple choice question. "
        + _LAST_LINE.format(form="$LETTER")
        + " where LETTER is one of the letters of the options.\n\n{question}\n\n{choices}",
        needs_choices=True,
    ),
    Profile(
        "exact/text",
        "Exact text",
        "The text behind the last “ANSWER:” must be the target; case, quotes, emphasis and a "
        "closing full stop do not count.",
        "{question}\n\n" + _LAST_LINE.format(form="$ANSWER") + ".",
        reads="answer_line",
    ),
    Profile(
        "exact/number",
        "A number",
        f"The number behind the last “ANSWER:” must equal the target. {_NUMBERS}",
        "{question}\n\n"
        + _LAST_LINE.format(form="$NUMBER")
        + " where NUMBER is the answer without units.",
        needs_numbers=True,
        reads="answer_line",
    ),
    Profile(
        "numeric/studio",
        "The last number",
        f"The last number of the reply must equal the target, wherever it stands. {_NUMBERS}",
        "{question}\n\nEnd your answer with the final number.",
        needs_numbers=True,
        reads="last_number",
    ),
    Profile(
        "math/studio",
        "Mathematical expression",
        "The expression in the last \\boxed{}, or behind “ANSWER:”, must be equal to the target, "
        "as mathematics.",
        "{question}\n\nPut your final answer within \\boxed{}.",
        reads="boxed",
        output_tokens=(100, 1_500),
    ),
    Profile(
        "qa_em/studio",
        "Short answer, exact",
        "The whole reply, or what follows “ANSWER:”, must be the target; articles, punctuation "
        "and case do not count.",
        "{question}\n\nAnswer with a word or a short phrase only.",
        reads="whole",
        output_tokens=(2, 30),
    ),
    Profile(
        "qa_f1/studio",
        "Short answer, shared words",
        "Graded by the words that reply and target share (F1), so partly right counts partly.",
        "{question}\n\nAnswer with a word or a short phrase only.",
        reads="whole",
        output_tokens=(2, 30),
    ),
    Profile(
        "code/studio",
        "Python code",
        "The code of the reply, in a fence of any kind, is run in the sandbox; the target holds "
        "the tests: assertions in Python, in one text or a list.",
        "{question}\n\nAnswer with Python code in one fenced block.",
        needs_code=True,
        output_tokens=(60, 500),
    ),
    Profile(
        "judge/simpleqa_inspect",
        "Graded by a judge",
        "A second model compares the answer with the target; the run names it.",
        "{question}",
    ),
)

PROFILES: Mapping[str, Profile] = MappingProxyType({each.scorer: each for each in _ALL})
"""By the scorer's name, in the order in which they are offered."""

_FORMER = {
    "mcq/inspect": "choice/studio",
    "numeric/inspect": "numeric/studio",
    "qa_em/inspect": "qa_em/studio",
    "qa_f1/inspect": "qa_f1/studio",
}


def current_scorer(name: str) -> str:
    """Return today's name of a scorer: own data was once scored by those of inspect."""
    return _FORMER.get(name, name)


def following(template: str, scorer: str) -> str:
    """Return the prompt for a scorer: a template that nobody touched follows it.

    Args:
        template: Empty, some profile's own, or the user's.
        scorer: The scorer in use.
    """
    untouched = {"", *(each.template for each in _ALL)}
    profile = PROFILES.get(current_scorer(scorer))
    return profile.template if profile and template.strip() in untouched else template
