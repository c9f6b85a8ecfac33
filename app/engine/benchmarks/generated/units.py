"""Unit conversion: metric units, then speeds, then units that nobody has seen before."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from app.engine.benchmarks.generated.family import Family, Puzzle, near_numbers
from app.engine.benchmarks.generated.vocabulary import invented_words

SCALES: tuple[tuple[tuple[str, Fraction], ...], ...] = (
    (
        ("millimetres", Fraction(1, 1000)),
        ("centimetres", Fraction(1, 100)),
        ("metres", Fraction(1)),
        ("kilometres", Fraction(1000)),
    ),
    (
        ("milligrams", Fraction(1, 1000)),
        ("grams", Fraction(1)),
        ("kilograms", Fraction(1000)),
        ("tonnes", Fraction(1_000_000)),
    ),
    (
        ("millilitres", Fraction(1, 1000)),
        ("litres", Fraction(1)),
        ("cubic metres", Fraction(1000)),
    ),
    (
        ("seconds", Fraction(1)),
        ("minutes", Fraction(60)),
        ("hours", Fraction(3600)),
        ("days", Fraction(86_400)),
    ),
)


def unit_conversion(rng: Random, level: int) -> Puzzle:
    """Convert a quantity exactly."""
    return (_simple, _speed, _invented)[level](rng)


def _simple(rng: Random) -> Puzzle:
    scale = rng.choice(SCALES)
    small, large = sorted(rng.sample(range(len(scale)), 2))
    factor = scale[large][1] / scale[small][1]
    amount = Fraction(rng.randrange(2, 400), rng.choice((1, 1, 2, 4)))
    question = f"How many {scale[small][0]} are {_decimal(amount)} {scale[large][0]}?"
    answer = amount * factor
    slips = (answer * 10, answer / 10, answer * 100)
    return Puzzle(question, _decimal(answer), tuple(_decimal(slip) for slip in slips))


def _speed(rng: Random) -> Puzzle:
    metres = Fraction(rng.randrange(4, 500), 2)
    if rng.random() < 0.5:
        question = f"How many km/h are {_decimal(metres)} m/s?"
        answer = metres * Fraction(36, 10)
    else:
        question = f"How many m/s are {_decimal(metres * Fraction(36, 10))} km/h?"
        answer = metres
    slips = (answer + 1, answer * 10, answer + Fraction(1, 2))
    return Puzzle(question, _decimal(answer), tuple(_decimal(slip) for slip in slips))


def _invented(rng: Random) -> Puzzle:
    units = [f"{word}s" for word in invented_words(rng, 4)]
    rates = [rng.randrange(3, 25) for _ in range(3)]
    facts = [f"1 {units[i][:-1]} is {rates[i]} {units[i + 1]}." for i in range(3)]
    rng.shuffle(facts)
    large, middle, rest = rng.randrange(2, 30), rng.randrange(1, 20), rng.randrange(1, 20)
    answer = (large * rates[0] + middle) * rates[1] * rates[2] + rest
    question = (
        f"{' '.join(facts)} How many {units[3]} are {large} {units[0]}, {middle} {units[1]} and "
        f"{rest} {units[3]} together?"
    )
    return Puzzle(question, str(answer), near_numbers(answer, rng))


def _decimal(value: Fraction) -> str:
    """Write a fraction that has a finite decimal expansion."""
    digits = 0
    while (value * 10**digits).denominator != 1:
        digits += 1
    scaled = str(abs((value * 10**digits).numerator)).rjust(digits + 1, "0")
    sign = "-" if value < 0 else ""
    whole = scaled[: len(scaled) - digits]
    return f"{sign}{whole}.{scaled[-digits:]}" if digits else f"{sign}{whole}"


BENCHMARKS = (
    Family(
        name="unit_conversion",
        title="Unit conversion",
        category="math",
        description="Converts metric units, speeds and invented units exactly.",
        make=unit_conversion,
        scorer="exact/number",
        answer_form="<exact number, with a decimal point if needed>",
        input_tokens=49,
    ).benchmark(),
)
