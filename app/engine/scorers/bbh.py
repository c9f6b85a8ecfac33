"""BIG-Bench Hard as inspect_evals 0.26 scores it (``bbh/inspect``): by the kind of its subset.

The kind is ``dataset_type`` of the sample's metadata: 1 multiple choice, 2 a word such as Yes or
valid, 3 and 4 a text that the response must end with. Without it, it is told from the target.
"""

from __future__ import annotations

from app.engine.scorers import choice_inspect, pattern
from app.engine.scorers.numeric_inspect import score_ending
from app.engine.scorers.verdicts import targets_of
from app.engine.types import Sample, Scorer, Verdict

MULTIPLE_CHOICE, WORD, ENDING = 1, 2, 3

_WORDS = frozenset({"yes", "no", "true", "false", "valid", "invalid"})


def _kind(sample: Sample) -> int:
    kind = sample.metadata.get("dataset_type")
    if isinstance(kind, int):
        return kind
    if sample.choices:
        return MULTIPLE_CHOICE
    return WORD if targets_of(sample)[0].lower() in _WORDS else ENDING


def score_bbh(completion: str, sample: Sample) -> Verdict:
    """Score a response by the rule of the sample's subset."""
    kind = _kind(sample)
    if kind == MULTIPLE_CHOICE:
        return choice_inspect.score_choice(completion, sample)
    if kind == WORD:
        return pattern.score_word(completion, sample)
    return score_ending(completion, sample)


SCORERS: dict[str, Scorer] = {"bbh/inspect": score_bbh}
