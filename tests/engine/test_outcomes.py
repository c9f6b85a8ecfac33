from __future__ import annotations

import pytest

from app.engine.outcomes import outcome_of_reply
from app.engine.types import ModelReply, Outcome, Verdict


@pytest.mark.parametrize(
    ("finish", "score", "answer", "outcome", "expected"),
    [
        ("stop", 1.0, "A", Outcome.CORRECT, 1.0),
        ("stop", 0.0, "B", Outcome.INCORRECT, 0.0),
        ("stop", 0.5, "A", Outcome.PARTIAL, 0.5),
        ("unknown", 1.0, "A", Outcome.CORRECT, 1.0),
        ("stop", 0.0, None, Outcome.UNPARSABLE, 0.0),
        ("stop", None, None, Outcome.ERROR, None),
        ("stop", None, "A", Outcome.ERROR, None),
        ("length", 0.0, None, Outcome.TRUNCATED, 0.0),
        ("length", 1.0, "A", Outcome.TRUNCATED, 1.0),
        ("content_filter", 1.0, "A", Outcome.REFUSED, 0.0),
        ("refusal", None, None, Outcome.REFUSED, 0.0),
    ],
)
def test_every_reply_has_one_outcome(finish, score, answer, outcome, expected):
    reply = ModelReply(text="x", finish_reason=finish)
    assert outcome_of_reply(reply, Verdict(score=score, answer=answer)) == (outcome, expected)
