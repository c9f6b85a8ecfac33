"""GSM8K: grade-school word problems (Cobbe et al. 2021)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.engine.benchmarks.hub_shuffle import hub_permutation
from app.engine.benchmarks.math_prompts import INSPECT_MATH
from app.engine.benchmarks.prompt_parts import system_and_user, user
from app.engine.benchmarks.spec import Benchmark, DatasetRef, Protocol, Record, Support
from app.engine.types import Generation, Sample

REVISION = "cc7b047b6e5bb11b4f1af84efc572db110a51b3c"
FIELDS = {"question": str, "answer": str}
FEWSHOT = 10
FEWSHOT_SEED = 42

INSPECT_PROMPT = INSPECT_MATH + "\n\nReasoning:"
OPENBENCH_PROMPT = (
    "Solve this math problem. Give the reasoning steps before giving the final answer on the "
    'last line by itself in the format of "Answer:". Do not add anything other than the integer '
    'answer after "Answer:".\n\n{problem}'
)


def _split_answer(record: Record) -> tuple[str, str]:
    """Return the worked reasoning and the final number, which follows ``####``."""
    reasoning, _, target = record["answer"].rpartition("####")
    return reasoning.strip(), target.strip()


def _fewshot_text(record: Record) -> str:
    reasoning, target = _split_answer(record)
    return f"{record['question']}\n\nReasoning:\n{reasoning}\n\nANSWER: {target}"


def build_inspect(records: Iterable[Record], support: Support) -> Iterator[Sample]:
    """Ask with ten worked examples in the system message, drawn as inspect_evals draws them."""
    pool = support["fewshot"]
    drawn = hub_permutation(len(pool), FEWSHOT_SEED)[:FEWSHOT]
    system = "\n\n".join(_fewshot_text(pool[index]) for index in drawn)
    for number, record in enumerate(records, start=1):
        reasoning, target = _split_answer(record)
        yield Sample(
            id=str(number),
            messages=system_and_user(system, INSPECT_PROMPT.format(problem=record["question"])),
            target=target,
            metadata={"answer_prefix": "Answer", "reasoning": reasoning},
        )


def build_openbench(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask without examples."""
    for number, record in enumerate(records, start=1):
        yield Sample(
            id=str(number),
            messages=user(OPENBENCH_PROMPT.format(problem=record["question"])),
            target=_split_answer(record)[1],
            metadata={"answer_prefix": "Answer"},
        )


TEST = DatasetRef("openai/gsm8k", "main", "test", REVISION, FIELDS)

BENCHMARKS = (
    Benchmark(
        name="gsm8k",
        title="GSM8K",
        category="math",
        version=1,
        description=(
            "Grade-school word problems that take two to eight steps of arithmetic. "
            "The answer is one number."
        ),
        protocols={
            "inspect": Protocol(
                name="inspect",
                datasets=(TEST,),
                build=build_inspect,
                scorer="numeric/inspect",
                prompt_template=INSPECT_PROMPT,
                support={"fewshot": DatasetRef("openai/gsm8k", "main", "train", REVISION, FIELDS)},
                fewshot=FEWSHOT,
            ),
            "openbench": Protocol(
                name="openbench",
                datasets=(TEST,),
                build=build_openbench,
                scorer="numeric/openbench",
                prompt_template=OPENBENCH_PROMPT,
                generation=Generation(temperature=0.0, max_tokens=2048),
                differences=(
                    "openbench reads the newest copy of the data; here the revision is pinned.",
                ),
            ),
        },
        default_protocol="inspect",
        size=1319,
        license="MIT",
        citation=(
            "Cobbe et al. (2021), Training Verifiers to Solve Math Word Problems, arXiv:2110.14168"
        ),
        url="https://huggingface.co/datasets/openai/gsm8k",
        input_tokens=1622,
        output_tokens=(120, 400),
    ),
)
