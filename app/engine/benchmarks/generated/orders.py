"""Deduction with one solution: orderings from clues, and counting truth assignments."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations, product
from random import Random

from app.engine.benchmarks.generated.family import Family, Puzzle, near_numbers
from app.engine.benchmarks.generated.vocabulary import NAMES, in_words

Row = tuple[str, ...]
"""Runners from first to last."""


class Clue:
    """A sentence about a finishing order, with its test."""

    def __init__(self, text: str, holds: Callable[[Row], bool]) -> None:
        self.text = text
        self.holds = holds


def _before(a: str, b: str) -> Clue:
    return Clue(f"{a} finished before {b}.", lambda row: row.index(a) < row.index(b))


def _next(a: str, b: str) -> Clue:
    return Clue(f"{a} finished directly after {b}.", lambda row: row.index(a) == row.index(b) + 1)


def _apart(a: str, b: str, row: Row) -> Clue:
    gap = abs(row.index(a) - row.index(b))
    number = "Nobody" if gap == 1 else f"Exactly {gap - 1} of the others"
    return Clue(
        f"{number} finished between {a} and {b}.",
        lambda order: abs(order.index(a) - order.index(b)) == gap,
    )


def _not_at(a: str, place: int) -> Clue:
    return Clue(f"{a} was not number {place + 1}.", lambda row: row[place] != a)


def _clue(rng: Random, row: Row, level: int) -> Clue:
    """Draw a true clue about ``row``."""
    first, second = sorted(rng.sample(range(len(row)), 2))
    a, b = row[first], row[second]
    kind = rng.randrange((1, 3, 4)[level])
    if kind == 1:
        a, b = rng.sample((a, b), 2)
        return _apart(a, b, row)
    if kind == 2:
        return _not_at(a, second)
    if kind == 3 and second == first + 1:
        return _next(b, a)
    return _before(a, b)


def _fitting(clue: Clue, orders: list[Row]) -> int:
    """Return the orders that a clue allows, one bit for each."""
    return sum(1 << i for i, order in enumerate(orders) if clue.holds(order))


def ordering(rng: Random, level: int) -> Puzzle:
    """Add true clues until one order is left, then drop those that are not needed."""
    row = tuple(rng.sample(NAMES, (4, 5, 6)[level]))
    orders = list(permutations(sorted(row)))
    clues: dict[str, int] = {}
    left = everything = (1 << len(orders)) - 1
    while left.bit_count() > 1:
        clue = _clue(rng, row, level)
        fits = _fitting(clue, orders)
        if left & fits != left:
            clues[clue.text] = fits
            left &= fits
    for text in list(clues):
        rest = everything
        for other, fits in clues.items():
            rest &= fits if other != text else everything
        if rest.bit_count() == 1:
            del clues[text]
    lines = list(clues)
    rng.shuffle(lines)
    question = (
        f"{in_words(sorted(row))} ran a race without ties.\n\n"
        + "\n".join(lines)
        + "\n\nIn which order did they finish, from first to last?"
    )
    wrong = []
    for _ in range(3):
        at = rng.randrange(len(row) - 1)
        wrong.append(", ".join((*row[:at], row[at + 1], row[at], *row[at + 2 :])))
    return Puzzle(question, ", ".join(row), tuple(wrong))


def truth_tables(rng: Random, level: int) -> Puzzle:
    """Count the assignments that make a formula true."""
    letters = "pqrs"[: (2, 3, 4)[level]]
    while True:
        formula = _formula(rng, letters, (2, 3, 3)[level])
        if all(letter in formula for letter in letters):
            break
    answer = sum(
        _value(formula, dict(zip(letters, values, strict=True)))
        for values in product((True, False), repeat=len(letters))
    )
    question = (
        f"Each of {', '.join(letters)} is either true or false. How many of the "
        f"{2 ** len(letters)} combinations make this formula true?\n\n{formula}"
    )
    return Puzzle(question, str(answer), near_numbers(answer, rng))


def _formula(rng: Random, letters: str, depth: int) -> str:
    if depth == 0:
        letter = rng.choice(letters)
        return letter if rng.random() < 0.6 else f"(not {letter})"
    operator = rng.choice(("and", "or", "xor", "implies"))
    left, right = _formula(rng, letters, depth - 1), _formula(rng, letters, depth - 1)
    return f"({left} {operator} {right})"


def _value(formula: str, world: dict[str, bool]) -> bool:
    value, rest = _parse(formula.replace("(", "( ").replace(")", " )").split(), world)
    if rest:
        raise ValueError(f"formula does not end: {formula}")
    return value


def _parse(tokens: list[str], world: dict[str, bool]) -> tuple[bool, list[str]]:
    """Evaluate the first operand of a token list and return it with the tokens after it."""
    head, rest = tokens[0], tokens[1:]
    if head != "(":
        return world[head], rest
    if rest[0] == "not":
        value, rest = _parse(rest[1:], world)
        return not value, rest[1:]
    left, rest = _parse(rest, world)
    operator = rest[0]
    right, rest = _parse(rest[1:], world)
    value = {
        "and": left and right,
        "or": left or right,
        "xor": left != right,
        "implies": not left or right,
    }[operator]
    return value, rest[1:]


BENCHMARKS = tuple(
    family.benchmark()
    for family in (
        Family(
            name="ordering",
            title="Ordering puzzles",
            category="reasoning",
            description="Finds the only order of four to six runners that fits the clues.",
            make=ordering,
            scorer="exact/list",
            answer_form="<names in order, separated by commas>",
            input_tokens=99,
            unique=False,
        ),
        Family(
            name="truth_tables",
            title="Truth tables",
            category="reasoning",
            description="Counts the assignments that make a propositional formula true.",
            make=truth_tables,
            scorer="exact/number",
            answer_form="<integer>",
            input_tokens=66,
        ),
    )
)
