"""Scorers that run the answer with the tests of the task: HumanEval and MBPP.

A factory takes the sandbox: ``SANDBOXED["code/humaneval_inspect"](Sandbox())`` is a scorer.
The profiles differ in how they find the code in an answer (``code_fences``) and in how long it
may run.
Sources: Chen et al. 2021 (HumanEval), Austin et al. 2021 (MBPP), and the protocols of
inspect_evals 0.26 and openbench 0.5.3.

Differences to both: an answer that ends the program before the tests ran (``exit()``) has
not passed them, and only the standard library can be imported. To openbench: the set-up code
of an MBPP task is run as it is, where openbench puts a line break between its characters.
To inspect_evals: the imports that an MBPP task lists for its tests are made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from app.engine.sandbox.sandbox import Sandbox, SandboxResult
from app.engine.scorers.code_fences import (
    extract_fenced,
    extract_fenced_body,
    extract_python_fence,
    extract_tagged,
)
from app.engine.types import Sample, Scorer, Verdict

ExtractCode = Callable[[str], str | None]
"""Finds the code in an answer; ``None`` where there is none."""

AssembleTrial = Callable[[str, "Sample"], "Trial"]
"""Puts code and tests in order."""

_INSPECT_TIMEOUT_S = 30.0
_OPENBENCH_TIMEOUT_S = 3.0
_KEPT_STDERR_CHARS = 2000


class Trial(NamedTuple):
    """What is run for an answer.

    Attributes:
        program: The answer and what stands before it; the tests call it from outside.
        tests: Pass or raise.
    """

    program: str
    tests: str


def humaneval_trial(code: str, sample: Sample) -> Trial:
    """Return the prompt, continued by the code, and the call of the task's ``check``.

    Works for a function body and for a whole function: the second definition wins. What the
    prompt defines for its tests, such as ``encode_cyclic``, is the prompt's own there.
    """
    metadata = sample.metadata
    prompt, name = metadata.get("prompt", ""), metadata.get("entry_point", "")
    given = f"{prompt}\n    pass\nfrom answer import {name}"
    return Trial(f"{prompt}{code}\n", f"{given}\n{metadata.get('test', '')}\ncheck({name})")


def mbpp_trial(code: str, sample: Sample) -> Trial:
    """Return the code between its imports and set-up, and the assertions with the same."""
    metadata = sample.metadata
    imports = _lines(metadata.get("test_imports"))
    set_up = str(metadata.get("test_setup_code") or "")
    assertions = _lines(metadata.get("test_list") or metadata.get("tests"))
    return Trial("\n".join([*imports, code, set_up]), "\n".join([*imports, set_up, *assertions]))


def code_scorer(
    sandbox: Sandbox, extract: ExtractCode, assemble: AssembleTrial, timeout_s: float
) -> Scorer:
    """Return a scorer: 1 when the program passes its tests, else 0.

    The scorer raises ``SandboxUnavailableError`` where programs cannot be isolated.
    """

    def score(completion: str, sample: Sample) -> Verdict:
        code = extract(completion)
        if code is None:
            return Verdict(0.0, None, "The answer holds no code in the requested form.")
        result = sandbox.test(*assemble(code, sample), timeout_s)
        return Verdict(
            score=float(result.ok),
            answer=code,
            explanation=_explain(result, timeout_s),
            detail={
                "exit_code": result.exit_code,
                "timed_out": result.timed_out,
                "stderr": result.stderr[-_KEPT_STDERR_CHARS:],
            },
        )

    return score


def _lines(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str) or not isinstance(value, Iterable):
        return [str(value)]
    return [str(item) for item in value]


def _explain(result: SandboxResult, timeout_s: float) -> str:
    if result.ok:
        return "All tests passed."
    if result.timed_out:
        return f"Stopped after {timeout_s:g} s."
    if result.stopped:
        return f"Stopped at its limit of {result.stopped}."
    if result.exit_code == 0:
        return "The program ended before its tests."
    last = result.stderr.strip().splitlines()[-1:] or [f"Exit code {result.exit_code}"]
    return f"The tests failed: {result.failure or last[0]}"


SANDBOXED: dict[str, Callable[[Sandbox], Scorer]] = {
    "code/humaneval_inspect": lambda sandbox: code_scorer(
        sandbox, extract_fenced_body, humaneval_trial, _INSPECT_TIMEOUT_S
    ),
    "code/humaneval_openbench": lambda sandbox: code_scorer(
        sandbox, extract_python_fence, humaneval_trial, _OPENBENCH_TIMEOUT_S
    ),
    "code/mbpp_inspect": lambda sandbox: code_scorer(
        sandbox, extract_fenced, mbpp_trial, _INSPECT_TIMEOUT_S
    ),
    "code/mbpp_openbench": lambda sandbox: code_scorer(
        sandbox, extract_tagged, mbpp_trial, _OPENBENCH_TIMEOUT_S
    ),
}
"""Factories by profile name."""
