r"""Humanity's Last Exam: a judge compares a response with the known answer.

Source: Phan et al. 2025, "Humanity's Last Exam" (https://arxiv.org/abs/2501.14249). The judge's
prompt is the one its authors published (MIT, centerforaisafety/hle), which openbench 0.5.3 sends
as plain text, with a stray backslash before ``%``: a changed word would change the verdicts.

``judge/hle_openbench`` counts the reply's first ``correct: yes`` as 1 and everything else as 0, as
openbench does, also within ``incorrect: yes`` or in the middle of its reasoning;
``detail["judge_readable"]`` is false unless a line of the reply grades just so.
``detail["confidence"]`` (percent) is the judge's reading of how sure the response is of itself;
where that is 100, which also stands for "none found", it is our own reading of the response.
"""

from __future__ import annotations

import re
from dataclasses import replace

from app.engine.scorers.judge import (
    Grade,
    Judge,
    JudgedScorer,
    graded_scorer,
    question_of,
    target_of,
)
from app.engine.scorers.verdicts import MAX_ANSWER_CHARS
from app.engine.types import Message, Sample, Scorer, Verdict

CERTAIN = 100
"""The confidence, in percent, of a response that names none."""

JUDGE_PROMPT = (
    "Judge whether the following [response] to [question] is correct or not based on the precise "
    "and unambiguous [correct_answer] below.\n\n[question]: {question}\n\n[response]: {response}"
    "\n\nYour judgement must be in the format and criteria specified below:\n\n"
    "extracted_final_answer: The final exact answer extracted from the [response]. Put the "
    "extracted answer as 'None' if there is no exact, final answer to extract from the response."
    "\n\n[correct_answer]: {correct_answer}\n\n"
    "reasoning: Explain why the extracted_final_answer is correct or incorrect based on "
    "[correct_answer], focusing only on if there are meaningful differences between "
    "[correct_answer] and the extracted_final_answer. Do not comment on any background to the "
    "problem, do not attempt to solve the problem, do not argue for any answer different than "
    "[correct_answer], focus only on whether the answers match.\n\n"
    "correct: Answer 'yes' if extracted_final_answer matches the [correct_answer] given above, or "
    "is within a small margin of error for numerical problems. Answer 'no' otherwise, i.e. if "
    "there if there is any inconsistency, ambiguity, non-equivalency, or if the extracted answer "
    "is incorrect.\n\n\n"
    "confidence: The extracted confidence score between 0|\\%| and 100|\\%| from [response]. Put "
    "100 if there is no confidence score available."
)

_CORRECT = re.compile(r"correct:\s*(yes|no)", re.IGNORECASE)
_GRADE_LINE = re.compile(
    r"^[\s>#*_`\-]{0,20}correct[\s*_`]{0,4}:[\s*_`'\"]{0,20}(yes|no)\b",
    re.IGNORECASE | re.MULTILINE,
)
"""What a judge's grade is: a line of its own, dressed or not."""

_EXTRACTED = re.compile(r"extracted_final_answer:[ \t]*([^\n]*)", re.IGNORECASE)
_REASONING = re.compile(r"reasoning:\s*", re.IGNORECASE)
_NEXT_PART = re.compile(r"\n\ncorrect:", re.IGNORECASE)
_JUDGED_CONFIDENCE = re.compile(r"confidence:\s*(\d{1,3})(?!\d)", re.IGNORECASE)
_NUMBER = r"(\d{1,3}(?:\.\d{1,6})?|\.\d{1,6})"
_STATED_CONFIDENCE = (
    re.compile(rf"[Cc]onfidence:\s*{_NUMBER}\s*(%?)"),
    re.compile(rf"(?<![\d.]){_NUMBER}\s*+(%?)\s*+[Cc]onfident"),
)


def judge_prompt(completion: str, sample: Sample) -> tuple[Message, ...]:
    """Return the one message for the judge."""
    content = JUDGE_PROMPT.format(
        question=question_of(sample), response=completion, correct_answer=target_of(sample)
    )
    return ({"role": "user", "content": content},)


def read_correct(reply: str) -> Grade:
    """Return the grade of the first ``correct: yes`` or ``no``; ``incorrect`` without one."""
    match = _CORRECT.search(reply)
    is_correct = match is not None and match[1].lower() == "yes"
    graded = {line[1].lower() == "yes" for line in _GRADE_LINE.finditer(reply)}
    is_readable = graded == {is_correct}
    if is_correct:
        return Grade("correct", 1.0, is_readable)
    return Grade("incorrect", 0.0, is_readable)


def stated_confidence(completion: str) -> int:
    """Return how sure the response says it is (0..100 percent); 100 where it does not say.

    A number up to 1 without a percent sign is a share: ``Confidence: 0.85`` is 85 percent, where
    openbench reads 0.
    """
    for pattern in _STATED_CONFIDENCE:
        match = pattern.search(completion)
        if match is not None:
            value = float(match[1])
            percent = value if match[2] or value > 1.0 else value * 100.0
            return min(CERTAIN, round(percent))
    return CERTAIN


def confidence(reply: str, completion: str) -> int:
    """Return the confidence that the judge found (percent), else the one we find ourselves."""
    match = _JUDGED_CONFIDENCE.search(reply)
    judged = min(CERTAIN, int(match[1])) if match else CERTAIN
    return stated_confidence(completion) if judged == CERTAIN else judged


def _reasoning(reply: str) -> str:
    start = _REASONING.search(reply)
    if start is None:
        return ""
    end = _NEXT_PART.search(reply, start.end())
    return reply[start.end() : end.start() if end else None].strip()


def _extracted(reply: str) -> str | None:
    match = _EXTRACTED.search(reply)
    text = match[1].strip() if match else ""
    return None if text in ("", "None", "'None'") else text[:MAX_ANSWER_CHARS]


_GRADED = graded_scorer(judge_prompt, read_correct)


def make_hle_openbench(judge: Judge) -> Scorer:
    """Return the ``judge/hle_openbench`` scorer; its detail has the response's confidence.

    The scorer raises ``ModelCallError`` where the judge's failure concerns the whole run.
    """
    graded = _GRADED(judge)

    def score(completion: str, sample: Sample) -> Verdict:
        verdict = graded(completion, sample)
        if verdict.score is None:
            return verdict
        reply = str(verdict.detail["judge_reply"])
        return replace(
            verdict,
            answer=_extracted(reply),
            explanation=_reasoning(reply) or verdict.explanation,
            detail={**verdict.detail, "confidence": confidence(reply, completion)},
        )

    return score


JUDGED: dict[str, JudgedScorer] = {"judge/hle_openbench": make_hle_openbench}
"""Factories by profile name."""
