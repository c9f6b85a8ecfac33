"""CommonsenseQA: five options from a knowledge graph (Talmor et al. 2018)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.engine.benchmarks.prompt_parts import INSPECT_CHOICE, choice_prompt, user
from app.engine.benchmarks.spec import Benchmark, DatasetRef, Protocol, Record, Support
from app.engine.types import Generation, Sample


def build_inspect(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask for the letter only."""
    for record in records:
        options = record["choices"]["text"]
        yield Sample(
            id=record["id"],
            messages=user(choice_prompt(record["question"], options)),
            target=record["answerKey"],
            choices=tuple(options),
            metadata={"question_concept": record["question_concept"]},
        )


VALIDATION = DatasetRef(
    "tau/commonsense_qa",
    "default",
    "validation",
    "94630fe30dad47192a8546eb75f094926d47e155",
    {"id": str, "question": str, "question_concept": str, "choices": dict, "answerKey": str},
)

BENCHMARKS = (
    Benchmark(
        name="commonsense_qa",
        title="CommonsenseQA",
        category="reasoning",
        version=1,
        description=(
            "Questions about everyday knowledge with five options that are close to each other "
            "in a knowledge graph."
        ),
        protocols={
            "inspect": Protocol(
                name="inspect",
                datasets=(VALIDATION,),
                build=build_inspect,
                scorer="mcq/inspect",
                prompt_template=INSPECT_CHOICE,
                generation=Generation(temperature=0.0),
            ),
        },
        default_protocol="inspect",
        size=1221,
        license="MIT",
        citation=(
            "Talmor et al. (2018), CommonsenseQA: A Question Answering Challenge Targeting "
            "Commonsense Knowledge, arXiv:1811.00937"
        ),
        url="https://huggingface.co/datasets/tau/commonsense_qa",
        input_tokens=81,
        output_tokens=(5, 100),
    ),
)
