"""The 27 tasks of BIG-Bench Hard: how each is answered, and openbench's instruction for it."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class TaskKind(IntEnum):
    """How a task is answered; the numbers are the scorer's."""

    CHOICE = 1
    BINARY = 2
    EXACT = 3
    DYCK = 4


class BbhTask(NamedTuple):
    """One of the 27 tasks; ``instruction`` is openbench's, ``None`` where it leaves it out."""

    kind: TaskKind
    instruction: str | None = None


_DEDUCTION = BbhTask(
    TaskKind.CHOICE,
    "A logical deduction task which requires deducing the order of a sequence of objects.",
)
_TRACKING = BbhTask(
    TaskKind.CHOICE,
    "A task requiring determining the final positions of a set of objects given their initial "
    "positions and a description of a sequence of swaps.",
)

TASKS: dict[str, BbhTask] = {
    "date_understanding": BbhTask(TaskKind.CHOICE, "Infer the date from context."),
    "disambiguation_qa": BbhTask(
        TaskKind.CHOICE, "Clarify the meaning of sentences with ambiguous pronouns."
    ),
    "geometric_shapes": BbhTask(TaskKind.CHOICE, "Name geometric shapes from their SVG paths."),
    "hyperbaton": BbhTask(TaskKind.CHOICE),
    "logical_deduction_five_objects": _DEDUCTION,
    "logical_deduction_seven_objects": _DEDUCTION,
    "logical_deduction_three_objects": _DEDUCTION,
    "movie_recommendation": BbhTask(
        TaskKind.CHOICE, "Recommend movies similar to the given list of movies."
    ),
    "penguins_in_a_table": BbhTask(TaskKind.CHOICE),
    "reasoning_about_colored_objects": BbhTask(
        TaskKind.CHOICE,
        "Answer extremely simple questions about the colors of objects on a surface.",
    ),
    "ruin_names": BbhTask(
        TaskKind.CHOICE,
        "Select the humorous edit that 'ruins' the input movie or musical artist name.",
    ),
    "salient_translation_error_detection": BbhTask(
        TaskKind.CHOICE,
        "Detect the type of error in an English translation of a German source sentence.",
    ),
    "snarks": BbhTask(
        TaskKind.CHOICE,
        "Determine which of two sentences is sarcastic.\n\nAccording to Cambridge University "
        'Dictionary, sarcasm is "the use of remarks that clearly mean the opposite of what they '
        "say, made in order to hurt someone's feelings or to criticize something in a humorous "
        'way." Sarcastic sentences often contain satirical or ironic utterances, hyperboles, '
        "ambivalent or witty remarks.",
    ),
    "temporal_sequences": BbhTask(
        TaskKind.CHOICE,
        "Task description: Answer questions about which times certain events could have occurred.",
    ),
    "tracking_shuffled_objects_five_objects": _TRACKING,
    "tracking_shuffled_objects_seven_objects": _TRACKING,
    "tracking_shuffled_objects_three_objects": _TRACKING,
    "boolean_expressions": BbhTask(TaskKind.BINARY),
    "causal_judgement": BbhTask(TaskKind.BINARY, "Answer questions about causal attribution."),
    "formal_fallacies": BbhTask(TaskKind.BINARY),
    "navigate": BbhTask(
        TaskKind.BINARY,
        "Given a series of navigation instructions, determine whether one would end up back at "
        "the starting point.",
    ),
    "sports_understanding": BbhTask(
        TaskKind.BINARY,
        "Determine whether an artificially constructed sentence relating to sports is plausible "
        "or not.",
    ),
    "web_of_lies": BbhTask(TaskKind.BINARY),
    "multistep_arithmetic_two": BbhTask(TaskKind.EXACT),
    "object_counting": BbhTask(TaskKind.EXACT),
    "word_sorting": BbhTask(TaskKind.EXACT),
    "dyck_languages": BbhTask(TaskKind.DYCK),
}
"""By name, in the order in which inspect_evals asks them."""
