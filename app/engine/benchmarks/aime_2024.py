"""AIME 2024: thirty olympiad-style problems with integer answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.engine.benchmarks.prompt_parts import user
from app.engine.benchmarks.spec import Benchmark, DatasetRef, Protocol, Record, Support
from app.engine.types import Generation, Sample

INSPECT_PROMPT = (
    "Solve the following math problem step by step.\nThe last line of your response should be of "
    'the form "ANSWER: $ANSWER" (without quotes) where $ANSWER is the answer to the problem.'
    "\n\n{problem}\n\nRemember to put your answer on its own line at the end in the form "
    '"ANSWER: $ANSWER" (without quotes) where $ANSWER is the answer to the problem, and you do '
    "not need to use a \\boxed command."
)
OPENBENCH_PROMPT = (
    "Please reason step by step, and put your final answer within \\boxed{}.\n"
    "The answer is an integer between 0 and 999 inclusive.\n\n{problem}"
)


def _build(records: Iterable[Record], template: str) -> Iterator[Sample]:
    for record in records:
        yield Sample(
            id=str(record["ID"]),
            messages=user(template.replace("{problem}", record["Problem"])),
            target=str(record["Answer"]),
        )


def build_inspect(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask for ``ANSWER:`` on the last line."""
    return _build(records, INSPECT_PROMPT)


def build_openbench(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask for a boxed integer."""
    return _build(records, OPENBENCH_PROMPT)


PROBLEMS = DatasetRef(
    "Maxwell-Jia/AIME_2024",
    "default",
    "train",
    "8d88b2876a82a080e2f172cc9b25d0d9d2cb4792",
    {"ID": str, "Problem": str, "Answer": (int, str)},
)

BENCHMARKS = (
    Benchmark(
        name="aime_2024",
        title="AIME 2024",
        category="math",
        version=1,
        description=(
            "The thirty problems of the American Invitational Mathematics Examination 2024. "
            "Every answer is an integer from 0 to 999. So few problems say little on one pass: "
            "use several epochs."
        ),
        protocols={
            "inspect": Protocol(
                name="inspect",
                datasets=(PROBLEMS,),
                build=build_inspect,
                scorer="aime/inspect",
                prompt_template=INSPECT_PROMPT,
            ),
            "openbench": Protocol(
                name="openbench",
                datasets=(PROBLEMS,),
                build=build_openbench,
                scorer="boxed_int/openbench",
                prompt_template=OPENBENCH_PROMPT,
                generation=Generation(temperature=0.6, max_tokens=8000),
                epochs=4,
                differences=(
                    "openbench reads AarushSah/aime2024; here the same problems come from the "
                    "pinned dataset that inspect_evals uses.",
                ),
            ),
        },
        default_protocol="inspect",
        size=30,
        license="problems (c) Mathematical Association of America; dataset MIT",
        citation="Mathematical Association of America (2024), AIME I and II",
        url="https://huggingface.co/datasets/Maxwell-Jia/AIME_2024",
        input_tokens=176,
        output_tokens=(1000, 12000),
    ),
)
