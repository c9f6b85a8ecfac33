"""IFEval: instructions that a program can check (Zhou et al. 2023)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.engine.benchmarks.prompt_parts import user
from app.engine.benchmarks.spec import Benchmark, DatasetRef, Protocol, Record, Support
from app.engine.types import Generation, Sample


def build(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Send the prompt as it is."""
    for record in records:
        yield Sample(
            id=str(record["key"]),
            messages=user(record["prompt"]),
            target="",
            metadata={
                "prompt": record["prompt"],
                "instruction_id_list": list(record["instruction_id_list"]),
                "kwargs": list(record["kwargs"]),
            },
        )


PROMPTS = DatasetRef(
    "google/IFEval",
    "default",
    "train",
    "966cd89545d6b6acfd7638bc708b98261ca58e84",
    {"key": int, "prompt": str, "instruction_id_list": list, "kwargs": list},
)

BENCHMARKS = (
    Benchmark(
        name="ifeval",
        title="IFEval",
        category="instructions",
        version=1,
        description=(
            "541 prompts with one to three instructions about form (length, keywords, format) "
            "that a program checks. The score is the share of prompts with every instruction "
            "followed to the letter."
        ),
        protocols={
            "inspect": Protocol(
                name="inspect",
                datasets=(PROMPTS,),
                build=build,
                scorer="ifeval/inspect",
                prompt_template="{prompt}",
                differences=(
                    "inspect_evals averages four rates (strict and loose, by prompt and by "
                    "instruction); here the headline is the strict rate by prompt, and the "
                    "others are in the details of each sample.",
                ),
            ),
            "openbench": Protocol(
                name="openbench",
                datasets=(PROMPTS,),
                build=build,
                scorer="ifeval/openbench",
                prompt_template="{prompt}",
                generation=Generation(temperature=0.0, max_tokens=2048),
            ),
        },
        default_protocol="inspect",
        size=541,
        license="Apache-2.0",
        citation=(
            "Zhou et al. (2023), Instruction-Following Evaluation for Large Language Models, "
            "arXiv:2311.07911"
        ),
        url="https://huggingface.co/datasets/google/IFEval",
        input_tokens=52,
        output_tokens=(300, 600),
        metric="strict prompt accuracy",
    ),
)
