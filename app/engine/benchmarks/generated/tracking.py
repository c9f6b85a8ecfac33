"""Keeping state over many steps: swapped objects, a walk on a grid, edits of a text."""

from __future__ import annotations

from random import Random

from app.engine.benchmarks.generated.family import Family, Puzzle
from app.engine.benchmarks.generated.vocabulary import NAMES, WORDS, in_words, letters

STEPS = (4, 8, 16)
HEADINGS = ("north", "east", "south", "west")
MOVES = ((0, 1), (1, 0), (0, -1), (-1, 0))


def swaps(rng: Random, level: int) -> Puzzle:
    """Follow objects that change hands."""
    count = (3, 4, 6)[level]
    people, things = rng.sample(NAMES, count), rng.sample(WORDS, count)
    holds = dict(zip(people, things, strict=True))
    start = in_words([f"{person} has the {thing} card" for person, thing in holds.items()])
    lines = []
    for _ in range(STEPS[level]):
        a, b = rng.sample(people, 2)
        holds[a], holds[b] = holds[b], holds[a]
        lines.append(f"{a} and {b} swap cards.")
    who = rng.choice(people)
    question = f"{start}. Then:\n\n{chr(10).join(lines)}\n\nWhich card does {who} have at the end?"
    wrong = tuple(thing for thing in things if thing != holds[who])
    return Puzzle(question, holds[who], wrong)


def grid_walk(rng: Random, level: int) -> Puzzle:
    """Follow a walk; on the harder levels by left and right turns."""
    x, y = rng.randrange(-5, 6), rng.randrange(-5, 6)
    heading = rng.randrange(4)
    start = f"A robot stands at x = {x}, y = {y}. North is +y, east is +x."
    if level:
        start += f" It faces {HEADINGS[heading]}."
    lines = []
    for _ in range(STEPS[level]):
        distance = rng.randrange(1, 10)
        if level == 0:
            heading = rng.randrange(4)
            lines.append(f"It moves {distance} {HEADINGS[heading]}.")
        else:
            turn = rng.choice((("left", 3), ("right", 1), ("around", 2))[: level + 1])
            heading = (heading + turn[1]) % 4
            lines.append(f"It turns {turn[0]} and moves {distance} forward.")
        x, y = x + distance * MOVES[heading][0], y + distance * MOVES[heading][1]
    question = f"{start}\n\n{chr(10).join(lines)}\n\nWhere is it at the end?"
    wrong = (f"{x + 1}, {y}", f"{x}, {y - 2}", f"{y}, {x}" if x != y else f"{x}, {y + 1}")
    return Puzzle(question, f"{x}, {y}", wrong)


def text_edits(rng: Random, level: int) -> Puzzle:
    """Apply edits to a string one after the other."""
    text = letters(rng, (6, 8, 10)[level], "abcdefghkmnprst")
    start, previous = text, text
    lines: list[str] = []
    for _ in range((3, 5, 8)[level]):
        previous = text
        line, text = _edit(rng, text)
        lines.append(f"{len(lines) + 1}. {line}")
    question = (
        f"Start with the text {start} and apply these steps in order. Positions count from 1 "
        f"at the left.\n\n{chr(10).join(lines)}\n\nWhat is the final text?"
    )
    wrong = {previous, text[::-1], text[1:] + text[:1]} - {text}
    return Puzzle(question, text, tuple(sorted(wrong)))


def _edit(rng: Random, text: str) -> tuple[str, str]:
    """Return an instruction and the text after it; the text keeps at least four letters."""
    kind = rng.choice(("reverse", "rotate", "swap", "insert", "replace", "delete"))
    first, second = sorted(rng.sample(range(len(text)), 2))
    letter = rng.choice("abcdefghkmnprst")
    if kind == "reverse":
        return "Reverse the whole text.", text[::-1]
    if kind == "rotate":
        return "Move the first two letters to the end, in the same order.", text[2:] + text[:2]
    if kind == "insert":
        line = f"Insert {letter} so that it becomes the letter at position {first + 1}."
        return line, text[:first] + letter + text[first:]
    if kind == "replace":
        old = text[first]
        return f"Replace every {old} by {letter}.", text.replace(old, letter)
    if kind == "delete" and len(text) > 4:
        return f"Delete the letter at position {first + 1}.", text[:first] + text[first + 1 :]
    middle = text[first + 1 : second]
    swapped = text[:first] + text[second] + middle + text[first] + text[second + 1 :]
    return f"Swap the letters at positions {first + 1} and {second + 1}.", swapped


BENCHMARKS = tuple(
    family.benchmark()
    for family in (
        Family(
            name="swaps",
            title="Swapped objects",
            category="reasoning",
            description="Follows cards through four to sixteen swaps between people.",
            make=swaps,
            scorer="exact/text",
            answer_form="<name of the card, one word>",
            input_tokens=133,
        ),
        Family(
            name="grid_walk",
            title="Grid walk",
            category="reasoning",
            description="Follows a robot's moves and turns to its final coordinates.",
            make=grid_walk,
            scorer="exact/list",
            answer_form="<x, y>",
            input_tokens=125,
        ),
        Family(
            name="text_edits",
            title="Text edits",
            category="reasoning",
            description="Applies a list of edits to a string, one after the other.",
            make=text_edits,
            scorer="exact/text",
            answer_form="<the final text>",
            input_tokens=112,
        ),
    )
)
