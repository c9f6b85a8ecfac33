"""MMLU-Pro: ten options, more reasoning (Wang et al. 2024)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.engine.benchmarks.prompt_parts import choice_prompt, user
from app.engine.benchmarks.spec import Benchmark, DatasetRef, Protocol, Record, Support
from app.engine.types import Sample

INSPECT_PROMPT = (
    "Answer the following multiple choice question. The last line of your response should be of "
    "the following format: 'ANSWER: $LETTER' (without quotes) where LETTER is one of {letters}. "
    "Think step by step before answering.\n\nQuestion:\n{question}\nOptions:\n{choices}"
)
OPENBENCH_PROMPT = (
    "Answer the following multiple choice question. The last line of your response should be of "
    "the following format: 'Answer: $LETTER' (without quotes) where LETTER is a single uppercase "
    "letter.\n\n{question}\n\n{choices}"
)


def _build(records: Iterable[Record], template: str) -> Iterator[Sample]:
    for record in records:
        subject = record["category"].lower()
        yield Sample(
            id=str(record["question_id"]),
            messages=user(choice_prompt(record["question"], record["options"], template)),
            target=record["answer"],
            choices=tuple(record["options"]),
            category=subject,
            metadata={"subject": subject, "src": record.get("src")},
        )


def build_inspect(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask for a chain of thought, without examples."""
    return _build(records, INSPECT_PROMPT)


def build_openbench(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask without naming the letters."""
    return _build(records, OPENBENCH_PROMPT)


TEST = DatasetRef(
    "TIGER-Lab/MMLU-Pro",
    "default",
    "test",
    "527feea0afed1de15a8c115abf7be4c912123315",
    {"question_id": int, "question": str, "options": list, "answer": str, "category": str},
)

BENCHMARKS = (
    Benchmark(
        name="mmlu_pro",
        title="MMLU-Pro",
        category="knowledge",
        version=1,
        description=(
            "Harder successor of MMLU: up to ten options and questions that need several steps "
            "of reasoning, in 14 subjects."
        ),
        protocols={
            "inspect": Protocol(
                name="inspect",
                datasets=(TEST,),
                build=build_inspect,
                scorer="mcq/inspect",
                prompt_template=INSPECT_PROMPT,
            ),
            "openbench": Protocol(
                name="openbench",
                datasets=(TEST,),
                build=build_openbench,
                scorer="mcq/openbench",
                prompt_template=OPENBENCH_PROMPT,
                differences=(
                    "openbench reads the newest copy of the data; here the revision is pinned.",
                ),
            ),
        },
        default_protocol="inspect",
        size=12032,
        license="MIT",
        citation=(
            "Wang et al. (2024), MMLU-Pro: A More Robust and Challenging Multi-Task Language "
            "Understanding Benchmark, arXiv:2406.01574"
        ),
        url="https://huggingface.co/datasets/TIGER-Lab/MMLU-Pro",
        input_tokens=223,
        output_tokens=(100, 1500),
        breakdown="subject",
    ),
)
