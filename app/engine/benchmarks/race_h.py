"""RACE-H: reading comprehension from high-school English exams (Lai et al. 2017)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.engine.benchmarks.prompt_parts import (
    OPENBENCH_CHOICE,
    choice_prompt,
    openbench_choice_prompt,
    user,
)
from app.engine.benchmarks.spec import Benchmark, DatasetRef, Protocol, Record, Support
from app.engine.types import Generation, Message, Sample

INSPECT_PROMPT = (
    "Answer the following multiple-choice question. The entire content of your response should "
    "be of the following format: 'ANSWER: $LETTER' (without quotes) where LETTER is one of "
    "{letters}.\n\nYou are provided with a passage, a question based on the passage, and four "
    "choices for the answer. Exactly one of the choices is correct.\n\nPassage:\n{question}\n\n"
    "Choices:\n{choices}"
)


def _sample(number: int, record: Record, messages: tuple[Message, ...]) -> Sample:
    return Sample(
        id=str(number),
        messages=messages,
        target=record["answer"],
        choices=tuple(record["options"]),
        metadata={"example_id": record["example_id"]},
    )


def build_inspect(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask for the letter only."""
    for number, record in enumerate(records, start=1):
        question = f"{record['article']}\n\nQuestion:\n{record['question']}"
        prompt = choice_prompt(question, record["options"], INSPECT_PROMPT)
        yield _sample(number, record, user(prompt))


def build_openbench(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask with room for reasoning."""
    for number, record in enumerate(records, start=1):
        question = f"Passage:\n{record['article']}\n\nQuestion: {record['question']}"
        yield _sample(number, record, user(openbench_choice_prompt(question, record["options"])))


TEST = DatasetRef(
    "ehovy/race",
    "high",
    "test",
    "2fec9fd81f1dc971569a9b729c43f2f0e6436637",
    {"example_id": str, "article": str, "question": str, "options": list, "answer": str},
)

BENCHMARKS = (
    Benchmark(
        name="race_h",
        title="RACE-H",
        category="language",
        version=1,
        description=(
            "English exams for Chinese high-school students: a passage, a question and four "
            "options."
        ),
        protocols={
            "inspect": Protocol(
                name="inspect",
                datasets=(TEST,),
                build=build_inspect,
                scorer="mcq/inspect",
                prompt_template=INSPECT_PROMPT,
                generation=Generation(temperature=0.0),
            ),
            "openbench": Protocol(
                name="openbench",
                datasets=(TEST,),
                build=build_openbench,
                scorer="mcq/openbench",
                prompt_template=OPENBENCH_CHOICE,
                differences=(
                    "openbench expects a column `problems` that the dataset does not have; here "
                    "each row is one question, with the prompt that openbench would make of it.",
                ),
            ),
        },
        default_protocol="inspect",
        size=3498,
        license="non-commercial research only",
        citation=(
            "Lai et al. (2017), RACE: Large-scale ReAding Comprehension Dataset From "
            "Examinations, arXiv:1704.04683"
        ),
        url="https://huggingface.co/datasets/ehovy/race",
        input_tokens=480,
        output_tokens=(5, 200),
    ),
)
