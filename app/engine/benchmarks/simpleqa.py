"""SimpleQA: short facts, graded by a second model (Wei et al. 2024)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.engine.benchmarks.prompt_parts import user
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
    sha256="feee3f7e7db3617e94e8fcf1977b756ec420ef8568f4e0fcbbe0e92e9d5fc032",
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
                differences=(
                    "inspect_evals has the judge call a tool with the grade; here the judge "
                    "writes the grade's letter, as its scorer `original` asks for, so that "
                    "judges without tools will do. A reply that is no grade leaves the sample "
                    "unscored, as there.",
                ),
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
                    "openbench grades a reply of the judge that holds no text as not attempted; "
                    "here the sample stays unscored.",
                ),
            ),
        },
        default_protocol="inspect",
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
