"""Dates, weekdays, time zones and durations, all in the Gregorian calendar."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

from app.engine.benchmarks.generated.family import Family, Puzzle, near_numbers
from app.engine.benchmarks.generated.vocabulary import NAMES

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _date(rng: Random, first_year: int = 1950, last_year: int = 2090) -> date:
    return date(first_year, 1, 1) + timedelta(rng.randrange(365 * (last_year - first_year)))


def date_arithmetic(rng: Random, level: int) -> Puzzle:
    """Step from a date by days, weeks or working days."""
    start = _date(rng)
    if level == 0:
        days = rng.randrange(5, 45)
        end, words = start + timedelta(days), f"What date is {days} days after"
    elif level == 1:
        weeks, days = rng.randrange(10, 60), rng.randrange(1, 7)
        end = start - timedelta(7 * weeks + days)
        words = f"What date is {weeks} weeks and {days} days before"
    else:
        days = rng.randrange(15, 90)
        end = add_working_days(start, days)
        words = (
            "Working days are Monday to Friday; there are no holidays. The day itself does not "
            f"count. What date is {days} working days after {WEEKDAYS[start.weekday()]},"
        )
    wrong = tuple((end + timedelta(slip)).isoformat() for slip in (1, -1, 7, -2))
    return Puzzle(f"{words} {start.isoformat()}?", end.isoformat(), wrong)


def add_working_days(start: date, days: int) -> date:
    """Return the date that is ``days`` working days after ``start``."""
    end = start
    while days:
        end += timedelta(1)
        days -= end.weekday() < 5
    return end


def weekdays(rng: Random, level: int) -> Puzzle:
    """Tell the weekday of a date, with ever less help."""
    start = _date(rng)
    if level == 0:
        days = rng.randrange(8, 60)
        end = start + timedelta(days)
        question = f"If today is a {WEEKDAYS[start.weekday()]}, which weekday is it in {days} days?"
        if rng.random() < 0.5:
            end = start - timedelta(days)
            question = question.replace("is it in", "was it").replace("days?", "days ago?")
    elif level == 1:
        end = start + timedelta(rng.randrange(40, 700))
        question = (
            f"{start.isoformat()} is a {WEEKDAYS[start.weekday()]}. Which weekday is "
            f"{end.isoformat()}?"
        )
    else:
        end = _date(rng, 1600, 2400)
        question = f"Which weekday is {end.isoformat()} in the Gregorian calendar?"
    answer = end.weekday()
    wrong = tuple(WEEKDAYS[(answer + slip) % 7] for slip in (1, -1, 2))
    return Puzzle(question, WEEKDAYS[answer], wrong)


def _offset(minutes: int) -> str:
    sign = "+" if minutes >= 0 else "-"
    return f"UTC{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def time_zones(rng: Random, level: int) -> Puzzle:
    """Convert a local time to another zone, after one or two flights on the hard level."""
    step = (60, 30, 15)[level]
    here, there = rng.sample(range(-11 * 60, 14 * 60 + 1, step), 2)
    local = datetime(2024, 1, 1 + rng.randrange(7), rng.randrange(24), 5 * rng.randrange(12))  # noqa: DTZ001 - a wall clock
    said = f"{WEEKDAYS[local.weekday()]} {local:%H:%M}"
    if level < 2:
        elapsed = timedelta(0)
        question = (
            f"In a town at {_offset(here)} it is {said}. What are the weekday and the time in a "
            f"town at {_offset(there)}?"
        )
    else:
        first, wait, second = (rng.randrange(40, 700, 5) for _ in range(3))
        elapsed = timedelta(minutes=first + wait + second)
        question = (
            f"A plane leaves an airport at {_offset(here)} on {said} local time and flies "
            f"{first // 60} h {first % 60} min. After a stop of {wait // 60} h {wait % 60} min "
            f"it flies another {second // 60} h {second % 60} min to an airport at "
            f"{_offset(there)}. What are the weekday and the local time of its arrival?"
        )
    end = local + elapsed + timedelta(minutes=there - here)
    slips = (timedelta(hours=1), timedelta(hours=-1), timedelta(days=1))
    wrong = tuple(_weekday_time(end + slip) for slip in slips)
    return Puzzle(question, _weekday_time(end), wrong)


def _weekday_time(moment: datetime) -> str:
    return f"{WEEKDAYS[moment.weekday()]} {moment:%H:%M}"


def durations(rng: Random, level: int) -> Puzzle:
    """Add up spans of time, across midnight on the hard level."""
    name = rng.choice(NAMES)
    shifts = (1, 3, 4)[level]
    total, parts = 0, []
    for day in WEEKDAYS[:shifts]:
        start = rng.randrange(24 * 60) if level == 2 else rng.randrange(10 * 60)
        length = rng.randrange(45, 600)
        end = (start + length) % (24 * 60)
        total += length
        times = f"{start // 60:02d}:{start % 60:02d} to {end // 60:02d}:{end % 60:02d}"
        parts.append(f"{times} (starting on {day})")
    question = f"{name} works from {', from '.join(parts)}."
    if level == 2:
        rest = rng.randrange(10, 40)
        total -= rest * shifts
        question += (
            " Each of these shifts is shorter than 24 hours, may end on the next day and "
            f"contains {rest} minutes of unpaid rest. How many paid minutes is that altogether?"
        )
    else:
        question += " How many minutes is that altogether?"
    return Puzzle(question, str(total), near_numbers(total, rng))


BENCHMARKS = tuple(
    family.benchmark()
    for family in (
        Family(
            name="date_arithmetic",
            title="Date arithmetic",
            category="reasoning",
            description="Steps from a date by days, weeks or working days.",
            make=date_arithmetic,
            scorer="exact/text",
            answer_form="<date as YYYY-MM-DD>",
            input_tokens=47,
        ),
        Family(
            name="weekdays",
            title="Weekdays",
            category="reasoning",
            description="Tells the weekday of a date, with ever less help.",
            make=weekdays,
            scorer="exact/text",
            answer_form="<weekday>",
            input_tokens=38,
        ),
        Family(
            name="time_zones",
            title="Time zones",
            category="reasoning",
            description="Converts local times between zones, with flights on the hard level.",
            make=time_zones,
            scorer="exact/text",
            answer_form="<weekday and 24-hour time, such as Friday 07:05>",
            input_tokens=70,
        ),
        Family(
            name="durations",
            title="Durations",
            category="reasoning",
            description="Adds up shifts in minutes, across midnight on the hard level.",
            make=durations,
            scorer="exact/number",
            answer_form="<integer>",
            input_tokens=75,
        ),
    )
)
