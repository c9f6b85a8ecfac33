"""SimpleQA: a judge compares a short answer with the known one.

Source: Wei et al. 2024, "Measuring short-form factuality in large language models"
(https://arxiv.org/abs/2411.04368). The judge's prompt, in ``simpleqa_grader.txt``, is the
published one (MIT, OpenAI simple-evals), which both references send: a changed word would
change the verdicts.

Both count ``correct`` as 1 and the rest as 0; ``detail["grade"]`` tells ``incorrect`` from
``not_attempted``. They differ in how a reply is read:

- ``judge/simpleqa_openbench`` takes the first capital A, B or C anywhere, as openbench 0.5.3
  does, so a judge that writes ``NOT_ATTEMPTED`` in words is read as A. It is kept for
  comparability; ``detail["judge_readable"]`` is false for every reply but a bare letter.
- ``judge/simpleqa_inspect`` takes a bare letter or a grade in words and leaves the sample
  unscored otherwise. inspect_evals 0.26 has the judge call a tool whose only values are the
  three letters; this reads the same three from text.
"""

from __future__ import annotations

import re
from pathlib import Path

from app.engine.scorers.judge import Grade, JudgedScorer, graded_scorer, question_of, target_of
from app.engine.types import Message, Sample

_TEMPLATE = Path(__file__).with_name("simpleqa_grader.txt").read_text(encoding="utf-8").strip()
_GRADES = {
    "A": Grade("correct", 1.0),
    "B": Grade("incorrect", 0.0),
    "C": Grade("not_attempted", 0.0),
}
_WORDS = {"CORRECT": "A", "INCORRECT": "B", "NOT_ATTEMPTED": "C", "NOT ATTEMPTED": "C"}
_FIRST_LETTER = re.compile(r"[ABC]")
_BARE = re.compile(r"\W*([ABC])\W*")


def grader_prompt(completion: str, sample: Sample) -> tuple[Message, ...]:
    """Return the one message for the judge."""
    content = _TEMPLATE.format(
        question=question_of(sample), target=target_of(sample), predicted_answer=completion
    )
    return ({"role": "user", "content": content},)


def read_first_letter(reply: str) -> Grade:
    """Return the grade of the first A, B or C; ``not_attempted`` without one."""
    match = _FIRST_LETTER.search(reply)
    grade = _GRADES[match[0] if match else "C"]
    return Grade(grade.name, grade.score, is_readable=_BARE.fullmatch(reply) is not None)


def read_bare_grade(reply: str) -> Grade | None:
    """Return the grade of a reply that is a letter or a grade in words and nothing else."""
    word = reply.strip(" \t\r\n.*\"'`").upper()
    return _GRADES.get(_WORDS.get(word, word))


JUDGED: dict[str, JudgedScorer] = {
    "judge/simpleqa_openbench": graded_scorer(grader_prompt, read_first_letter),
    "judge/simpleqa_inspect": graded_scorer(grader_prompt, read_bare_grade),
}
"""Factories by profile name."""
