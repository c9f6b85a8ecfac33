"""The last number of a reply, wherever it stands (``numeric/studio``)."""

from __future__ import annotations

from app.engine.scorers.number_reading import last_number, read_target, same_number
from app.engine.scorers.verdicts import compared, targets_of, unparsable
from app.engine.types import Sample, Scorer, Verdict


def score_last_number(completion: str, sample: Sample) -> Verdict:
    """Compare the last number of a reply with the target, by value."""
    found = last_number(completion)
    if found is None:
        return unparsable("The reply has no number.")
    number, written = found
    targets = targets_of(sample)
    wanted = [target for text in targets if (target := read_target(text))]
    correct = any(same_number(number, target) for target in wanted)
    return compared(written, targets[0], correct=correct)


SCORERS: dict[str, Scorer] = {"numeric/studio": score_last_number}
