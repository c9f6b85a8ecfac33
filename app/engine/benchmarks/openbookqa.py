"""OpenBookQA: elementary science with a twist (Mihaylov et al. 2018)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.engine.benchmarks.prompt_parts import OPENBENCH_CHOICE, openbench_choice_prompt, user
from app.engine.benchmarks.spec import Benchmark, DatasetRef, Protocol, Record, Support
from app.engine.types import Sample


def build_openbench(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask with room for reasoning, without the book of facts."""
    for record in records:
        options = record["choices"]["text"]
        yield Sample(
            id=record["id"],
            messages=user(openbench_choice_prompt(record["question_stem"], options)),
            target=record["answerKey"],
            choices=tuple(options),
        )


TEST = DatasetRef(
    "allenai/openbookqa",
    "main",
    "test",
    "388097ea7776314e93a529163e0fea805b8a6454",
    {"id": str, "question_stem": str, "choices": dict, "answerKey": str},
)

BENCHMARKS = (
    Benchmark(
        name="openbookqa",
        title="OpenBookQA",
        category="knowledge",
        version=1,
        description=(
            "Elementary science questions that combine a textbook fact with common knowledge; "
            "the book itself is not shown."
        ),
        protocols={
            "openbench": Protocol(
                name="openbench",
                datasets=(TEST,),
                build=build_openbench,
                scorer="mcq/openbench",
                prompt_template=OPENBENCH_CHOICE,
                differences=(
                    "openbench asks the 500 validation questions; here the 500 test questions, "
                    "on which published results are given.",
                ),
            ),
        },
        default_protocol="openbench",
        size=500,
        license="Apache-2.0",
        citation=(
            "Mihaylov et al. (2018), Can a Suit of Armor Conduct Electricity? A New Dataset for "
            "Open Book Question Answering, arXiv:1809.02789"
        ),
        url="https://huggingface.co/datasets/allenai/openbookqa",
        input_tokens=80,
        output_tokens=(5, 200),
    ),
)
