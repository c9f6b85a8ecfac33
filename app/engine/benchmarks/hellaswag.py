"""HellaSwag: choose how a story goes on (Zellers et al. 2019)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.engine.benchmarks.prompt_parts import (
    INSPECT_CHOICE,
    OPENBENCH_CHOICE,
    choice_prompt,
    letter,
    openbench_choice_prompt,
    system_and_user,
    user,
)
from app.engine.benchmarks.spec import Benchmark, DatasetRef, Protocol, Record, Support
from app.engine.types import Sample

INSPECT_SYSTEM = "\nChoose the most plausible continuation for the story.\n"


def build_inspect(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask with the raw context."""
    for number, record in enumerate(records, start=1):
        yield Sample(
            id=str(number),
            messages=system_and_user(
                INSPECT_SYSTEM, choice_prompt(record["ctx"], record["endings"])
            ),
            target=letter(int(record["label"])),
            choices=tuple(record["endings"]),
            metadata={"source_id": record["source_id"]},
        )


def _without_wikihow_marks(text: str) -> str:
    text = text.replace(" [title]", ". ")
    lines = map(_without_brackets, text.split("\n"))
    return "\n".join(lines).replace("  ", " ").strip()


def _without_brackets(line: str) -> str:
    """Drop each ``[`` with what follows it, up to the next ``]``."""
    kept, position = "", 0
    while (start := line.find("[", position)) >= 0 and (end := line.find("]", start)) >= 0:
        kept += line[position:start]
        position = end + 1
    return kept + line[position:]


def build_openbench(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask with the activity in front and WikiHow's marks removed."""
    for number, record in enumerate(records, start=1):
        context = f"{record['ctx_a']} {record['ctx_b'].capitalize()}"
        question = _without_wikihow_marks(f"{record['activity_label']}: {context}")
        endings = [_without_wikihow_marks(ending) for ending in record["endings"]]
        yield Sample(
            id=str(number),
            messages=user(openbench_choice_prompt(question, endings)),
            target=letter(int(record["label"])),
            choices=tuple(endings),
            metadata={"source_id": record["source_id"]},
        )


VALIDATION = DatasetRef(
    "Rowan/hellaswag",
    "default",
    "validation",
    "218ec52e09a7e7462a5400043bb9a69a41d06b76",
    {
        "ctx": str,
        "ctx_a": str,
        "ctx_b": str,
        "activity_label": str,
        "endings": list,
        "label": str,
        "source_id": str,
    },
)

BENCHMARKS = (
    Benchmark(
        name="hellaswag",
        title="HellaSwag",
        category="reasoning",
        version=1,
        description=(
            "Everyday scenes from video captions and WikiHow with four endings, three of them "
            "machine-written to fool language models."
        ),
        protocols={
            "inspect": Protocol(
                name="inspect",
                datasets=(VALIDATION,),
                build=build_inspect,
                scorer="mcq/inspect",
                prompt_template=INSPECT_CHOICE,
            ),
            "openbench": Protocol(
                name="openbench",
                datasets=(VALIDATION,),
                build=build_openbench,
                scorer="mcq/openbench",
                prompt_template=OPENBENCH_CHOICE,
            ),
        },
        default_protocol="inspect",
        size=10042,
        license="MIT",
        citation=(
            "Zellers et al. (2019), HellaSwag: Can a Machine Really Finish Your Sentence?, "
            "arXiv:1905.07830"
        ),
        url="https://huggingface.co/datasets/Rowan/hellaswag",
        input_tokens=180,
        output_tokens=(5, 250),
    ),
)
