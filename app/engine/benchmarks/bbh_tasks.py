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
    "date_understanding": Task(TaskKind.CHOICE, "Infer the date from context."),
    "disambiguation_qa": Task(
        TaskKind.CHOICE, "Clarify the meaning of sentences with ambiguous pronouns."
    ),
    "geometric_shapes": Task(TaskKind.CHOICE, "Name geometric shapes from their SVG paths."),
    "hyperbaton": Task(TaskKind.CHOICE),
    "logical_deduction_five_objects": _DEDUCTION,
    "logical_deduction_seven_objects": _DEDUCTION,
    "logical_deduction_three_objects": _DEDUCTION,
    "movie_recommendation": Task(
        TaskKind.CHOICE, "Recommend movies similar to the given list of movies."
    ),
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
    "temporal_sequences": Task(
        TaskKind.CHOICE,
        "Task description: Answer questions about which times certain events could have occurred.",
    ),
    "tracking_shuffled_objects_five_objects": _TRACKING,
    "tracking_shuffled_objects_seven_objects": _TRACKING,
    "tracking_shuffled_objects_three_objects": _TRACKING,
    "boolean_expressions": Task(TaskKind.BINARY),
    "causal_judgement": Task(TaskKind.BINARY, "Answer questions about causal attribution."),
    "formal_fallacies": Task(TaskKind.BINARY),
    "navigate": Task(
        TaskKind.BINARY,
        "Given a series of navigation instructions, determine whether one would end up back at "
        "the starting point.",
    ),
    "sports_understanding": Task(
        TaskKind.BINARY,
        "Determine whether an artificially constructed sentence relating to sports is plausible "
        "or not.",
    ),
    "web_of_lies": Task(TaskKind.BINARY),
    "multistep_arithmetic_two": Task(TaskKind.EXACT),
    "object_counting": Task(TaskKind.EXACT),
    "word_sorting": Task(TaskKind.EXACT),
    "dyck_languages": Task(TaskKind.DYCK),
}
"""By name, in the order in which inspect_evals asks them."""
