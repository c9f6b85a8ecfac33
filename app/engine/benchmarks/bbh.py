"""BIG-Bench Hard: 27 tasks that earlier models failed (Suzgun et al. 2022)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from app.engine.benchmarks.bbh_tasks import TASKS, TaskKind
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
from app.engine.types import Generation, Sample

INSPECT_FREE = (
    "Make sure you output your answer on the last line as 'ANSWER: {shape}'. You can output "
    "multiple lines, but the answer has to be on the last line. \n\n{examples}\n\n"
    "QUESTION: {question}"
)
INSPECT_EXAMPLES_CHOICE = "{examples}\n\nQUESTION: {question}\nOPTIONS:"
_SHAPES = {"web_of_lies": "<yes/no>", "word_sorting": "<a space-separated list of words>"}
_OPTION = re.compile(r"^\(([A-Z])\) (.*)$", re.MULTILINE)
_TARGET = re.compile(r"\(?([A-Z])\)?")


def _numbered(records: Iterable[Record]) -> Iterator[tuple[str, Record]]:
    """Yield records with an id: the task and the record's number in it, from 1."""
    seen: Counter[str] = Counter()
    for record in records:
        seen[record["_config"]] += 1
        yield f"{record['_config']}_{seen[record['_config']]:03d}", record


def _letter_target(record: Record) -> str | None:
    """Return the target's letter; ``None`` for three defective records."""
    match = _TARGET.fullmatch(record["target"])
    return match[1] if match else None


def _question(record: Record) -> tuple[str, tuple[str, ...]]:
    """Return question and options, of an original record or of a re-structured one.

    The original has one text with the options at its end; the copy has ``question``, and
    ``choices`` where letters are asked for. The question of the other tasks is the whole text.
    """
    if "question" in record:
        options: dict[str, Any] = record.get("choices") or {}
        return record["question"], tuple(options.get("text") or ())
    text: str = record["input"]
    question, _, listed = text.partition("\nOptions:\n")
    choices = tuple(option for _, option in _OPTION.findall(listed))
    is_lettered = TASKS[record["_config"]].kind is TaskKind.CHOICE
    return (question if is_lettered else text), choices


def _inspect_sample(identifier: str, record: Record, examples: str) -> Sample | None:
    """Return the sample, after ``examples``; ``None`` for a record without a right letter."""
    name = record["_config"]
    kind = TASKS[name].kind
    question, choices = _question(record)
    target: str | None
    if kind is TaskKind.CHOICE:
        target = _letter_target(record)
        if examples:
            question = INSPECT_EXAMPLES_CHOICE.format(examples=examples, question=question)
        prompt = choice_prompt(question, choices)
    else:
        target = record["target"].strip()
        shape = _SHAPES.get(name, "<one-word answer>")
        prompt = INSPECT_FREE.format(shape=shape, examples=examples, question=question)
    if target is None:
        return None
    return Sample(
        id=identifier,
        messages=user(prompt),
        target=f"ANSWER: {target}" if kind is TaskKind.DYCK else target,
        choices=choices,
        category=name,
        metadata={"dataset_name": name, "dataset_type": int(kind)},
    )


