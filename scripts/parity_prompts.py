#!/usr/bin/env python3
"""Compare the prompts we make with those that the references were recorded sending.

Usage: STUDIO_TEST_DATA=<folder with datasets/ and parity/> python scripts/parity_prompts.py

Prints one line a file and ends with 1 when any recorded prompt cannot be made byte for byte.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from app.engine.benchmarks import drop, truthfulqa_mc1  # noqa: E402
from app.engine.benchmarks.benchmark_registry import get_benchmark  # noqa: E402
from app.engine.benchmarks.boolq import build_inspect as build_boolq  # noqa: E402
from app.engine.benchmarks.prompt_parts import user  # noqa: E402
from app.engine.benchmarks.simpleqa import build as build_simpleqa  # noqa: E402
from app.engine.benchmarks.spec import Protocol, Record, Support  # noqa: E402
from app.engine.datasets.loader import DatasetLoader  # noqa: E402
from app.engine.types import Message, Sample  # noqa: E402

Row = dict[str, Any]
Prompt = tuple[Message, ...]

PROTOCOL_OF_FILE = {
    "aime2024.inspect_evals": ("aime_2024", "inspect"),
    "aime_2024.openbench": ("aime_2024", "openbench"),
    "arc_challenge.inspect_evals": ("arc_challenge", "inspect"),
    "arc_challenge.openbench": ("arc_challenge", "openbench"),
    "bbh.inspect_evals": ("bbh", "inspect"),
    "bbh_date_understanding.openbench": ("bbh", "openbench"),
    "bbh_navigate.openbench": ("bbh", "openbench"),
    "bbh_sports_understanding.openbench": ("bbh", "openbench"),
    "commonsense_qa.inspect_evals": ("commonsense_qa", "inspect"),
    "gsm8k.inspect_evals": ("gsm8k", "inspect"),
    "gsm8k.openbench": ("gsm8k", "openbench"),
    "humaneval.inspect_evals": ("humaneval", "inspect"),
    "humaneval.openbench": ("humaneval", "openbench"),
    "ifeval.google_reference": ("ifeval", "inspect"),
    "ifeval.openbench": ("ifeval", "openbench"),
    "math.inspect_evals": ("math_500", "inspect"),
    "math_500.openbench": ("math_500", "openbench"),
    "mbpp.openbench": ("mbpp", "openbench"),
    "mgsm.inspect_evals": ("mgsm", "inspect"),
    "mgsm.openbench": ("mgsm", "openbench"),
    "mmlu.openbench": ("mmlu", "openbench"),
    "mmlu_0_shot.inspect_evals": ("mmlu", "inspect"),
    "mmlu_5_shot.inspect_evals": ("mmlu", "inspect_5_shot"),
    "mmlu_pro.inspect_evals": ("mmlu_pro", "inspect"),
    "mmlu_pro.openbench": ("mmlu_pro", "openbench"),
    "natural_questions.openbench": ("natural_questions", "openbench"),
    "openbookqa.openbench": ("openbookqa", "openbench"),
    "piqa.openbench": ("piqa", "openbench"),
    "truthfulqa.inspect_evals": ("truthfulqa_mc1", "inspect"),
    "truthfulqa.openbench": ("truthfulqa_mc1", "openbench"),
    "winogrande.inspect_evals": ("winogrande", "inspect"),
    "winogrande.openbench": ("winogrande", "openbench"),
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many recorded prompts (and targets) of one file we can make.

    Attributes:
        difference: Where the first prompt that we cannot make leaves ours; empty if none.
    """

    name: str
    compared: int
    equal: int
    difference: str = ""


