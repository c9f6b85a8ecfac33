"""Finding the code in an answer however it is presented, and running all of it."""

from __future__ import annotations

import pytest

from app.engine.sandbox.sandbox import Sandbox, SandboxUnavailableError
from app.engine.scorers.code_studio import extract_code, make_code_studio
from app.engine.types import Sample, Scorer

ADD = "def add(a, b):\n    return a + b"
HELPED = "import math\n\ndef twice(n):\n    return math.prod((2, n))"
USES_HELP = "def add(a, b):\n    return (twice(a) + twice(b)) // 2"

HUMANEVAL = Sample(
    "1",
    (),
    "",
    metadata={
        "prompt": 'def add(a, b):\n    """Add."""\n',
        "test": "def check(candidate):\n    assert candidate(1, 2) == 3\n",
        "entry_point": "add",
    },
)
MBPP = Sample("2", (), "", metadata={"test_list": ["assert add(1, 2) == 3"]})
OWN = Sample("3", (), ("assert add(1, 2) == 3", "assert add(0, 0) == 0"))

PRESENTED = [
    ADD,
    f"```python\n{ADD}\n```",
    f"```\n{ADD}\n```",
    f"```py\n{ADD}\n```",
    f"```Python3\r\n{ADD}\r\n```".replace("\n    ", "\r\n    "),
    f"~~~python\n{ADD}\n~~~",
    f"````python\n{ADD}\n````",
    f"```{{.python}}\n{ADD}\n```",
    f'```python title="add.py"\n{ADD}\n```',
    f"Sure:\n\n```python\n{ADD}",
    "1. Here:\n\n   ```python\n   def add(a, b):\n       return a + b\n   ```",
    f"[BEGIN]\n{ADD}\n[DONE]",
    f"[BEGIN]\n```python\n{ADD}\n```\n[DONE]",
    f"Here is the function.\n\n{ADD}\n\nIt adds two numbers.",
    f"```bash\npip install numpy\n```\n\n```python\n{ADD}\n```\n\n```text\n3\n```",
    f"```python\n{HELPED}\n```\nand\n```python\n{USES_HELP}\n```",
    f"```python\n{USES_HELP}\n```\nwith\n```python\n{HELPED}\n```",
    f"```python\n{HELPED}\n\n{USES_HELP}\n```",
    f"```python\ndef add(a, b):\n    return a - b\n```\nNo, wait:\n```python\n{ADD}\n```",
    f"```python\n{ADD}\n```\nUse it:\n```python\nassert add(1, 2) == 4\n```",
    "```python\nadd = lambda a, b: a + b\n```",
    "The function:\nadd = lambda a, b: a + b",
    "Use `add = lambda a, b: a + b` here.",
    '```python\ndef add(a, b):\n    """\n    ```\n    1\n    ```\n    """\n    return a + b\n```',
    '````python\ndef add(a, b):\n    """\n```\nadd(1, 2)\n```\n"""\n    return a + b\n````',
    "```python\n>>> def add(a, b):\n...     return a + b\n>>> add(1, 2)\n3\n```",
    f"```python\n{ADD}\n```".replace("    ", "\u00a0" * 4),
    f"{HELPED}\n\nThen we use it:\n\n{USES_HELP}\n\nThat is all.",
]


@pytest.fixture(scope="module")
def score() -> Scorer:
    sandbox = Sandbox()
    try:
        sandbox.check()
    except SandboxUnavailableError as error:
        pytest.skip(error.message)
    return make_code_studio(sandbox)


@pytest.mark.parametrize("answer", PRESENTED)
@pytest.mark.parametrize("name", ["add", ""])
def test_the_code_defines_what_is_asked_for(answer: str, name: str) -> None:
    namespace: dict[str, object] = {}
    exec(extract_code(answer, name), namespace)  # noqa: S102 - our own answers
    assert namespace["add"](1, 2) == 3  # type: ignore[operator]


@pytest.mark.parametrize("sample", [HUMANEVAL, MBPP, OWN], ids=["humaneval", "mbpp", "own"])
def test_helpers_and_imports_are_there_when_the_tests_run(score: Scorer, sample: Sample) -> None:
    answer = f"```python\n{HELPED}\n```\nand\n```python\n{USES_HELP}\n```"
    assert score(answer, sample).score == 1.0
    assert score("```python\ndef add(a, b):\n    return a - b\n```", sample).score == 0.0


def test_a_body_continues_the_prompt(score: Scorer) -> None:
    for body in ("    return a + b", "return a + b"):
        assert score(f"```python\n{body}\n```", HUMANEVAL).score == 1.0


def test_an_answer_without_code_fails(score: Scorer) -> None:
    assert score("I cannot help with that.", MBPP).score == 0.0
