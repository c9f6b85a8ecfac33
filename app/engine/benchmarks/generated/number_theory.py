"""Number theory and algebra: divisors, primes, equations, recurrences."""

from __future__ import annotations

from math import gcd, lcm
from random import Random

from app.engine.benchmarks.generated.family import Family, Puzzle, PuzzleMaker, near_numbers


def is_prime(number: int) -> bool:
    """Say whether ``number`` is prime, by trial division."""
    if number < 2:
        return False
    return all(number % divisor for divisor in range(2, int(number**0.5) + 1))


def prime_factors(number: int) -> list[int]:
    """Return the prime factors in ascending order, repeated by multiplicity."""
    factors, divisor = [], 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            factors.append(divisor)
            number //= divisor
        divisor += 1
    return factors + ([number] if number > 1 else [])


def divisors(rng: Random, level: int) -> Puzzle:
    """Find a greatest common divisor or least common multiple."""
    count, top = ((2, 12), (2, 40), (3, 40))[level]
    common = rng.randrange(2, top)
    numbers = [common * rng.randrange(2, top) for _ in range(count)]
    listed = ", ".join(map(str, numbers[:-1])) + f" and {numbers[-1]}"
    if rng.random() < 0.5:
        value, name = gcd(*numbers), "greatest common divisor"
    else:
        value, name = lcm(*numbers), "least common multiple"
    return Puzzle(f"What is the {name} of {listed}?", str(value), near_numbers(value, rng))


def primes(rng: Random, level: int) -> Puzzle:
    """Count primes, or work with prime factors."""
    if level == 0:
        low = rng.randrange(2, 150)
        high = low + rng.randrange(15, 40)
        value = sum(map(is_prime, range(low, high + 1)))
        question = f"How many prime numbers p satisfy {low} <= p <= {high}?"
    elif level == 1:
        number = rng.randrange(200, 2000)
        value = prime_factors(number)[-1]
        question = f"What is the largest prime factor of {number}?"
    else:
        number = rng.randrange(2_000, 60_000)
        value = sum(prime_factors(number))
        question = (
            f"What is the sum of the prime factors of {number}, each counted as often as it "
            "divides the number (for 12: 2 + 2 + 3 = 7)?"
        )
    return Puzzle(question, str(value), near_numbers(value, rng))


def equations(rng: Random, level: int) -> Puzzle:
    """Solve a linear equation, or a system of two."""
    x = rng.choice([n for n in range(-20, 21) if n])
    if level == 0:
        a, b = rng.randrange(2, 12), rng.randrange(1, 50)
        value, question = x, f"Solve for x: {a}x + {b} = {a * x + b}"
    elif level == 1:
        a, c = rng.sample(range(2, 12), 2)
        b, d = rng.randrange(1, 15), rng.randrange(1, 15)
        right = a * (x + b) - c * (x - d)
        value, question = x, f"Solve for x: {a}(x + {b}) - {c}(x - {d}) = {right}"
    else:
        y = rng.randrange(-20, 21)
        a, b, c, d = (rng.randrange(2, 12) for _ in range(4))
        value = x * y
        question = (
            f"Given {a}x + {b}y = {a * x + b * y} and {c}x - {d}y = {c * x - d * y}, what is x * y?"
        )
    return Puzzle(question, str(value), near_numbers(value, rng))


def recurrences(rng: Random, level: int) -> Puzzle:
    """Follow the rule of a sequence."""
    first, second = rng.randrange(1, 10), rng.randrange(1, 10)
    factor, shift = rng.randrange(2, 5), rng.randrange(1, 15)
    if level == 0:
        terms = [first]
        for _ in range(4):
            terms.append(terms[-1] + factor * shift)
        rule = f"each further term is the one before it plus {factor * shift}"
    elif level == 1:
        terms = [first]
        for _ in range(5):
            terms.append(factor * terms[-1] - shift)
        rule = f"each further term is {factor} times the one before it, minus {shift}"
    else:
        terms = [first, second]
        for _ in range(6):
            terms.append(factor * terms[-1] + terms[-2] - shift)
        rule = (
            f"each further term is {factor} times the one before it, plus the one before "
            f"that, minus {shift}"
        )
    start = str(first) if level < 2 else f"{first}, {second}"
    question = f"A sequence starts with {start}, and {rule}. What is term number {len(terms)}?"
    return Puzzle(question, str(terms[-1]), near_numbers(terms[-1], rng))


def _family(name: str, title: str, description: str, make: PuzzleMaker, tokens: int) -> Family:
    return Family(
        name=name,
        title=title,
        category="math",
        description=description,
        make=make,
        scorer="exact/number",
        answer_form="<integer>",
        input_tokens=tokens,
    )


BENCHMARKS = tuple(
    family.benchmark()
    for family in (
        _family(
            "divisors",
            "Divisors and multiples",
            "Greatest common divisors and least common multiples.",
            divisors,
            38,
        ),
        _family(
            "primes",
            "Primes",
            "Counts primes in a range and factorises integers.",
            primes,
            42,
        ),
        _family(
            "equations",
            "Linear equations",
            "Solves linear equations and systems of two, with integer solutions.",
            equations,
            35,
        ),
        _family(
            "recurrences",
            "Recurrences",
            "Follows the rule of a sequence to a given term.",
            recurrences,
            54,
        ),
    )
)
