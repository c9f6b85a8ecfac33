"""BoolQ: yes-or-no questions about a passage (Clark et al. 2019)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.engine.benchmarks.prompt_parts import INSPECT_CHOICE, choice_prompt, user
from app.engine.benchmarks.spec import Benchmark, DatasetRef, Protocol, Record, Support
from app.engine.types import Sample

INSPECT_PROMPT = (
    "\nGiven a passage, answer the subsequent question with either Yes or No. Include nothing "
    "else in your response.\n\nPassage: {passage}\n\nQuestion: {question}\n"
)


def build_inspect(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask for the word Yes or No."""
    for number, record in enumerate(records, start=1):
        prompt = INSPECT_PROMPT.format(passage=record["passage"], question=record["question"])
        yield Sample(
            id=str(number),
            messages=user(prompt),
            target="Yes" if record["answer"] else "No",
        )


def build_openbench(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask for a letter: A is false, B is true."""
    for number, record in enumerate(records, start=1):
        question = f"{record['passage']}\nQuestion: {record['question']}?\nAnswer:"
        yield Sample(
            id=str(number),
            messages=user(choice_prompt(question, ("false", "true"))),
            target="B" if record["answer"] else "A",
            choices=("false", "true"),
        )


VALIDATION = DatasetRef(
    "google/boolq",
    "default",
    "validation",
    "35b264d03638db9f4ce671b711558bf7ff0f80d5",
    {"question": str, "passage": str, "answer": bool},
)

BENCHMARKS = (
    Benchmark(
        name="boolq",
        title="BoolQ",
        category="language",
        version=1,
        description=(
            "Yes-or-no questions that people typed into a search engine, each with a Wikipedia "
            "passage that answers it."
        ),
        protocols={
            "inspect": Protocol(
                name="inspect",
                datasets=(VALIDATION,),
                build=build_inspect,
                scorer="pattern_yes_no/inspect",
                prompt_template=INSPECT_PROMPT,
            ),
            "openbench": Protocol(
                name="openbench",
                datasets=(VALIDATION,),
                build=build_openbench,
                scorer="mcq/openbench",
                prompt_template=INSPECT_CHOICE,
            ),
        },
        default_protocol="inspect",
        size=3270,
        license="CC-BY-SA-3.0",
        citation=(
            "Clark et al. (2019), BoolQ: Exploring the Surprising Difficulty of Natural Yes/No "
            "Questions, arXiv:1905.10044"
        ),
        url="https://huggingface.co/datasets/google/boolq",
        input_tokens=180,
        output_tokens=(2, 200),
    ),
)
