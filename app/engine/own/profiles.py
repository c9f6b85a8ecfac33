"""The scorers for own data, each with a default prompt template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_LAST_LINE = (
    "The last line of your response should be of the following format: 'ANSWER: {form}' "
    "(without quotes)"
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
        output_tokens: Low and high guess of an answer's tokens.
    """

    scorer: str
    title: str
    help: str
    template: str
    needs_choices: bool = False
    output_tokens: tuple[int, int] = (5, 300)


_ALL = (
    Profile(
        "mcq/inspect",
        "Multiple choice",
        "The letter behind the last “ANSWER:” must be the right option's.",
        "Answer the following multiple choice question. "
        + _LAST_LINE.format(form="$LETTER")
        + " where LETTER is one of the letters of the options.\n\n{question}\n\n{choices}",
        needs_choices=True,
    ),
    Profile(
        "exact/text",
        "Exact text",
        "The text behind the last “ANSWER:” must be the target; case and emphasis do not count.",
        "{question}\n\n" + _LAST_LINE.format(form="$ANSWER") + ".",
    ),
    Profile(
        "exact/number",
        "A number",
        "The number behind the last “ANSWER:” must equal the target, however it is written.",
        "{question}\n\n"
        + _LAST_LINE.format(form="$NUMBER")
        + " where NUMBER is the answer without units.",
    ),
    Profile(
        "numeric/inspect",
        "The last number",
        "The last number of the answer must equal the target, wherever it stands.",
        "{question}\n\nEnd your answer with the final number.",
    ),
    Profile(
        "math/studio",
        "Mathematical expression",
        "The expression in the last \\boxed{} must be equal to the target, as mathematics.",
        "{question}\n\nPut your final answer within \\boxed{}.",
        output_tokens=(100, 1_500),
    ),
    Profile(
        "qa_em/inspect",
        "Short answer, exact",
        "The whole answer must be the target, without articles, punctuation and case.",
        "{question}\n\nAnswer with a word or a short phrase only.",
        output_tokens=(2, 30),
    ),
    Profile(
        "qa_f1/inspect",
        "Short answer, shared words",
        "Graded by the words that answer and target share (F1), so partly right counts partly.",
        "{question}\n\nAnswer with a word or a short phrase only.",
        output_tokens=(2, 30),
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
