"""Humanity's Last Exam, text questions (Phan et al. 2025). Gated: never mirrored by us."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.engine.benchmarks.prompt_parts import system_and_user
from app.engine.benchmarks.spec import Benchmark, DatasetRef, Protocol, Record, Support
from app.engine.types import Generation, Sample

SYSTEM = (
    "Your response should be in the following format:\n"
    "Explanation: {your explanation for your answer choice}\n"
    "Answer: {your chosen answer}\n"
    "Confidence: {your confidence score between 0% and 100% for your answer}"
)


def build_openbench(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask the questions without an image; the others are passed over one at a time.

    No image outlives its record: it goes into no sample, and nothing here holds a record.
    """
    for record in records:
        if record["image"]:
            continue
        yield Sample(
            id=record["id"],
            messages=system_and_user(SYSTEM, record["question"]),
            target=record["answer"],
            category=record.get("category") or "Other",
            metadata={"question": record["question"], "answer_type": record.get("answer_type")},
        )


TEST = DatasetRef(
    "cais/hle",
    "default",
    "test",
    "5a81a4c7271a2a2a312b9a690f0c2fde837e4c29",
    # ``image`` is a data URI; a question without one has an empty text or null.
    {"id": str, "question": str, "answer": str, "image": (str, type(None))},
    gated=True,
    public=False,
)

BENCHMARKS = (
    Benchmark(
        name="hle",
        title="Humanity's Last Exam (text)",
        category="knowledge",
        version=1,
        description=(
            "Questions at the frontier of what experts know, with short answers that a judge "
            "model checks. Of the 2,500 questions those with an image are left out; users of the "
            "dataset count 2,158 without one, a run counts them anew."
        ),
        protocols={
            "openbench": Protocol(
                name="openbench",
                datasets=(TEST,),
                build=build_openbench,
                scorer="judge/hle_openbench",
                prompt_template=SYSTEM + "\n\n{question}",
                generation=Generation(temperature=0.0, max_tokens=8192),
                differences=(
                    "Questions with an image are left out, as in openbench's variant hle_text.",
                    "inspect_evals asks the 668 questions that HLE-Verified confirmed, images "
                    "included, and reports two judges apart; that variant is not offered.",
                    "openbench asks o3-mini as judge unless told otherwise; here the run names "
                    "the judge.",
                    "openbench reads “Confidence: 0.85” as 0 % and “1%” as 100 %; here they are "
                    "85 % and 1 %. The score does not depend on it.",
                    "openbench counts a reply of the judge that holds no text as wrong; here the "
                    "sample stays unscored.",
                ),
            ),
        },
        default_protocol="openbench",
        size=2158,
        license="MIT, gated: the authors ask not to publish the questions as plain text",
        citation="Phan et al. (2025), Humanity's Last Exam, arXiv:2501.14249",
        url="https://huggingface.co/datasets/cais/hle",
        input_tokens=300,
        output_tokens=(500, 8000),
        breakdown="category",
        requirements=("hf_token", "judge"),
    ),
)
