"""ARC Easy and Challenge: school science questions (Clark et al. 2018)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.engine.benchmarks.prompt_parts import (
    INSPECT_CHOICE,
    OPENBENCH_CHOICE,
    choice_prompt,
    letter,
    openbench_choice_prompt,
    user,
)
from app.engine.benchmarks.spec import Benchmark, DatasetRef, Protocol, Record, Support
from app.engine.types import Generation, Message, Sample

REPO = "allenai/ai2_arc"
REVISION = "210d026faf9955653af8916fad021475a3f00453"
FIELDS = {"id": str, "question": str, "choices": dict, "answerKey": str}


def _sample(record: Record, messages: tuple[Message, ...]) -> Sample:
    # Some questions are labelled 1 to 4: the letter follows from the place.
    place = record["choices"]["label"].index(record["answerKey"])
    return Sample(
        id=record["id"],
        messages=messages,
        target=letter(place),
        choices=tuple(record["choices"]["text"]),
        metadata={"question": record["question"]},
    )


def build_inspect(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask for the letter only."""
    for record in records:
        yield _sample(record, user(choice_prompt(record["question"], record["choices"]["text"])))


def build_openbench(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask with room for reasoning before the letter."""
    for record in records:
        prompt = openbench_choice_prompt(record["question"], record["choices"]["text"])
        yield _sample(record, user(prompt))


def _benchmark(name: str, config: str, title: str, size: int, description: str) -> Benchmark:
    test = DatasetRef(REPO, config, "test", REVISION, FIELDS)
    return Benchmark(
        name=name,
        title=title,
        category="reasoning",
        version=1,
        description=description,
        protocols={
            "inspect": Protocol(
                name="inspect",
                datasets=(test,),
                build=build_inspect,
                scorer="mcq/inspect",
                prompt_template=INSPECT_CHOICE,
            ),
            "openbench": Protocol(
                name="openbench",
                datasets=(test,),
                build=build_openbench,
                scorer="mcq/openbench",
                prompt_template=OPENBENCH_CHOICE,
                generation=Generation(temperature=0.0),
            ),
        },
        default_protocol="inspect",
        size=size,
        license="CC-BY-SA-4.0",
        citation=(
            "Clark et al. (2018), Think you have Solved Question Answering? Try ARC, the AI2 "
            "Reasoning Challenge, arXiv:1803.05457"
        ),
        url="https://huggingface.co/datasets/allenai/ai2_arc",
        input_tokens=111,
        output_tokens=(5, 250),
    )


BENCHMARKS = (
    _benchmark(
        "arc_easy",
        "ARC-Easy",
        "ARC Easy",
        2376,
        "School science questions of the easier part of ARC, three to five options each.",
    ),
    _benchmark(
        "arc_challenge",
        "ARC-Challenge",
        "ARC Challenge",
        1172,
        "School science questions that word overlap and retrieval fail, three to five options.",
    ),
)
