"""IFEval: does an answer follow the instructions of its prompt, each of which code can check.

The score is 1 when all instructions are followed to the letter (prompt-level strict
accuracy, the headline of the paper); ``detail`` has the other three published numbers per
prompt. Loose verdicts forgive a first line, a last line and asterisks (section 2.2 of
https://arxiv.org/abs/2311.07911).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.engine.scorers.ifeval_checks import CHECKS, Arguments, Check
from app.engine.scorers.ifeval_openbench import OPENBENCH_CHECKS
from app.engine.types import Sample, Scorer, Verdict


def loose_variants(answer: str) -> tuple[str, ...]:
    """Return the answer and its forgiving forms, without repetition."""
    lines = answer.split("\n")
    cut = ("\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1]))
    whole = (answer, *cut)
    return tuple(dict.fromkeys((*whole, *(part.replace("*", "") for part in whole))))


def ifeval_scorer(checks: Mapping[str, Check]) -> Scorer:
    """Return a scorer with these checks.

    It needs ``instruction_id_list`` and ``kwargs`` in the sample's metadata, as the dataset
    has them. An unknown instruction counts as not followed, and so does an empty answer.
    """

    def score(completion: str, sample: Sample) -> Verdict:
        names = [str(name) for name in sample.metadata.get("instruction_id_list") or ()]
        arguments = _arguments(sample.metadata.get("kwargs"), len(names))
        variants = loose_variants(completion)
        strict, loose = [], []
        for name, given in zip(names, arguments, strict=True):
            check = checks.get(name)
            follows = check is not None and _follows(check, variants[:1], given)
            strict.append(follows)
            loose.append(follows or (check is not None and _follows(check, variants[1:], given)))
        missed = [name for name, follows in zip(names, strict, strict=True) if not follows]
        prompt_strict = bool(names) and not missed
        return Verdict(
            score=float(prompt_strict),
            answer=completion or None,
            explanation=f"Not followed: {', '.join(missed)}." if missed else "All followed.",
            detail={
                "prompt_strict": prompt_strict,
                "instruction_strict": strict,
                "prompt_loose": bool(names) and all(loose),
                "instruction_loose": loose,
            },
        )

    return score


def _follows(check: Check, variants: Sequence[str], arguments: Arguments) -> bool:
    return any(variant.strip() and check(variant, arguments) for variant in variants)


def _arguments(value: Any, count: int) -> list[Arguments]:
    """Return one mapping per instruction, whether they came as a list or by position."""
    if isinstance(value, Mapping):
        value = [value.get(index, value.get(str(index))) for index in range(count)]
    given = list(value)[:count] if isinstance(value, list | tuple) else []
    given += [{}] * (count - len(given))
    return [item if isinstance(item, Mapping) else {} for item in given]


SCORERS: dict[str, Scorer] = {
    "ifeval/google": ifeval_scorer(CHECKS),
    "ifeval/inspect": ifeval_scorer(CHECKS),
    "ifeval/openbench": ifeval_scorer(OPENBENCH_CHECKS),
}
"""By profile name. inspect_evals calls the reference's own code, so both are the same."""
