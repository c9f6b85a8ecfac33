"""MBPP: short Python tasks with tests in the prompt (Austin et al. 2021)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from app.engine.benchmarks.prompt_parts import user
from app.engine.benchmarks.spec import Benchmark, DatasetRef, Protocol, Record, Support
from app.engine.types import Generation, Sample

REPO = "google-research-datasets/mbpp"
REVISION = "4bb6404fdc6cacfda99d4ac4205087b89d32030c"
FULL_FIELDS = {"task_id": int, "text": str, "code": str, "test_list": list}
FEWSHOT_TASKS = (2, 3, 4)

INSPECT_INSTRUCTION = (
    "You are an expert Python programmer. You will be given a task, and the tests that your code "
    "must pass.\nWrite the Python function to solve the task. Do not give additional "
    "explanations, just output the\nPython function. Only use imports that are included in "
    "Python's standard library."
)
INSPECT_EXAMPLE = (
    "## Prompt {number}\n```python\n{text}\n```\n\n"
    "## Test Case {number}\n```python\n{tests}\n```\n\n"
    "## Completion {number}\n```python\n{code}\n```\n\n"
)
INSPECT_TASK = (
    "\n# Now, do it for the following task.\n\n## Prompt:\n```python\n{prompt}\n```\n\n"
    "## Test Case:\n```python\n{tests}\n```\n\n## Completion:\n"
)
OPENBENCH_PROMPT = (
    "You are an expert Python programmer, and here is your task: {prompt} \nYour code should "
    "pass these tests:\n\n{tests}\n\nReturn your code in the following format, include [BEGIN] "
    "and [DONE] tags:\n[BEGIN]\n<ONLY include your code here, no commentary, no imports, no "
    "tests>\n[DONE]"
)


def _inspect_head(pool: Sequence[Record]) -> str:
    """Return the instruction and the three worked examples."""
    examples = [record for record in pool if record["task_id"] in FEWSHOT_TASKS]
    return f"{INSPECT_INSTRUCTION}\n\nFor example:\n\n" + "".join(
        INSPECT_EXAMPLE.format(
            number=number,
            text=record["text"],
            tests="\n".join(record["test_list"]),
            code=record["code"],
        )
        for number, record in enumerate(examples, start=1)
    )


def build_inspect(records: Iterable[Record], support: Support) -> Iterator[Sample]:
    """Ask the sanitised tasks after three examples."""
    head = _inspect_head(support["fewshot"])
    for record in records:
        tests = "\n".join(record["test_list"])
        yield Sample(
            id=str(record["task_id"]),
            messages=user(head + INSPECT_TASK.format(prompt=record["prompt"], tests=tests)),
            target=tuple(record["test_list"]),
            metadata={
                "prompt": record["prompt"],
                "test_list": list(record["test_list"]),
                "test_imports": list(record.get("test_imports") or ()),
                "task_id": record["task_id"],
            },
        )


def build_openbench(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask the full test split; the challenge tests count and are shown, too."""
    for record in records:
        tests = [*record["test_list"], *(record.get("challenge_test_list") or ())]
        setup = record.get("test_setup_code") or ""
        shown = "\n".join([setup, *tests])
        yield Sample(
            id=str(record["task_id"]),
            messages=user(OPENBENCH_PROMPT.format(prompt=record["text"], tests=shown)),
            target=record["code"],
            metadata={
                "prompt": record["text"],
                "test_list": tests,
                "test_setup_code": setup,
                "task_id": record["task_id"],
            },
        )


SANITIZED = DatasetRef(
    REPO, "sanitized", "test", REVISION, {"task_id": int, "prompt": str, "test_list": list}
)
FEWSHOT_POOL = DatasetRef(REPO, "full", "prompt", REVISION, FULL_FIELDS)

BENCHMARKS = (
    Benchmark(
        name="mbpp",
        title="MBPP",
        category="coding",
        version=2,
        description=(
            "Short Python tasks of the kind a beginner gets, each with the assertions that the "
            "code must pass; they are run in a sandbox."
        ),
        protocols={
            "inspect": Protocol(
                name="inspect",
                datasets=(SANITIZED,),
                build=build_inspect,
                scorer="code/mbpp_inspect",
                prompt_template=INSPECT_INSTRUCTION + "\n" + INSPECT_TASK,
                generation=Generation(temperature=0.5),
                epochs=5,
                support={"fewshot": FEWSHOT_POOL},
                fewshot=len(FEWSHOT_TASKS),
            ),
            "openbench": Protocol(
                name="openbench",
                datasets=(DatasetRef(REPO, "full", "test", REVISION, FULL_FIELDS),),
                build=build_openbench,
                scorer="code/mbpp_openbench",
                prompt_template=OPENBENCH_PROMPT,
                generation=Generation(temperature=0.5),
                epochs=5,
                differences=(
                    "openbench puts a line break between any two characters of the set-up code "
                    "(one task has some); here the code stays whole.",
                    "openbench runs the model's code on the host; here it runs in the sandbox.",
                ),
            ),
            "studio": Protocol(
                name="studio",
                datasets=(SANITIZED,),
                build=build_inspect,
                scorer="code/studio",
                prompt_template=INSPECT_INSTRUCTION + "\n" + INSPECT_TASK,
                support={"fewshot": FEWSHOT_POOL},
                fewshot=len(FEWSHOT_TASKS),
            ),
        },
        default_protocol="inspect",
        size=257,
        license="CC-BY-4.0",
        citation=(
            "Austin et al. (2021), Program Synthesis with Large Language Models, arXiv:2108.07732"
        ),
        url="https://huggingface.co/datasets/google-research-datasets/mbpp",
        input_tokens=600,
        output_tokens=(60, 300),
        metric="pass@1",
        requirements=("sandbox",),
    ),
)
