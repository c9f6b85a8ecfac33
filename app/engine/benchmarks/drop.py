"""DROP: counting, sorting and arithmetic over a passage (Dua et al. 2019)."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.engine.benchmarks.hub_shuffle import hub_permutation
from app.engine.benchmarks.prompt_parts import system_and_user, user
from app.engine.benchmarks.spec import Benchmark, DatasetRef, Protocol, Record, Support
from app.engine.types import Generation, Sample

SEED = 42
FEWSHOT = 3
REPEATED_ID = "28553293-d719-441b-8f00-ce3dc6df5398"

INSPECT_SYSTEM = (
    "You will be asked to read a passage and answer a question. Some examples of passages and "
    "Q&A are provided below.\n\nExamples\n{examples}"
)
INSPECT_PROMPT = (
    "Your Task\n---\n{prompt}\n\nThink step by step, then write a line of the form "
    '"Answer: $ANSWER" at the end of your response.'
)
OPENBENCH_PROMPT = (
    "You will be asked to read a passage and answer a question. Some examples of passages and "
    "Q&A are provided below.\n\n# Examples\n{examples}\n\n# Your Task\n---\n{context}\n\n"
    'Think step by step, then write a line of the form "Answer: $ANSWER" at the end of your '
    "response."
)


def _question(record: Record) -> str:
    return f"Passage: {record['passage']}\nQuestion: {record['question']}\nAnswer:"


def _answer_text(answer: Mapping[str, Any]) -> str:
    """Return a number, the spans joined by commas, or a date, whichever is there."""
    if answer["number"] != "":
        return str(answer["number"])
    if answer["spans"]:
        return ",".join(answer["spans"])
    date = answer["date"]
    return " ".join((date["day"], date["month"], date["year"])).strip()


def _answers(record: Record) -> tuple[str, ...]:
    """Return the distinct accepted answers, the annotator's own first."""
    checked = record["validated_answers"]
    candidates = [record["answer"]]
    for number, date, spans in zip(
        checked["number"], checked["date"], checked["spans"], strict=True
    ):
        candidates.append({"number": number, "date": date, "spans": spans})
    return tuple(dict.fromkeys(_answer_text(candidate) for candidate in candidates))


def _is_repeated(record: Record) -> bool:
    """Tell the one record that stands in the data twice: its copy ends in ``/``, not in ``?``."""
    return record["query_id"] == REPEATED_ID and "?" not in _question(record)


def build_inspect(records: Iterable[Record], support: Support) -> Iterator[Sample]:
    """Ask after three training examples in the system message, the same for all."""
    pool = support["fewshot"]
    drawn = [pool[index] for index in hub_permutation(len(pool), SEED)[:FEWSHOT]]
    examples = "\n\n".join(
        f"{_question(record)} {_answers(record)[0].split('|')[0]}" for record in drawn
    )
    system = INSPECT_SYSTEM.format(examples=examples)
    for record in records:
        if _is_repeated(record):
            continue
        yield Sample(
            id=record["query_id"],
            messages=system_and_user(system, INSPECT_PROMPT.format(prompt=_question(record))),
            target=_answers(record),
        )


def build_openbench(records: Iterable[Record], support: Support) -> Iterator[Sample]:
    """Ask after three training examples, drawn anew for every question."""
    pool = support["fewshot"]
    rng = random.Random(SEED)  # noqa: S311 - reproducible order, no secret
    for number, record in enumerate(records, start=1):
        examples = "\n".join(
            f"\n---\n{pool[index]['context']}\n{pool[index]['completion']}"
            for index in rng.sample(range(len(pool)), FEWSHOT)
        )
        prompt = OPENBENCH_PROMPT.format(examples=examples, context=record["context"])
        yield Sample(
            id=str(number),
            messages=user(prompt),
            target=tuple(record["ref_text"].split("|")),
        )


HUB_REVISION = "619386fc7ffe6dace3cc6d3483c69b164ebf6bf3"
HUB_FIELDS = {
    "query_id": str,
    "passage": str,
    "question": str,
    "answer": dict,
    "validated_answers": dict,
}
BLOB = "https://openaipublic.blob.core.windows.net/simple-evals"
BLOB_FIELDS = {"context": str, "completion": str}

BENCHMARKS = (
    Benchmark(
        name="drop",
        title="DROP",
        category="reasoning",
        version=2,
        description=(
            "Questions about a Wikipedia passage whose answer takes counting, sorting or "
            "arithmetic. Partly right answers get partial credit (F1)."
        ),
        protocols={
            "inspect": Protocol(
                name="inspect",
                datasets=(
                    DatasetRef(
                        "EleutherAI/drop", "default", "validation", HUB_REVISION, HUB_FIELDS
                    ),
                ),
                build=build_inspect,
                scorer="drop/inspect",
                prompt_template=INSPECT_SYSTEM + "\n\n" + INSPECT_PROMPT,
                support={
                    "fewshot": DatasetRef(
                        "EleutherAI/drop", "default", "train", HUB_REVISION, HUB_FIELDS
                    )
                },
                fewshot=FEWSHOT,
            ),
            "openbench": Protocol(
                name="openbench",
                datasets=(
                    DatasetRef(
                        "openai/drop",
                        "default",
                        "dev",
                        fields={**BLOB_FIELDS, "ref_text": str},
                        url=f"{BLOB}/drop_v0_dev.jsonl.gz",
                        sha256="7a58d35552dc476699d87ee8af0254f63e9f00f5a7f6b8b033e11c933157e186",
                    ),
                ),
                build=build_openbench,
                scorer="drop/openbench",
                prompt_template=OPENBENCH_PROMPT,
                generation=Generation(temperature=0.0, max_tokens=8192),
                support={
                    "fewshot": DatasetRef(
                        "openai/drop",
                        "default",
                        "train",
                        fields=BLOB_FIELDS,
                        url=f"{BLOB}/drop_v0_train.jsonl.gz",
                        sha256="d4a3a00ea2cfbe69d11f0bd24f5ba069731c645489bd39248b480d8eb34e1fb6",
                    )
                },
                fewshot=FEWSHOT,
            ),
        },
        default_protocol="inspect",
        size=9535,
        license="CC-BY-SA-4.0",
        citation=(
            "Dua et al. (2019), DROP: A Reading Comprehension Benchmark Requiring Discrete "
            "Reasoning Over Paragraphs, arXiv:1903.00161"
        ),
        url="https://huggingface.co/datasets/EleutherAI/drop",
        input_tokens=1200,
        output_tokens=(60, 400),
        metric="F1",
    ),
)