def compare_file(path: Path, loader: DatasetLoader) -> Comparison:
    """Compare every recorded prompt and target of one parity file with our samples."""
    name = path.name.removesuffix(".jsonl")
    with path.open(encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    ours: dict[str, set[Any]] = {}
    for sample in samples_for(name, rows, loader):
        ours.setdefault(_key(sample.messages), set()).add(_targets(sample.target))
    equal, difference = 0, ""
    for row in rows:
        accepted = ours.get(_key(row["messages"]))
        if accepted is None:
            difference = difference or _first_difference(row, list(ours))
        elif _targets(row["target"]) not in accepted:
            difference = difference or f"{row['id']}: target {row['target']!r}, ours {accepted}"
        else:
            equal += 1
    return Comparison(name, len(rows), equal, difference)


def samples_for(name: str, rows: Sequence[Row], loader: DatasetLoader) -> Iterable[Sample]:
    """Return our samples for the recordings of file ``name``."""
    if name in SYNTHETIC:
        return SYNTHETIC[name](rows)
    if name in FROM_NATURAL_QUESTIONS:
        questions = loader.load(get_benchmark("natural_questions").protocol())
        return FROM_NATURAL_QUESTIONS[name](questions.records())
    benchmark, protocol_name = PROTOCOL_OF_FILE[name]
    protocol = get_benchmark(benchmark).protocol(protocol_name)
    if name == "truthfulqa.openbench":
        # The recording has openbench's defect (A is always right), which our protocol mends.
        protocol = replace(protocol, build=truthfulqa_mc1.build_openbench_unshuffled)
    return loader.load(_available(protocol, loader)).samples()


def _available(protocol: Protocol, loader: DatasetLoader) -> Protocol:
    kept = tuple(
        ref for ref in protocol.datasets if loader.available(replace(protocol, datasets=(ref,)))
    )
    return replace(protocol, datasets=kept or protocol.datasets)


# Four recordings use rows that the recorder made up, in the reference's own columns. For two
# of them the columns are read back from the prompt, which tests the template and the order of
# few-shot examples; the other two are questions of Natural Questions, without any template.


def _boolq_samples(rows: Sequence[Row]) -> Iterator[Sample]:
    def record(row: Row) -> Record:
        passage, _, question = _text(row).partition("Passage: ")[2].partition("\n\nQuestion: ")
        return {
            "passage": passage,
            "question": question.removesuffix("\n"),
            "answer": row["target"] == "Yes",
        }

    return build_boolq(map(record, rows), {})


def _simpleqa_samples(questions: Iterable[Record]) -> Iterator[Sample]:
    return build_simpleqa(
        (
            {"problem": f"{row['question']}?", "answer": row["answer"][0], "metadata": ""}
            for row in questions
        ),
        {},
    )


def _squad_samples(questions: Iterable[Record]) -> Iterator[Sample]:
    """The recording scores bare questions with SQuAD's scorer."""
    for number, row in enumerate(questions):
        answers = tuple(row["answer"])
        yield Sample(id=str(number), messages=user(row["question"]), target=answers)


def _drop_samples(rows: Sequence[Row]) -> Iterator[Sample]:
    """Every second question is recorded: the others are filled in, so that draws agree."""
    parsed = {int(row["id"]): _parse_drop(row) for row in rows}
    pool: dict[int, Record] = {}
    for size in range(drop.FEWSHOT, 50):
        pool = _drop_pool(parsed, size)
        if len(pool) == size:
            break
    records = []
    for number in range(1, max(parsed) + 1):
        _, context, target = parsed.get(number, ((), "", ""))
        records.append({"context": context, "ref_text": target})
    support: Support = {"fewshot": [pool[index] for index in sorted(pool)]}
    for sample in drop.build_openbench(records, support):
        if int(sample.id) in parsed:
            yield sample


def _parse_drop(row: Row) -> tuple[tuple[str, ...], str, str]:
    head, _, task = _text(row).partition("\n\n# Your Task\n---\n")
    context = task.partition("\n\nThink step by step")[0]
    return tuple(head.split("\n\n---\n")[1:]), context, row["target"]


def _drop_pool(parsed: dict[int, tuple[tuple[str, ...], str, str]], size: int) -> dict[int, Record]:
    """Return the training rows by place, if ``size`` of them explain all draws."""
    rng = random.Random(drop.SEED)  # noqa: S311 - reproducible order, no secret
    found: dict[int, str] = {}
    for number in range(1, max(parsed) + 1):
        drawn = rng.sample(range(size), drop.FEWSHOT)
        if number not in parsed:
            continue
        for place, example in zip(drawn, parsed[number][0], strict=True):
            if found.setdefault(place, example) != example:
                return {}
    pool: dict[int, Record] = {}
    for place, example in found.items():
        context, _, completion = example.rpartition("\n")
        pool[place] = {"context": context, "completion": completion}
    return pool


SYNTHETIC = {
    "boolq_synth.inspect_evals": _boolq_samples,
    "drop.openbench": _drop_samples,
}
FROM_NATURAL_QUESTIONS = {
    "simpleqa.openbench": _simpleqa_samples,
    "squad_f1.inspect_evals": _squad_samples,
}


def _text(row: Row) -> str:
    return str(row["messages"][-1]["content"])


def _key(messages: Iterable[Message]) -> str:
    return json.dumps([[one["role"], one["content"]] for one in messages])


def _targets(target: str | Sequence[str]) -> tuple[str, ...]:
    """Return a target as a tuple: references join several answers with a bar."""
    return tuple(target.split("|")) if isinstance(target, str) else tuple(target)


def _first_difference(row: Row, ours: Sequence[str]) -> str:
    recorded = _key(row["messages"])
    best = max(ours, key=lambda text: len(os.path.commonprefix([text, recorded])), default="")
    place = len(os.path.commonprefix([best, recorded]))
    return (
        f"{row['id']}: at {place}: recorded {recorded[place : place + 60]!r}, "
        f"ours {best[place : place + 60]!r}"
    )


def main() -> int:
    """Compare all files and print the table."""
    folder = Path(os.environ.get("STUDIO_TEST_DATA", ""))  # noqa: TID251 - a script
    if not (folder / "parity").is_dir():
        sys.stderr.write("STUDIO_TEST_DATA must name a folder with datasets/ and parity/\n")
        return 2
    loader = DatasetLoader(
        cache_dir=folder / "no-cache", mirror_dir=folder / "datasets", offline=True
    )
    failed = False
    sys.stdout.write(f"{'file':38} {'compared':>8} {'equal':>6}  first difference\n")
    for path in sorted((folder / "parity").glob("*.jsonl")):
        result = compare_file(path, loader)
        failed = failed or result.equal != result.compared
        sys.stdout.write(
            f"{result.name:38} {result.compared:8} {result.equal:6}  {result.difference}\n"
        )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
