"""WinoGrande: which noun fills the blank (Sakaguchi et al. 2019)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.engine.benchmarks.prompts import (
    OPENBENCH_CHOICE,
    choice_prompt,
    letter,
    openbench_choice_prompt,
    user,
)
from app.engine.benchmarks.spec import Benchmark, DatasetRef, Protocol, Record, Support
from app.engine.types import Generation, Message, Sample

INSPECT_PROMPT = (
    "Answer the following multiple choice question by choosing the best logical option to "
    "replace the [BLANK]. The entire content of your response should be of the following "
    "format: 'ANSWER: $LETTER' (without quotes) where LETTER is one of {letters}.\n\n"
    "{question}\n{choices}\n"
)


def _options(record: Record) -> tuple[str, str]:
    return record["option1"], record["option2"]


def _sample(number: int, record: Record, messages: tuple[Message, ...]) -> Sample:
    return Sample(
        id=str(number),
        messages=messages,
        target=letter(int(record["answer"]) - 1),
        choices=_options(record),
        metadata={"sentence": record["sentence"]},
    )


def build_inspect(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask for the letter only, without examples."""
    for number, record in enumerate(records, start=1):
        question = f"Sentence: {record['sentence'].replace('_', '[BLANK]')}"
        prompt = choice_prompt(question, _options(record), INSPECT_PROMPT)
        yield _sample(number, record, user(prompt))


def build_openbench(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask with a longer blank and room for reasoning."""
    for number, record in enumerate(records, start=1):
        question = record["sentence"].replace("_", "_____")
        yield _sample(number, record, user(openbench_choice_prompt(question, _options(record))))


VALIDATION = DatasetRef(
    "allenai/winogrande",
    "winogrande_xl",
    "validation",
    "01e74176c63542e6b0bcb004dcdea22d94fb67b5",
    {"sentence": str, "option1": str, "option2": str, "answer": str},
)

BENCHMARKS = (
    Benchmark(
        name="winogrande",
        title="WinoGrande",
        category="reasoning",
        version=1,
        description=(
            "Sentences with a blank that one of two nouns fills; the wording alone does not tell "
            "which."
        ),
        protocols={
            "inspect": Protocol(
                name="inspect",
                datasets=(VALIDATION,),
                build=build_inspect,
                scorer="mcq/inspect",
                prompt_template=INSPECT_PROMPT,
                generation=Generation(max_tokens=64),
                differences=(
                    "inspect_evals puts five training sentences into the system message; here "
                    "its task with fewshot=0.",
                ),
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
        size=1267,
        license="CC-BY",
        citation=(
            "Sakaguchi et al. (2019), WinoGrande: An Adversarial Winograd Schema Challenge at "
            "Scale, arXiv:1907.10641"
        ),
        url="https://huggingface.co/datasets/allenai/winogrande",
        input_tokens=93,
        output_tokens=(5, 200),
    ),
)
