"""MATH answers compared by a judge model: the prompt of OpenAI's simple-evals (MIT licence).

openbench judges the first ``Answer:`` line, inspect_evals the final one; their prompts differ in
the indent and one line break only.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from app.engine.scorers.answer_lines import final_answer_line, first_answer_line
from app.engine.scorers.judge import JUDGE_UNREADABLE, Judge, gave_no_answer
from app.engine.scorers.verdicts import MAX_ANSWER_CHARS, quoted, targets_of, unparsable
from app.engine.types import Sample, Scorer, Verdict

_NONTRIVIAL_NOTE = (
    "(these are actually equal, don't mark them equivalent if you need to{gap}do nontrivial "
    "simplifications)"
)
_YES_OR_NO = re.compile(r"\b(?:yes|no)\b")
_UNITS_NOTE = "(give benefit of the doubt to units)"
_EXAMPLES = (
    ("$2x+3$", "$3+2x$", "Yes", ""),
    ("3/2", "1.5", "Yes", ""),
    ("$x^2+2x+1$", "$y^2+2y+1$", "No", ""),
    ("$x^2+2x+1$", "$(x+1)^2$", "Yes", ""),
    ("3245/5", "649", "No", _NONTRIVIAL_NOTE),
    ("2/(-3)", "-2/3", "Yes", "(trivial simplifications are allowed)"),
    ("72 degrees", "72", "Yes", _UNITS_NOTE),
    ("64", "64 square feet", "Yes", _UNITS_NOTE),
)
_INTRODUCTION = (
    "Look at the following two expressions (answers to a math problem) and judge whether they are "
    "equivalent. Only perform trivial simplifications\n\nExamples:"
)
_TASK = (
    '---\n\nYOUR TASK\n\n\nRespond with only "Yes" or "No" (without quotes). Do not include a '
    "rationale."
)


def equality_prompt(target: str, answer: str, *, indent: int, note_gap: str = " ") -> str:
    """Return the judge's prompt for two expressions, target first.

    Args:
        target: The right answer.
        answer: The model's.
        indent: Spaces before each expression: 4 for openbench, 2 for inspect_evals.
        note_gap: What stands where inspect_evals breaks the line of a note.
    """
    parts = [_INTRODUCTION]
    for first, second, verdict, note in _EXAMPLES:
        parts.append(_pair(first, second, indent))
        parts.append(f"{verdict}\n{note.format(gap=note_gap)}" if note else verdict)
    parts += [_TASK, _pair(target, answer, indent)]
    return "\n\n".join(parts)


def _pair(first: str, second: str, indent: int) -> str:
    space = " " * indent
    return f"{space}Expression 1: {first}\n{space}Expression 2: {second}"


def _openbench_prompt(target: str, answer: str) -> str:
    return equality_prompt(target, answer, indent=4)


def _inspect_prompt(target: str, answer: str) -> str:
    return equality_prompt(target, answer, indent=2, note_gap="\n")


def _is_only_yes(reply: str) -> bool:
    return reply.strip().lower() == "yes"


def _says_yes_last(reply: str) -> bool:
    said = _YES_OR_NO.findall(reply.lower())
    return bool(said) and said[-1] == "yes"


def make_math_openbench(judge: Judge) -> Scorer:
    """Return the ``math/openbench`` scorer: the judge must say "yes" and nothing else."""
    return _make(judge, first_answer_line, _openbench_prompt, _is_only_yes)


def make_math_inspect(judge: Judge) -> Scorer:
    """Return ``math/inspect_judged`` (``expression_equivalance``): the last yes or no counts."""
    return _make(judge, final_answer_line, _inspect_prompt, _says_yes_last)


def _make(
    judge: Judge,
    extract: Callable[[str], str | None],
    prompt: Callable[[str, str], str],
    accepts: Callable[[str], bool],
) -> Scorer:
    def score(completion: str, sample: Sample) -> Verdict:
        answer = extract(completion)
        if not answer:
            return unparsable("The response has no line “Answer: …”.")
        target = targets_of(sample)[0]
        reply = judge(({"role": "user", "content": prompt(target, answer)},))
        silent = gave_no_answer(reply)
        if silent is not None:
            return Verdict(
                score=None,
                answer=answer[:MAX_ANSWER_CHARS],
                explanation=silent,
                detail={"judge_error": JUDGE_UNREADABLE},
                judge_usage=reply.usage,
            )
        correct = accepts(reply.text)
        relation = "equal to" if correct else "different from"
        return Verdict(
            score=1.0 if correct else 0.0,
            answer=answer[:MAX_ANSWER_CHARS],
            explanation=f"The judge finds {quoted(answer)} {relation} {quoted(target)}.",
            detail={"judge_reply": reply.text[:MAX_ANSWER_CHARS]},
            judge_usage=reply.usage,
        )

    return score


JUDGED: dict[str, Callable[[Judge], Scorer]] = {
    "math/openbench": make_math_openbench,
    "math/inspect_judged": make_math_inspect,
}
