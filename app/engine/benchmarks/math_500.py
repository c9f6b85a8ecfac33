"""MATH-500: competition mathematics with LaTeX answers (Hendrycks et al. 2021)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.engine.benchmarks.math_prompts import INSPECT_MATH
from app.engine.benchmarks.prompt_parts import user
from app.engine.benchmarks.spec import Benchmark, DatasetRef, Protocol, Record, Support
from app.engine.types import Generation, Sample

OPENBENCH_PROMPT = (
    "Solve the following math problem step by step. The last line of your response should be of "
    "the form Answer: $ANSWER (without quotes) where $ANSWER is the answer to the problem."
    '\n\n{problem}\n\nRemember to put your answer on its own line after "Answer:", and you do '
    "not need to use a \\boxed command."
)
STUDIO_PROMPT = (
    "Solve the following math problem step by step.\n\n{problem}\n\n"
    "Put your final answer within \\boxed{{}}."
)


def _build(records: Iterable[Record], template: str) -> Iterator[Sample]:
    for record in records:
        yield Sample(
            id=record["unique_id"],
            messages=user(template.format(problem=record["problem"])),
            target=record["answer"],
            category=record["subject"],
            metadata={
                "subject": record["subject"],
                "level": str(record["level"]),
                "problem": record["problem"],
            },
        )


def build_inspect(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask for ``ANSWER:`` on the last line."""
    return _build(records, INSPECT_MATH)


def build_openbench(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask for ``Answer:`` on the last line."""
    return _build(records, OPENBENCH_PROMPT)


def build_studio(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask for a box, as most models write one anyway."""
    return _build(records, STUDIO_PROMPT)


TEST = DatasetRef(
    "HuggingFaceH4/MATH-500",
    "default",
    "test",
    "6e4ed1a2a79af7d8630a6b768ec859cb5af4d3be",
    {"unique_id": str, "problem": str, "answer": str, "subject": str, "level": (int, str)},
)

BENCHMARKS = (
    Benchmark(
        name="math_500",
        title="MATH-500",
        category="math",
        version=2,
        description=(
            "500 competition problems in seven fields and five levels; the answer is an "
            "expression, compared as mathematics rather than as text."
        ),
        protocols={
            "inspect": Protocol(
                name="inspect",
                datasets=(TEST,),
                build=build_inspect,
                scorer="math/inspect",
                prompt_template=INSPECT_MATH,
                generation=Generation(temperature=0.5),
                differences=(
                    "inspect_evals asks all 5,000 problems of MATH; here the usual 500.",
                    "inspect_evals reports three scorers, one of them a grader model; here the "
                    "deterministic ones decide.",
                ),
            ),
            "openbench": Protocol(
                name="openbench",
                datasets=(TEST,),
                build=build_openbench,
                scorer="math/openbench",
                prompt_template=OPENBENCH_PROMPT,
                generation=Generation(max_tokens=8192),
                differences=(
                    "openbench always asks gpt-4-turbo whether two expressions are equal; here you "
                    "choose the judge.",
                    "openbench reads OpenAI's math_500_test.csv; here the same problems come "
                    "from the pinned hub dataset.",
                ),
            ),
            "studio": Protocol(
                name="studio",
                datasets=(TEST,),
                build=build_studio,
                scorer="math/studio",
                prompt_template=STUDIO_PROMPT,
                differences=(
                    "Ours: a solution is not an equation that has it, since solving is what was "
                    "asked (2x=4 is not x=2, nor is x+1=3); a line or a curve is the same with its "
                    "sides moved or multiplied (2x+2y=8 is x+y=4).",
                ),
            ),
        },
        default_protocol="inspect",
        size=500,
        license="MIT",
        citation=(
            "Hendrycks et al. (2021), Measuring Mathematical Problem Solving With the MATH "
            "Dataset, arXiv:2103.03874; Lightman et al. (2023), Let's Verify Step by Step, "
            "arXiv:2305.20050"
        ),
        url="https://huggingface.co/datasets/HuggingFaceH4/MATH-500",
        input_tokens=143,
        output_tokens=(300, 3000),
        breakdown="subject",
    ),
)