def build_inspect(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask all 27 tasks without examples."""
    for identifier, record in _numbered(records):
        sample = _inspect_sample(identifier, record, "")
        if sample is not None:
            yield sample


def build_inspect_answer_only(records: Iterable[Record], support: Support) -> Iterator[Sample]:
    """Ask all 27 tasks after the three examples of each, which show answers without reasons."""
    examples = {row["dataset_name"]: row["answer_only_prompt"] for row in support["prompts"]}
    for identifier, record in _numbered(records):
        sample = _inspect_sample(identifier, record, examples[record["_config"]])
        if sample is not None:
            yield sample


def _openbench_question(record: Record) -> tuple[str, str | None]:
    """Return prompt and letter: listed options get letters, lettered ones stay."""
    text, target = record["input"], record["target"]
    options = [line.strip()[2:] for line in text.split("\n") if line.strip().startswith("- ")]
    if options:
        question = text.partition("Options:")[0].strip()
        return openbench_choice_prompt(question, options), letter(options.index(target))
    if TASKS[record["_config"]].kind is TaskKind.CHOICE:
        return text, _letter_target(record)
    return text, target.strip().upper()[0]


def build_openbench(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask the 18 tasks that openbench has, each with its instruction as system message."""
    for identifier, record in _numbered(records):
        name = record["_config"]
        prompt, target = _openbench_question(record)
        if target is None:
            continue
        yield Sample(
            id=identifier,
            messages=system_and_user(f"{TASKS[name].instruction}\n\n", prompt),
            target=target,
            category=name,
            metadata={
                "original_target": record["target"],
                "dataset_name": name,
                "dataset_type": int(TASKS[name].kind),
            },
        )


COPY = "Joschka/big_bench_hard"
COPY_REVISION = "76eaa8c29ad448752cd44201a1246618e2454cac"


def _original(name: str) -> DatasetRef:
    return DatasetRef("lukaemon/bbh", name, "test", fields={"input": str, "target": str})


def _copy(name: str) -> DatasetRef:
    return DatasetRef(
        COPY,
        name,
        name,
        COPY_REVISION,
        {"question": str, "target": str},
        stand_in=_original(name),
    )


INSPECT_DATASETS = tuple(_copy(name) for name in TASKS)
INSPECT_GENERATION = Generation(temperature=0.0)
PROMPTS = DatasetRef(
    COPY,
    "few_shot_prompts",
    "few_shot_prompts",
    COPY_REVISION,
    {"dataset_name": str, "answer_only_prompt": str},
)
STAND_IN = (
    "inspect_evals reads Joschka/big_bench_hard, a re-structured copy, and so do we; where only "
    "the original records of lukaemon/bbh are on this machine, the same questions are made from "
    "those."
)
DEFECTIVE = (
    "Three records whose options were broken by a comma (two of ruin_names, one of "
    "movie_recommendation) have no right letter and are left out."
)
DEFECTIVE_INSPECT = DEFECTIVE + " inspect_evals leaves out the two."

BENCHMARKS = (
    Benchmark(
        name="bbh",
        title="BIG-Bench Hard",
        category="reasoning",
        version=2,
        description=(
            "27 tasks of BIG-bench on which earlier models fell short of people: dates, logic, "
            "tracking, word order, sarcasm and more."
        ),
        protocols={
            "inspect": Protocol(
                name="inspect",
                datasets=INSPECT_DATASETS,
                build=build_inspect,
                scorer="bbh/inspect",
                prompt_template=INSPECT_CHOICE
                + "\n\nor\n\n"
                + INSPECT_FREE.replace("{examples}", ""),
                generation=INSPECT_GENERATION,
                differences=(
                    "inspect_evals shows three examples before each question unless told "
                    "otherwise: that is protocol inspect_answer_only. Here its task with "
                    "prompt_type=zero_shot.",
                    STAND_IN,
                    DEFECTIVE_INSPECT,
                ),
            ),
            "inspect_answer_only": Protocol(
                name="inspect_answer_only",
                datasets=INSPECT_DATASETS,
                build=build_inspect_answer_only,
                scorer="bbh/inspect",
                prompt_template=INSPECT_CHOICE.replace("{question}", INSPECT_EXAMPLES_CHOICE)
                + "\n\nor\n\n"
                + INSPECT_FREE,
                generation=INSPECT_GENERATION,
                support={"prompts": PROMPTS},
                fewshot=3,
                differences=(STAND_IN, DEFECTIVE_INSPECT),
            ),
            "openbench": Protocol(
                name="openbench",
                datasets=tuple(
                    _original(name) for name in sorted(TASKS) if TASKS[name].instruction
                ),
                build=build_openbench,
                scorer="mcq/openbench",
                prompt_template=OPENBENCH_CHOICE,
                differences=(
                    "openbench has a benchmark for each of 18 tasks; here they are one, with the "
                    "task as breakdown.",
                    DEFECTIVE,
                ),
            ),
        },
        default_protocol="inspect",
        size=6508,
        license="MIT",
        citation=(
            "Suzgun et al. (2022), Challenging BIG-Bench Tasks and Whether Chain-of-Thought Can "
            "Solve Them, arXiv:2210.09261"
        ),
        url="https://huggingface.co/datasets/lukaemon/bbh",
        input_tokens=136,
        output_tokens=(10, 500),
        breakdown="task",
    ),
)
