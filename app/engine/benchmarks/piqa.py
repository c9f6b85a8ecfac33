"""PIQA: physical common sense (Bisk et al. 2019)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.engine.benchmarks.prompt_parts import (
    OPENBENCH_CHOICE,
    choice_prompt,
    letter,
    openbench_choice_prompt,
    user,
)
from app.engine.benchmarks.spec import Benchmark, DatasetRef, Protocol, Record, Support
from app.engine.types import Message, Sample

INSPECT_PROMPT = (
    "The entire content of your response should be of the following format: 'ANSWER:\n"
    "$LETTER' (without quotes) where LETTER is one of {letters}.\n\n"
    "Given either a question or a statement followed by two possible solutions\n"
    "labelled A and B, choose the most appropriate solution. If a question is given,\n"
    "the solutions answer the question. If a statement is given, the solutions\n"
    "explain how to achieve the statement.\n\n{question}\n\n{choices}"
)


def _solutions(record: Record) -> tuple[str, str]:
    return record["sol1"], record["sol2"]


def _sample(number: int, record: Record, messages: tuple[Message, ...]) -> Sample:
    return Sample(
        id=str(number),
        messages=messages,
        target=letter(record["label"]),
        choices=_solutions(record),
        metadata={"goal": record["goal"]},
    )


def build_inspect(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask for the letter only."""
    for number, record in enumerate(records, start=1):
        prompt = choice_prompt(record["goal"], _solutions(record), INSPECT_PROMPT)
        yield _sample(number, record, user(prompt))


def build_openbench(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask with room for reasoning."""
    for number, record in enumerate(records, start=1):
        prompt = openbench_choice_prompt(record["goal"], _solutions(record))
        yield _sample(number, record, user(prompt))


VALIDATION = DatasetRef(
    "ybisk/piqa",
    "plain_text",
    "validation",
    "2e8ac2dffd59bac8c3c6714948f4c551a0848bb0",
    {"goal": str, "sol1": str, "sol2": str, "label": int},
)

BENCHMARKS = (
    Benchmark(
        name="piqa",
        title="PIQA",
        category="reasoning",
        version=1,
        description="Two ways to do an everyday thing, one of which works.",
        protocols={
            "inspect": Protocol(
                name="inspect",
                datasets=(VALIDATION,),
                build=build_inspect,
                scorer="mcq/inspect",
                prompt_template=INSPECT_PROMPT,
            ),
            "openbench": Protocol(
                name="openbench",
                datasets=(VALIDATION,),
                build=build_openbench,
                scorer="mcq/openbench",
                prompt_template=OPENBENCH_CHOICE,
            ),
        },
        default_protocol="inspect",
        size=1838,
        license="AFL-3.0",
        citation=(
            "Bisk et al. (2019), PIQA: Reasoning about Physical Commonsense in Natural Language, "
            "arXiv:1911.11641"
        ),
        url="https://huggingface.co/datasets/ybisk/piqa",
        input_tokens=130,
        output_tokens=(5, 200),
    ),
)
