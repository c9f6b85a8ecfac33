"""BIG-Bench Hard: 27 tasks that earlier models failed (Suzgun et al. 2022)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import NamedTuple

from app.engine.benchmarks.prompts import (
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


class TaskKind(IntEnum):
    """How a task is answered; the numbers are the scorer's."""

    CHOICE = 1
    BINARY = 2
    EXACT = 3
    DYCK = 4


class Task(NamedTuple):
    """One of the 27 tasks; ``instruction`` is openbench's, ``None`` where it leaves it out."""

    kind: TaskKind
    instruction: str | None = None


_DEDUCTION = Task(
    TaskKind.CHOICE,
    "A logical deduction task which requires deducing the order of a sequence of objects.",
)
_TRACKING = Task(
    TaskKind.CHOICE,
    "A task requiring determining the final positions of a set of objects given their initial "
    "positions and a description of a sequence of swaps.",
)

TASKS: dict[str, Task] = {
    "boolean_expressions": Task(TaskKind.BINARY),
    "causal_judgement": Task(TaskKind.BINARY, "Answer questions about causal attribution."),
    "date_understanding": Task(TaskKind.CHOICE, "Infer the date from context."),
    "disambiguation_qa": Task(
        TaskKind.CHOICE, "Clarify the meaning of sentences with ambiguous pronouns."
    ),
    "dyck_languages": Task(TaskKind.DYCK),
    "formal_fallacies": Task(TaskKind.BINARY),
    "geometric_shapes": Task(TaskKind.CHOICE, "Name geometric shapes from their SVG paths."),
    "hyperbaton": Task(TaskKind.CHOICE),
    "logical_deduction_five_objects": _DEDUCTION,
    "logical_deduction_seven_objects": _DEDUCTION,
    "logical_deduction_three_objects": _DEDUCTION,
    "movie_recommendation": Task(
        TaskKind.CHOICE, "Recommend movies similar to the given list of movies."
    ),
    "multistep_arithmetic_two": Task(TaskKind.EXACT),
    "navigate": Task(
        TaskKind.BINARY,
        "Given a series of navigation instructions, determine whether one would end up back at "
        "the starting point.",
    ),
    "object_counting": Task(TaskKind.EXACT),
    "penguins_in_a_table": Task(TaskKind.CHOICE),
    "reasoning_about_colored_objects": Task(
        TaskKind.CHOICE,
        "Answer extremely simple questions about the colors of objects on a surface.",
    ),
    "ruin_names": Task(
        TaskKind.CHOICE,
        "Select the humorous edit that 'ruins' the input movie or musical artist name.",
    ),
    "salient_translation_error_detection": Task(
        TaskKind.CHOICE,
        "Detect the type of error in an English translation of a German source sentence.",
    ),
    "snarks": Task(
        TaskKind.CHOICE,
        "Determine which of two sentences is sarcastic.\n\nAccording to Cambridge University "
        'Dictionary, sarcasm is "the use of remarks that clearly mean the opposite of what they '
        "say, made in order to hurt someone's feelings or to criticize something in a humorous "
        'way." Sarcastic sentences often contain satirical or ironic utterances, hyperboles, '
        "ambivalent or witty remarks.",
    ),
    "sports_understanding": Task(
        TaskKind.BINARY,
        "Determine whether an artificially constructed sentence relating to sports is plausible "
        "or not.",
    ),
    "temporal_sequences": Task(
        TaskKind.CHOICE,
        "Task description: Answer questions about which times certain events could have occurred.",
    ),
    "tracking_shuffled_objects_five_objects": _TRACKING,
    "tracking_shuffled_objects_seven_objects": _TRACKING,
    "tracking_shuffled_objects_three_objects": _TRACKING,
    "web_of_lies": Task(TaskKind.BINARY),
    "word_sorting": Task(TaskKind.EXACT),
}

INSPECT_FREE = (
    "Make sure you output your answer on the last line as 'ANSWER: {shape}'. You can output "
    "multiple lines, but the answer has to be on the last line. \n\n\n\nQUESTION: {question}"
)
_SHAPES = {"web_of_lies": "<yes/no>", "word_sorting": "<a space-separated list of words>"}
_OPTION = re.compile(r"^\(([A-Z])\) (.*)$", re.MULTILINE)
_TARGET = re.compile(r"\(([A-Z])\)")


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


def build_inspect(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask all 27 tasks without examples."""
    for identifier, record in _numbered(records):
        name = record["_config"]
        kind = TASKS[name].kind
        question, _, listed = record["input"].partition("\nOptions:\n")
        choices = tuple(text for _, text in _OPTION.findall(listed))
        if kind is TaskKind.CHOICE:
            target = _letter_target(record)
            prompt = choice_prompt(question, choices)
        else:
            target = record["target"].strip()
            shape = _SHAPES.get(name, "<one-word answer>")
            prompt = INSPECT_FREE.format(shape=shape, question=record["input"])
        if target is None:
            continue
        yield Sample(
            id=identifier,
            messages=user(prompt),
            target=f"ANSWER: {target}" if kind is TaskKind.DYCK else target,
            choices=choices,
            category=name,
            metadata={"dataset_name": name, "dataset_type": int(kind)},
        )


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


def _ref(name: str) -> DatasetRef:
    return DatasetRef("lukaemon/bbh", name, "test", fields={"input": str, "target": str})


DEFECTIVE = (
    "Three records whose options were broken by a comma (two of ruin_names, one of "
    "movie_recommendation) have no right letter and are left out."
)

BENCHMARKS = (
    Benchmark(
        name="bbh",
        title="BIG-Bench Hard",
        category="reasoning",
        version=1,
        description=(
            "27 tasks of BIG-bench on which earlier models fell short of people: dates, logic, "
            "tracking, word order, sarcasm and more."
        ),
        protocols={
            "inspect": Protocol(
                name="inspect",
                datasets=tuple(_ref(name) for name in TASKS),
                build=build_inspect,
                scorer="bbh/inspect",
                prompt_template=INSPECT_CHOICE + "\n\nor\n\n" + INSPECT_FREE,
                generation=Generation(temperature=0.0),
                differences=(
                    "inspect_evals reads Joschka/big_bench_hard, a re-structured copy; here the "
                    "same prompts are made from the original records of lukaemon/bbh.",
                    DEFECTIVE,
                ),
            ),
            "openbench": Protocol(
                name="openbench",
                datasets=tuple(_ref(name) for name, task in TASKS.items() if task.instruction),
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
