"""Integer arithmetic: sums, nested expressions, fractions and number bases."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from app.engine.benchmarks.generated.family import Family, Puzzle, near_numbers

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def chain_sum(rng: Random, level: int) -> Puzzle:
    """Add and subtract a row of integers."""
    terms, digits = ((3, 2), (5, 3), (8, 4))[level]
    numbers = [rng.randrange(10 ** (digits - 1), 10**digits) for _ in range(terms)]
    total, text = numbers[0], str(numbers[0])
    for number in numbers[1:]:
        sign = rng.choice((1, -1))
        total += sign * number
        text += f" {'+' if sign > 0 else '-'} {number}"
    return Puzzle(f"Calculate {text}.", str(total), near_numbers(total, rng))


def expression(rng: Random, level: int) -> Puzzle:
    """Evaluate nested +, - and * with parentheses."""
    text, value, _ = _expression(rng, (2, 3, 4)[level])
    question = f"Evaluate this expression, with the usual order of operations:\n\n{text}"
    return Puzzle(question, str(value), near_numbers(value, rng))


def _expression(rng: Random, depth: int) -> tuple[str, int, bool]:
    """Return text, value and whether the text is a single number."""
    if depth == 0:
        number = rng.randrange(2, 13)
        return str(number), number, True
    operator = rng.choice("+-*")
    left, a, left_atom = _expression(rng, depth - 1)
    right, b, right_atom = _expression(rng, depth - 1 if depth < 3 else depth - 2)
    if not left_atom:
        left = f"({left})"
    if not right_atom:
        right = f"({right})"
    value = {"+": a + b, "-": a - b, "*": a * b}[operator]
    return f"{left} {operator} {right}", value, False


def fractions(rng: Random, level: int) -> Puzzle:
    """Combine two to four fractions."""
    count, top = ((2, 9), (3, 12), (4, 15))[level]
    parts = [Fraction(rng.randrange(1, top), rng.randrange(2, top + 1)) for _ in range(count)]
    operators = ("+-", "+-*", "+-*/")[level]
    value, text = parts[0], _fraction_text(parts[0])
    for part in parts[1:]:
        operator = rng.choice(operators)
        value = _apply(operator, value, part)
        text = f"{text} {operator} {_fraction_text(part)}"
        text = f"({text})" if len(parts) > 2 else text
    wrong = {
        value + Fraction(1, value.denominator),
        -value,
        value + 1,
        Fraction(value.numerator, value.denominator + 1),
    } - {value}
    question = f"Calculate exactly, where / divides:\n\n{text}"
    return Puzzle(question, str(value), tuple(str(slip) for slip in sorted(wrong)))


def _fraction_text(value: Fraction) -> str:
    return f"({value.numerator}/{value.denominator})"


def _apply(operator: str, a: Fraction, b: Fraction) -> Fraction:
    if operator == "+":
        return a + b
    if operator == "-":
        return a - b
    return a * b if operator == "*" else a / b


def to_base(value: int, base: int) -> str:
    """Write a non-negative integer in base 2..36, with lower-case digits."""
    text = DIGITS[value % base]
    while value >= base:
        value //= base
        text = DIGITS[value % base] + text
    return text


def base_conversion(rng: Random, level: int) -> Puzzle:
    """Rewrite a number in another base."""
    if level == 0:
        source, target = rng.choice(((2, 10), (10, 2), (10, 8), (8, 10), (16, 10), (10, 16)))
        value = rng.randrange(20, 1000)
    elif level == 1:
        source, target = rng.choice(((2, 16), (16, 2), (10, 7), (5, 10), (10, 12), (3, 10)))
        value = rng.randrange(500, 10_000)
    else:
        source, target = rng.sample((3, 5, 6, 7, 9, 11, 12, 13), 2)
        value = rng.randrange(5_000, 200_000)
    question = (
        f"The number {to_base(value, source)} is written in base {source}. Write it in base "
        f"{target}. Digits above 9 are the letters a, b, c and so on; write no prefix."
    )
    wrong = tuple(to_base(value + slip, target) for slip in (1, -1, target, -target))
    return Puzzle(question, to_base(value, target), wrong)


BENCHMARKS = tuple(
    family.benchmark()
    for family in (
        Family(
            name="chain_sum",
            title="Chain sums",
            category="math",
            description="Adds and subtracts rows of three to eight integers.",
            make=chain_sum,
            scorer="exact/number",
            answer_form="<integer>",
            input_tokens=35,
        ),
        Family(
            name="expressions",
            title="Nested expressions",
            category="math",
            description="Evaluates integer expressions with parentheses and order of operations.",
            make=expression,
            scorer="exact/number",
            answer_form="<integer>",
            input_tokens=49,
        ),
        Family(
            name="fractions",
            title="Fractions",
            category="math",
            description="Adds, multiplies and divides fractions exactly.",
            make=fractions,
            scorer="exact/number",
            answer_form="<integer or fraction such as -3/4>",
            input_tokens=47,
        ),
        Family(
            name="base_conversion",
            title="Number bases",
            category="math",
            description="Rewrites numbers between bases 2 to 16.",
            make=base_conversion,
            scorer="exact/text",
            answer_form="<number in the new base>",
            input_tokens=60,
        ),
    )
)
