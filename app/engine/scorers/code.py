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
from typing import Any

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

AssembleProgram = Callable[[str, Sample], str]
"""Puts code and tests together."""

_INSPECT_TIMEOUT_S = 30.0
_OPENBENCH_TIMEOUT_S = 3.0
_KEPT_STDERR_CHARS = 2000


def humaneval_program(code: str, sample: Sample) -> str:
    """Return the prompt, continued by the code, and the call of the task's ``check``.

    Works for a function body and for a whole function: the second definition wins.
    """
    metadata = sample.metadata
    prompt, test = metadata.get("prompt", ""), metadata.get("test", "")
    return f"{prompt}{code}\n{test}\ncheck({metadata.get('entry_point', '')})"


def mbpp_program(code: str, sample: Sample) -> str:
    """Return imports, code, set-up code and assertions of an MBPP task."""
    metadata = sample.metadata
    parts = [*_lines(metadata.get("test_imports")), code]
    parts += [str(metadata.get("test_setup_code") or "")]
    parts += _lines(metadata.get("test_list") or metadata.get("tests"))
    return "\n".join(parts)


def code_scorer(
    sandbox: Sandbox, extract: ExtractCode, assemble: AssembleProgram, timeout_s: float
) -> Scorer:
    """Return a scorer: 1 when the program passes its tests, else 0.

    The scorer raises ``SandboxUnavailableError`` where programs cannot be isolated.
    """

    def score(completion: str, sample: Sample) -> Verdict:
        code = extract(completion)
        if code is None:
            return Verdict(0.0, None, "The answer holds no code in the requested form.")
        result = sandbox.run(assemble(code, sample), timeout_s)
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
    return f"The tests failed: {last[0]}"


SANDBOXED: dict[str, Callable[[Sandbox], Scorer]] = {
    "code/humaneval_inspect": lambda sandbox: code_scorer(
        sandbox, extract_fenced_body, humaneval_program, _INSPECT_TIMEOUT_S
    ),
    "code/humaneval_openbench": lambda sandbox: code_scorer(
        sandbox, extract_python_fence, humaneval_program, _OPENBENCH_TIMEOUT_S
    ),
    "code/mbpp_inspect": lambda sandbox: code_scorer(
        sandbox, extract_fenced, mbpp_program, _INSPECT_TIMEOUT_S
    ),
    "code/mbpp_openbench": lambda sandbox: code_scorer(
        sandbox, extract_tagged, mbpp_program, _OPENBENCH_TIMEOUT_S
    ),
}
"""Factories by profile name."""
