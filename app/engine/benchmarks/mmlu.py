"""MMLU: multiple choice in 57 subjects (Hendrycks et al. 2021)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from app.engine.benchmarks.hub_shuffle import hub_permutation
from app.engine.benchmarks.prompt_parts import (
    INSPECT_CHOICE,
    OPENBENCH_CHOICE_ABCD,
    choice_prompt,
    letter,
    user,
)
from app.engine.benchmarks.spec import Benchmark, DatasetRef, Protocol, Record, Support
from app.engine.types import Generation, Message, Sample

REVISION = "c30699e8356da336a370243923dbaf21066bb9fe"
FIELDS = {"question": str, "subject": str, "choices": list, "answer": int}
FEWSHOT = 5
SHUFFLE_SEED = 42

FEWSHOT_SYSTEM = "The following are multiple choice questions about {subject}."


def _sample(number: int, record: Record, messages: tuple[Message, ...]) -> Sample:
    return Sample(
        id=str(number),
        messages=messages,
        target=letter(record["answer"]),
        choices=tuple(record["choices"]),
        category=record["subject"],
        metadata={"subject": record["subject"]},
    )


def _distinct(
    numbered: Iterable[tuple[int, Record]], *, within_subject: bool
) -> Iterator[tuple[int, Record]]:
    """Yield each question with its options once: the first; the others have the same answer."""
    seen: set[bytes] = set()
    for number, record in numbered:
        parts = [record["question"], *record["choices"]]
        if within_subject:
            parts.append(record["subject"])
        key = hashlib.sha256("\0".join(parts).encode("utf-8")).digest()
        if key not in seen:
            seen.add(key)
            yield number, record


def _shuffled(records: Iterable[Record], *, within_subject: bool) -> Iterator[tuple[int, Record]]:
    """Yield distinct records with their number, shuffled.

    The data are sorted by subject: shuffled, a run with a limit asks about all of them. Holds
    the 14,042 records, since the last of them may come first.
    """
    rows = list(records)
    order = hub_permutation(len(rows), SHUFFLE_SEED)
    yield from _distinct(((row + 1, rows[row]) for row in order), within_subject=within_subject)


def build_inspect(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask for the letter only, without examples; a question in two subjects is asked once."""
    for number, record in _shuffled(records, within_subject=False):
        prompt = choice_prompt(record["question"], record["choices"])
        yield _sample(number, record, user(prompt))


def _fewshot_question(record: Record) -> str:
    """Return an example in the reference's other style: ``(a)`` instead of ``A)``."""
    choices = "\n".join(
        f"({letter(index).lower()}) {choice}" for index, choice in enumerate(record["choices"])
    )
    letters = ",".join(letter(index).lower() for index in range(len(record["choices"])))
    return INSPECT_CHOICE.format(letters=letters, question=record["question"], choices=choices)


def _fewshot_turns(subject: str, examples: Sequence[Record]) -> tuple[Message, ...]:
    turns: list[Message] = [
        {"role": "system", "content": FEWSHOT_SYSTEM.format(subject=subject)},
    ]
    for record in examples:
        turns.append({"role": "user", "content": _fewshot_question(record)})
        turns.append({"role": "assistant", "content": f"Answer: {letter(record['answer'])}"})
    return tuple(turns)


def build_inspect_5_shot(records: Iterable[Record], support: Support) -> Iterator[Sample]:
    """Ask after the subject's five development questions, as turns of a conversation.

    A question in two subjects is asked in both: the examples before it differ. One question
    stands twice among the five of college physics, which has four examples for that.
    """
    by_subject: dict[str, list[Record]] = {}
    for _, record in _distinct(enumerate(support["dev"]), within_subject=False):
        by_subject.setdefault(record["subject"], []).append(record)
    turns = {
        subject: _fewshot_turns(subject, examples[:FEWSHOT])
        for subject, examples in by_subject.items()
    }
    for number, record in _shuffled(records, within_subject=True):
        prompt = choice_prompt(record["question"], record["choices"])
        yield _sample(number, record, (*turns[record["subject"]], *user(prompt)))


def build_openbench(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask with room for reasoning before the letter."""
    for number, record in enumerate(records, start=1):
        prompt = choice_prompt(record["question"], record["choices"], OPENBENCH_CHOICE_ABCD)
        yield _sample(number, record, user(prompt))


TEST = DatasetRef("cais/mmlu", "all", "test", REVISION, FIELDS)
INSPECT_GENERATION = Generation(temperature=0.0, max_tokens=16)
BENCHMARKS = (
    Benchmark(
        name="mmlu",
        title="MMLU",
        category="knowledge",
        version=3,
        description=(
            "Multiple-choice exam questions in 57 subjects, from elementary mathematics to "
            "professional law. One of four letters is right."
        ),
        protocols={
            "inspect": Protocol(
                name="inspect",
                datasets=(TEST,),
                build=build_inspect,
                scorer="mcq/inspect",
                prompt_template=INSPECT_CHOICE,
                generation=INSPECT_GENERATION,
            ),
            "inspect_5_shot": Protocol(
                name="inspect_5_shot",
                datasets=(TEST,),
                build=build_inspect_5_shot,
                scorer="mcq/inspect",
                prompt_template=FEWSHOT_SYSTEM + "\n\n" + INSPECT_CHOICE,
                generation=INSPECT_GENERATION,
                support={"dev": DatasetRef("cais/mmlu", "all", "dev", REVISION, FIELDS)},
                fewshot=FEWSHOT,
            ),
            "openbench": Protocol(
                name="openbench",
                datasets=(TEST,),
                build=build_openbench,
                scorer="mcq/openbench",
                prompt_template=OPENBENCH_CHOICE_ABCD,
                generation=Generation(temperature=0.5),
                differences=(
                    "openbench reads OpenAI's mmlu.csv; here the same questions come from the "
                    "pinned hub dataset, in its order.",
                ),
            ),
        },
        default_protocol="inspect",
        size=13937,
        license="MIT",
        citation=(
            "Hendrycks et al. (2021), Measuring Massive Multitask Language Understanding, "
            "arXiv:2009.03300"
        ),
        url="https://huggingface.co/datasets/cais/mmlu",
        input_tokens=154,
        output_tokens=(5, 300),
        breakdown="subject",
    ),
)
