"""Arithmetic in stories: everyday quantities whose answer takes one to five steps."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from app.engine.benchmarks.generated.family import Family, Puzzle, near_numbers
from app.engine.benchmarks.generated.vocabulary import CITIES, NAMES, WORDS

Story = tuple[str, int]


def _shopping(rng: Random) -> Story:
    name, item = rng.choice(NAMES), rng.choice(WORDS)
    count, price = rng.randrange(3, 15), rng.randrange(2, 20)
    paid = count * price + rng.randrange(1, 60)
    return (
        f"{name} buys {count} boxes labelled '{item}' at {price} dollars each and hands over "
        f"{paid} dollars. How many dollars of change does {name} get?",
        paid - count * price,
    )


def _stickers(rng: Random) -> Story:
    name, friend = rng.sample(NAMES, 2)
    given, packs, each = rng.randrange(5, 30), rng.randrange(2, 9), rng.randrange(4, 13)
    start = given + rng.randrange(5, 60)
    return (
        f"{name} has {start} stickers, gives {given} of them to {friend} and then buys {packs} "
        f"packs of {each} stickers. How many stickers does {name} have now?",
        start - given + packs * each,
    )


def _shelves(rng: Random) -> Story:
    town = rng.choice(CITIES)
    shelves, books, lent = rng.randrange(4, 20), rng.randrange(12, 40), rng.randrange(5, 45)
    return (
        f"The library of {town} has {shelves} shelves with {books} books each. {lent} books are "
        "lent out. How many books are on the shelves?",
        shelves * books - lent,
    )


def _factory(rng: Random) -> Story:
    item, machines = rng.choice(WORDS), rng.randrange(3, 12)
    rate, hours, days = 20 * rng.randrange(2, 9), rng.randrange(5, 11), rng.randrange(2, 8)
    percent = 5 * rng.randrange(1, 8)
    made = machines * rate * hours * days
    return (
        f"A factory has {machines} machines that each make {rate} {item} badges an hour. They "
        f"run {hours} hours a day for {days} days. {percent} percent of the badges are faulty "
        "and thrown away. How many good badges are left?",
        made * (100 - percent) // 100,
    )


def _journey(rng: Random) -> Story:
    start, end = rng.sample(CITIES, 2)
    fast, slow = 10 * rng.randrange(7, 13), 10 * rng.randrange(3, 7)
    hours, late, stop = rng.randrange(2, 6), rng.randrange(1, 4), rng.randrange(10, 50, 5)
    return (
        f"A bus from {start} to {end} drives {hours} hours at {fast} km/h, stops for {stop} "
        f"minutes and drives another {late} hours at {slow} km/h. A second bus covers the same "
        f"road at a steady {fast} km/h without a stop, then continues for 30 minutes at the "
        "same speed. How many kilometres does the second bus drive?",
        fast * hours + slow * late + fast // 2,
    )


def _savings(rng: Random) -> Story:
    name, goal = rng.choice(NAMES), 100 * rng.randrange(8, 30)
    weekly, spent, start = 10 * rng.randrange(3, 9), 5 * rng.randrange(1, 5), 20 * rng.randrange(9)
    net = weekly - spent
    weeks = -(-(goal - start) // net)
    return (
        f"{name} has {start} dollars, earns {weekly} dollars a week and spends {spent} dollars "
        f"of it. After how many full weeks does {name} first have at least {goal} dollars?",
        weeks,
    )


def _tickets(rng: Random) -> Story:
    town, adults, children = rng.choice(CITIES), rng.randrange(30, 300), rng.randrange(20, 300)
    child = rng.randrange(3, 9)
    adult = child + rng.randrange(2, 9)
    staff = rng.randrange(4, 25)
    revenue = adults * adult + children * child
    return (
        f"The theatre of {town} sells adult tickets for {adult} dollars and child tickets for "
        f"{child} dollars. {adults + children + staff} people watch the play; {staff} of them "
        f"are staff and pay nothing. Tickets bring in {revenue} dollars. How many adult tickets "
        "were sold?",
        adults,
    )


def _ages(rng: Random) -> Story:
    older, younger = rng.sample(NAMES, 2)
    age, gap, years = rng.randrange(4, 20), rng.randrange(6, 30), rng.randrange(2, 15)
    total = 2 * (age + years) + gap
    return (
        f"{older} is {gap} years older than {younger}. In {years} years their ages will add up "
        f"to {total}. How old will {older} be {years + gap} years from now?",
        age + gap + years + gap,
    )


def _trains(rng: Random) -> Story:
    start, end = rng.sample(CITIES, 2)
    first, second = 6 * rng.randrange(8, 20), 6 * rng.randrange(8, 20)
    lead, minutes = 10 * rng.randrange(1, 7), 10 * rng.randrange(3, 18)
    distance = (first * (minutes + lead) + second * minutes) // 60
    return (
        f"{start} and {end} are {distance} km apart on a straight line. A train leaves {start} "
        f"for {end} at {first} km/h. {lead} minutes later a train leaves {end} for {start} at "
        f"{second} km/h. How many minutes after the first train's departure do they meet?",
        minutes + lead,
    )


STORIES: tuple[tuple[Callable[[Random], Story], ...], ...] = (
    (_shopping, _stickers, _shelves),
    (_factory, _journey, _savings),
    (_tickets, _ages, _trains),
)


def word_problem(rng: Random, level: int) -> Puzzle:
    """Tell one of the level's stories."""
    question, answer = rng.choice(STORIES[level])(rng)
    return Puzzle(question, str(answer), near_numbers(answer, rng))


BENCHMARKS = (
    Family(
        name="word_problems",
        title="Word problems",
        category="math",
        description="Short stories about money, travel, ages and work, in one to five steps.",
        make=word_problem,
        scorer="exact/number",
        answer_form="<integer>",
        input_tokens=69,
    ).benchmark(),
)
