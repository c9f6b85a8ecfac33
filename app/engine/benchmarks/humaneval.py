"""HumanEval: complete a Python function (Chen et al. 2021)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.engine.benchmarks.prompt_parts import user
from app.engine.benchmarks.spec import Benchmark, DatasetRef, Protocol, Record, Support
from app.engine.types import Generation, Sample

INSPECT_PROMPT = (
    "\nRead the following function signature and docstring, and fully implement\n"
    "the function described. Your response should only contain the code for\n"
    "this function.\n\n{prompt}"
)
OPENBENCH_PROMPT = (
    "Read the following function signature and docstring, and fully implement\n"
    "    the function described. Your response should only contain the code for\n"
    "    this function.{prompt}"
)


def _build(records: Iterable[Record], template: str) -> Iterator[Sample]:
    for record in records:
        yield Sample(
            id=record["task_id"],
            messages=user(template.format(prompt=record["prompt"])),
            target=record["canonical_solution"],
            metadata={
                "prompt": record["prompt"],
                "test": record["test"],
                "entry_point": record["entry_point"],
                "task_id": record["task_id"],
            },
        )


def build_inspect(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask with inspect_evals' instruction."""
    return _build(records, INSPECT_PROMPT)


def build_openbench(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask with openbench's instruction, which runs into the code without a line break."""
    return _build(records, OPENBENCH_PROMPT)


TEST = DatasetRef(
    "openai/openai_humaneval",
    "openai_humaneval",
    "test",
    "7dce6050a7d6d172f3cc5c32aa97f52fa1a2e544",
    {
        "task_id": str,
        "prompt": str,
        "canonical_solution": str,
        "test": str,
        "entry_point": str,
    },
)

BENCHMARKS = (
    Benchmark(
        name="humaneval",
        title="HumanEval",
        category="coding",
        version=2,
        description=(
            "164 Python functions to write from their signature and docstring; hidden tests, "
            "run in a sandbox, decide."
        ),
        protocols={
            "inspect": Protocol(
                name="inspect",
                datasets=(TEST,),
                build=build_inspect,
                scorer="code/humaneval_inspect",
                prompt_template=INSPECT_PROMPT,
            ),
            "openbench": Protocol(
                name="openbench",
                datasets=(TEST,),
                build=build_openbench,
                scorer="code/humaneval_openbench",
                prompt_template=OPENBENCH_PROMPT,
                generation=Generation(temperature=0.5),
                epochs=5,
                differences=(
                    "openbench runs the model's code on the host; here it runs in the sandbox.",
                ),
            ),
            "studio": Protocol(
                name="studio",
                datasets=(TEST,),
                build=build_inspect,
                scorer="code/studio",
                prompt_template=INSPECT_PROMPT,
            ),
        },
        default_protocol="inspect",
        size=164,
        license="MIT",
        citation=(
            "Chen et al. (2021), Evaluating Large Language Models Trained on Code, arXiv:2107.03374"
        ),
        url="https://huggingface.co/datasets/openai/openai_humaneval",
        input_tokens=154,
        output_tokens=(80, 500),
        metric="pass@1",
        requirements=("sandbox",),
    ),
)
