from __future__ import annotations

import json

import pytest

from app.engine.sandbox.sandbox import Sandbox, SandboxUnavailableError
from app.engine.scorers.code import SANDBOXED, mbpp_trial
from app.engine.scorers.code_fences import (
    extract_fenced,
    extract_fenced_body,
    extract_python_fence,
    extract_tagged,
)
from app.engine.types import Sample

BODY = "    return a + b\n"
FUNCTION = f"def add(a, b):\n{BODY}"
ADD = Sample(
    "HumanEval/0",
    (),
    "",
    metadata={
        "prompt": 'def add(a, b):\n    """Add."""\n',
        "test": "def check(candidate):\n    assert candidate(1, 2) == 3\n",
        "entry_point": "add",
    },
)


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    sandbox = Sandbox()
    try:
        sandbox.check()
    except SandboxUnavailableError as error:
        pytest.skip(error.message)
    return sandbox


@pytest.mark.parametrize(
    ("file", "profile", "right"),
    [
        ("humaneval.inspect_evals", "code/humaneval_inspect", "C"),
        ("humaneval.openbench", "code/humaneval_openbench", "C"),
        ("mbpp.openbench", "code/mbpp_openbench", 1.0),
    ],
)
def test_every_sixth_recorded_verdict_is_reproduced(sandbox, test_data, file, profile, right):
    # scripts/parity replays all of them; an endless answer alone takes its 30 seconds.
    score = SANDBOXED[profile](sandbox)
    lines = (test_data / "parity" / f"{file}.jsonl").read_text(encoding="utf-8").splitlines()
    for row in map(json.loads, lines[::6]):
        if "while" in row["completion"] and not row["intended_correct"]:
            continue
        verdict = score(row["completion"], Sample(row["id"], (), "", metadata=row["metadata"]))
        assert verdict.score == float(row["score"]["verify"] == right), row["id"]


@pytest.mark.parametrize(
    ("answer", "inspect", "openbench"),
    [
        (FUNCTION, 1, 1),
        (BODY, 1, 1),
        (f"```python\n{FUNCTION}```", 1, 1),
        (f"Here:\n```python\n{FUNCTION}```\nUse:\n```python\nadd()\n```", 1, 1),
        (f"```\n{FUNCTION}```", 1, 0),
        (f"```py\n{FUNCTION}```", 1, 0),
        (f"```Python\r\n{FUNCTION}```".replace("\n", "\r\n"), 1, 0),
        (f"```python\n{BODY}```", 0, 1),
        (f"Here: ```python\n{FUNCTION}", 1, 0),
        (f"```python3\n{FUNCTION}```", 1, 0),
        (f"```python title=a\n{FUNCTION}```", 1, 0),
        (f"```js\nadd()\n```\n```\n{FUNCTION}```", 1, 0),
        (f"```python\n{FUNCTION}    # ```quoted```\n    pass\n```", 1, 1),
        ("```python\ndef add(a, b): return a + b\n```", 0, 1),
        ("```python\ndef two():\n    return 2\n\ndef add(a, b):\n    return two() + 1\n```", 0, 1),
        ("    return 0\n", 0, 0),
        ("", 0, 0),
    ],
)
def test_humaneval_accepts_the_formats_that_its_protocol_accepts(
    sandbox, answer, inspect, openbench
):
    assert SANDBOXED["code/humaneval_inspect"](sandbox)(answer, ADD).score == inspect
    assert SANDBOXED["code/humaneval_openbench"](sandbox)(answer, ADD).score == openbench


@pytest.mark.parametrize(
    ("answer", "explanation"),
    [
        (FUNCTION, "All tests passed."),
        (f"{FUNCTION}\nimport sys; sys.exit(0)", "The program ended before its tests."),
        ("    return 0\n", "The tests failed: AssertionError"),
    ],
)
def test_the_explanation_says_why(sandbox, answer, explanation):
    assert SANDBOXED["code/humaneval_inspect"](sandbox)(answer, ADD).explanation == explanation


def test_an_endless_answer_scores_zero_and_says_so(sandbox):
    verdict = SANDBOXED["code/humaneval_openbench"](sandbox)("    while True: pass\n", ADD)
    assert (verdict.score, verdict.explanation) == (0.0, "Stopped after 3 s.")
    assert verdict.detail["timed_out"] is True


def test_an_mbpp_answer_without_tags_holds_no_code_for_openbench(sandbox):
    task = Sample("1", (), "", metadata={"test_list": ["assert add(1, 2) == 3"]})
    score = SANDBOXED["code/mbpp_openbench"](sandbox)
    assert score(f"[BEGIN]\n{FUNCTION}\n[DONE]", task).score == 1.0
    assert (score(FUNCTION, task).score, score(FUNCTION, task).answer) == (0.0, None)


def test_mbpp_imports_and_set_up_code_run_before_the_tests(sandbox):
    metadata = {
        "test_imports": ["import math"],
        "test_setup_code": "two = add(1, 1)",
        "test_list": ["assert math.sqrt(two + two) == 2"],
    }
    task = Sample("1", (), "", metadata=metadata)
    assert SANDBOXED["code/mbpp_inspect"](sandbox)(f"```python\n{FUNCTION}```", task).score == 1.0
    assert mbpp_trial("x = 1", task).program.splitlines()[0] == "import math"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("```\nplain\n```\n```py\nlabelled\n```", "labelled\n"),
        ("```python\n\n```\n```python\nsecond\n```", "second\n"),
        ("```python\nfirst\n```js\nsecond\n```", "first\n"),
        ("```python\nglued```\nmore", "glued"),
        ("```\nnever closed", "```\nnever closed"),
        ("say ```\nplain\n```", "say ```\nplain\n```"),
        ("```pythonic\nx\n```", "```pythonic\nx\n```"),
        ("no fence", "no fence"),
    ],
)
def test_the_block_that_inspect_evals_would_run(answer, code):
    assert extract_fenced(answer) == code


def test_extraction_of_odd_answers_never_raises():
    for answer in ("", "```", "``````", "[BEGIN]", "[DONE][BEGIN]", "```python\n" * 1000, "\x00"):
        extract_fenced(answer)
        extract_fenced_body(answer)
        extract_python_fence(answer)
        extract_tagged(answer)
