"""SQuAD 2.0: answer from the passage, or say that it cannot be done (Rajpurkar et al. 2018)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.engine.benchmarks.prompt_parts import split_answers, system_and_user, user
from app.engine.benchmarks.spec import Benchmark, DatasetRef, Protocol, Record, Support
from app.engine.types import Generation, Sample

INSPECT_SYSTEM = (
    "\nUsing only the context provided in the question itself, you are tasked with answering a "
    "question in as few words as possible.\nIf the question is unanswerable, answer with "
    "'unanswerable' in all lowercase.\n"
)
INSPECT_PROMPT = "Context: {context}\nQuestion: {question}"
OPENBENCH_PROMPT = (
    "Read the passage and answer the question. If the question cannot be answered from the "
    'passage, respond with "unanswerable". Give your answer on the last line in the format '
    '"Answer: <your answer>".\n\nPassage: {context}\n\nQuestion: {question}'
)


UNANSWERABLE = ("unanswerable",)


def _filled(template: str, record: Record) -> str:
    return template.format(context=record["context"], question=record["question"])


def build_inspect(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask for as few words as possible."""
    for record in records:
        yield Sample(
            id=record["id"],
            messages=system_and_user(INSPECT_SYSTEM, _filled(INSPECT_PROMPT, record)),
            target=tuple(dict.fromkeys(record["answers"]["text"])) or UNANSWERABLE,
        )


def build_openbench(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask for ``Answer:`` on the last line."""
    for record in records:
        yield Sample(
            id=record["id"],
            messages=user(_filled(OPENBENCH_PROMPT, record)),
            target=split_answers(record["answers"]["text"]) or UNANSWERABLE,
        )


VALIDATION = DatasetRef(
    "rajpurkar/squad_v2",
    "squad_v2",
    "validation",
    "3ffb306f725f7d2ce8394bc1873b24868140c412",
    {"id": str, "context": str, "question": str, "answers": dict},
)

BENCHMARKS = (
    Benchmark(
        name="squad",
        title="SQuAD 2.0",
        category="language",
        version=2,
        description=(
            "Questions about a Wikipedia paragraph, half of which it does not answer; partly "
            "right answers get partial credit (F1)."
        ),
        protocols={
            "inspect": Protocol(
                name="inspect",
                datasets=(VALIDATION,),
                build=build_inspect,
                scorer="squad_f1/inspect",
                prompt_template=INSPECT_SYSTEM + "\n" + INSPECT_PROMPT,
            ),
            "openbench": Protocol(
                name="openbench",
                datasets=(VALIDATION,),
                build=build_openbench,
                scorer="qa_f1/openbench",
                prompt_template=OPENBENCH_PROMPT,
                generation=Generation(temperature=0.0, max_tokens=256),
            ),
        },
        default_protocol="inspect",
        size=11873,
        license="CC-BY-SA-4.0",
        citation=(
            "Rajpurkar et al. (2018), Know What You Don't Know: Unanswerable Questions for "
            "SQuAD, arXiv:1806.03822"
        ),
        url="https://huggingface.co/datasets/rajpurkar/squad_v2",
        input_tokens=220,
        output_tokens=(3, 60),
        metric="F1",
    ),
)
