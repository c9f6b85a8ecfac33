"""Open-domain questions scored by exact match and F1: TriviaQA and Natural Questions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.engine.benchmarks.prompt_parts import split_answers, user
from app.engine.benchmarks.spec import Benchmark, DatasetRef, Protocol, Record, Support
from app.engine.types import Generation, Sample

TRIVIA_PROMPT = (
    "Answer the following trivia question. Give a short, factual answer on the last line in the "
    'format "Answer: <your answer>".\n\nQuestion: {question}'
)
NATURAL_PROMPT = (
    "Answer the following question. Give a short, factual answer on the last line in the format "
    '"Answer: <your answer>".\n\nQuestion: {question}'
)
GENERATION = Generation(temperature=0.0, max_tokens=256)


def build_triviaqa(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Accept the answer and all its aliases."""
    for number, record in enumerate(records, start=1):
        answer = record["answer"]
        accepted = [answer["value"], *answer["aliases"], *answer["normalized_aliases"]]
        yield Sample(
            id=str(number),
            messages=user(TRIVIA_PROMPT.format(question=record["question"])),
            target=split_answers(accepted),
        )


def build_natural_questions(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Accept any of the annotators' answers."""
    for number, record in enumerate(records, start=1):
        yield Sample(
            id=str(number),
            messages=user(NATURAL_PROMPT.format(question=record["question"])),
            target=split_answers(record["answer"]),
        )


BENCHMARKS = (
    Benchmark(
        name="triviaqa",
        title="TriviaQA",
        category="knowledge",
        version=1,
        description=(
            "Quiz questions without documents; any alias of the answer counts, partly right "
            "answers get partial credit (F1)."
        ),
        protocols={
            "openbench": Protocol(
                name="openbench",
                datasets=(
                    DatasetRef(
                        "mandarjoshi/trivia_qa",
                        "rc.nocontext",
                        "validation",
                        "0f7faf33a3908546c6fd5b73a660e0f8ff173c2f",
                        {"question": str, "answer": dict},
                    ),
                ),
                build=build_triviaqa,
                scorer="qa_f1/openbench",
                prompt_template=TRIVIA_PROMPT,
                generation=GENERATION,
                differences=(
                    "openbench downloads the config rc with its documents (several GB) and never "
                    "shows them; here the same questions come from rc.nocontext.",
                ),
            ),
        },
        default_protocol="openbench",
        size=17944,
        license="Apache-2.0",
        citation=(
            "Joshi et al. (2017), TriviaQA: A Large Scale Distantly Supervised Challenge Dataset "
            "for Reading Comprehension, arXiv:1705.03551"
        ),
        url="https://huggingface.co/datasets/mandarjoshi/trivia_qa",
        input_tokens=50,
        output_tokens=(10, 80),
        metric="F1",
    ),
    Benchmark(
        name="natural_questions",
        title="Natural Questions (open)",
        category="knowledge",
        version=1,
        description=(
            "Questions that people typed into a search engine, answered from memory; partly "
            "right answers get partial credit (F1)."
        ),
        protocols={
            "openbench": Protocol(
                name="openbench",
                datasets=(
                    DatasetRef(
                        "google-research-datasets/nq_open",
                        "nq_open",
                        "validation",
                        "5dd9790a83002ad084ddeb7c420dc716852c6f28",
                        {"question": str, "answer": list},
                    ),
                ),
                build=build_natural_questions,
                scorer="qa_f1/openbench",
                prompt_template=NATURAL_PROMPT,
                generation=GENERATION,
            ),
        },
        default_protocol="openbench",
        size=3610,
        license="CC-BY-SA-3.0",
        citation=(
            "Kwiatkowski et al. (2019), Natural Questions: a Benchmark for Question Answering "
            "Research, TACL 7; Lee et al. (2019), arXiv:1906.00300"
        ),
        url="https://huggingface.co/datasets/google-research-datasets/nq_open",
        input_tokens=45,
        output_tokens=(10, 80),
        metric="F1",
    ),
)
