"""SimpleQA: short facts, graded by a second model (Wei et al. 2024)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.engine.benchmarks.prompts import user
from app.engine.benchmarks.spec import Benchmark, DatasetRef, Protocol, Record, Support
from app.engine.types import Generation, Sample


def build(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Send the question alone."""
    for number, record in enumerate(records, start=1):
        yield Sample(
            id=str(number),
            messages=user(record["problem"]),
            target=record["answer"],
            metadata={"question": record["problem"], "about": record["metadata"]},
        )


TEST = DatasetRef(
    "openai/simpleqa",
    "default",
    "test",
    fields={"problem": str, "answer": str, "metadata": str},
    url="https://openaipublic.blob.core.windows.net/simple-evals/simple_qa_test_set.csv",
)

BENCHMARKS = (
    Benchmark(
        name="simpleqa",
        title="SimpleQA",
        category="knowledge",
        version=1,
        description=(
            "4,326 questions with one short, checkable answer, written so that models get them "
            "wrong. A judge model tells right, wrong and not attempted apart."
        ),
        protocols={
            "inspect": Protocol(
                name="inspect",
                datasets=(TEST,),
                build=build,
                scorer="judge/simpleqa_inspect",
                prompt_template="{problem}",
            ),
            "openbench": Protocol(
                name="openbench",
                datasets=(TEST,),
                build=build,
                scorer="judge/simpleqa_openbench",
                prompt_template="{problem}",
                generation=Generation(temperature=0.0),
                differences=(
                    "openbench always asks gpt-4.1 as judge; here the run names the judge.",
                ),
            ),
        },
        default_protocol="openbench",
        size=4326,
        license="MIT",
        citation=(
            "Wei et al. (2024), Measuring short-form factuality in large language models, "
            "arXiv:2411.04368"
        ),
        url="https://github.com/openai/simple-evals",
        input_tokens=12,
        output_tokens=(15, 150),
        requirements=("judge",),
    ),
)
