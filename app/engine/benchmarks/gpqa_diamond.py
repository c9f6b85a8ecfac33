"""GPQA diamond: graduate-level science (Rein et al. 2023). Gated: never mirrored by us."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Iterator

from app.engine.benchmarks.prompt_parts import (
    INSPECT_CHOICE_REASONED,
    OPENBENCH_CHOICE_ABCD,
    choice_prompt,
    letter,
    user,
)
from app.engine.benchmarks.spec import Benchmark, DatasetRef, Protocol, Record, Support
from app.engine.types import Generation, Message, Sample

CHOICE_SEED = 42
OPENBENCH_SYSTEM = "You are a helpful assistant."
OPTION_FIELDS = (
    "Correct Answer",
    "Incorrect Answer 1",
    "Incorrect Answer 2",
    "Incorrect Answer 3",
)


def _sample(
    number: int, record: Record, rng: random.Random, template: str, system: tuple[Message, ...]
) -> Sample:
    """Shuffle places, not texts: two options of a question may read the same."""
    order = list(range(len(OPTION_FIELDS)))
    rng.shuffle(order)
    options = [record[OPTION_FIELDS[place]] for place in order]
    return Sample(
        id=str(record.get("Record ID") or number),
        messages=(*system, *user(choice_prompt(record["Question"], options, template))),
        target=letter(order.index(0)),
        choices=tuple(options),
        category=record.get("High-level domain"),
        metadata={"subdomain": record.get("Subdomain")},
    )


def build_inspect(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Shuffle the options with one generator for the whole file, as inspect_ai does."""
    rng = random.Random(CHOICE_SEED)  # noqa: S311 - reproducible order, no secret
    for number, record in enumerate(records, start=1):
        yield _sample(number, record, rng, INSPECT_CHOICE_REASONED, ())


def build_openbench(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Shuffle the options of each question by a digest of its text."""
    system: tuple[Message, ...] = ({"role": "system", "content": OPENBENCH_SYSTEM},)
    for number, record in enumerate(records, start=1):
        seed = hashlib.sha256(record["Question"].encode("utf-8")).digest()
        rng = random.Random(seed)  # noqa: S311 - reproducible order, no secret
        yield _sample(number, record, rng, OPENBENCH_CHOICE_ABCD, system)


FIELDS = {"Question": str, **dict.fromkeys(OPTION_FIELDS, str)}
RECORDS = DatasetRef(
    "Idavidrein/gpqa",
    "gpqa_diamond",
    "train",
    fields=FIELDS,
    url="https://openaipublic.blob.core.windows.net/simple-evals/gpqa_diamond.csv",
    sha256="41d1213cd7a4998605a26c2798500652572007161b3a92817ba46b35befcd305",
    gated=True,
    public=False,
)

BENCHMARKS = (
    Benchmark(
        name="gpqa_diamond",
        title="GPQA Diamond",
        category="knowledge",
        version=1,
        description=(
            "198 questions by doctoral students in biology, physics and chemistry that experts "
            "answer and search engines do not."
        ),
        protocols={
            "inspect": Protocol(
                name="inspect",
                datasets=(RECORDS,),
                build=build_inspect,
                scorer="mcq/inspect",
                prompt_template=INSPECT_CHOICE_REASONED,
                epochs=4,
            ),
            "openbench": Protocol(
                name="openbench",
                datasets=(RECORDS,),
                build=build_openbench,
                scorer="mcq/openbench",
                prompt_template=OPENBENCH_CHOICE_ABCD,
                generation=Generation(temperature=0.5),
                epochs=10,
                differences=(
                    "openbench's task shuffles every question with the same seed, so that the "
                    "right answer is always B (its variant `gpqa` shuffles differently in every "
                    "process); here the SHA-256 of the question seeds the order.",
                    "openbench reads nmayorga7/gpqa_diamond; here the same questions come from "
                    "OpenAI's file with a pinned digest.",
                ),
            ),
        },
        default_protocol="inspect",
        size=198,
        license="CC-BY-4.0, gated: the authors ask not to publish the questions as plain text",
        citation=(
            "Rein et al. (2023), GPQA: A Graduate-Level Google-Proof Q&A Benchmark, "
            "arXiv:2311.12022"
        ),
        url="https://huggingface.co/datasets/Idavidrein/gpqa",
        input_tokens=250,
        output_tokens=(300, 6000),
        breakdown="domain",
        requirements=("hf_token",),
    ),
)
