r"""Reading one number as people write it, exactly: ``1,234``, ``2 1/2``, ``1e-5``, ``\$9{,}500``.

The rules, which the help of own data states:

- Thousands may be grouped by comma, blank, apostrophe or underscore, in threes or as in India.
  A single comma is decimal unless exactly three digits follow it (``3,5`` is 3.5, ``1,234`` is
  1234, ``0,125`` is 0.125); a single point always is. Of comma and point the last is decimal.
- A percent sign is a unit that may be left out; ``50%`` is also 0.5.
- A unit or currency may follow or lead. It counts only where answer and target both have one.
- Two numbers, a range or a number in words are no number.

All scans are linear, and nothing longer than ``MAX_CHARS`` is taken for a number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from app.engine.scorers.number_text import plain_number_text
from app.engine.scorers.number_units import (
    CURRENCY,
    currency_before,
    same_unit,
    scale_before,
    scale_of,
    unit_of,
)
from app.engine.scorers.text_folding import undress
from app.engine.scorers.unicode_numbers import is_chinese, parse_number

MAX_CHARS = 200
_MAX_RAW_CHARS = 600
_MAX_EXPONENT = 400
_SEARCHED_CHARS = 20_000
FLOAT_NOISE = Fraction(1, 10**12)
"""Relative difference that does not count: 0.1 + 0.2 is 0.30000000000000004 in most programs."""

_PREFIX = re.compile(
    r"(?:[A-Za-z](?:_?[A-Za-z0-9])? *+= *+|= *+|[≈~] *+"
    r"|(?:about|approximately|approx\.?+|roughly|around|exactly) ++)?+",
    re.IGNORECASE,
)
_SIGN = re.compile(r"(?:([+-]) *+|(?:minus|negative) ++)", re.IGNORECASE)
_RUN = re.compile(r"(?:[0-9]++(?:[,.'_ ][0-9]++){0,60}+|\.[0-9]++)")
_EXPONENT = re.compile(r"[eE]([+-]?[0-9]++)(?!\w|\.[0-9])")
_POWER_OF_TEN = re.compile(r" *+[×xX*] *+10 *+(?:\^|\*\*) *+\(?+([+-]?[0-9]++)\)?+(?!\w|\.[0-9])")
_POWER = re.compile(r" *+(?:\^|\*\*) *+\(?+([+-]?[0-9]++)\)?+(?!\w|\.[0-9])")
_SLASH = re.compile(r" *+/ *+(-?)")
_MIXED = re.compile(r" (?:and )?+([0-9]++) ?+/ ?+([0-9]++)(?!\w|[./][0-9])")
_PERCENT = re.compile(r" *+(?:(%)|(‰)|(percent|per cent|pct)(?![A-Za-z]))", re.IGNORECASE)
_GROUPS = {
    ",": re.compile(r"(?<![0-9,])(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3})"),
    **{mark: re.compile(rf"[0-9]{{1,3}}(?:{re.escape(mark)}[0-9]{{3}})+") for mark in (*".'_ ",)},
}
_CLOSING = " .,;:!?"
_NEXT_WORD = re.compile(r" ?+([^\W\d_]++)(?![\w])")
_BRACKETS = ("()", "[]")
_STATED = re.compile(r".*(?:\b(?:is|are|equals?)\b|=|(?<=[A-Za-z]): )", re.DOTALL)
_DRESS = tuple("*_`\"'“‘«")


@dataclass(frozen=True, slots=True)
class Number:
    """A number that was read.

    Attributes:
        value: As it is written, so of ``50%`` it is 50.
        unit: In a common spelling (``km``, ``$``); ``""`` without one.
        is_percent: A percent sign follows.
        tolerance: What an answer may differ by, of a target such as ``3.14 ± 0.01``.
    """

    value: Fraction
    unit: str = ""
    is_percent: bool = False
    tolerance: Fraction = Fraction(0)


def read_number(text: str) -> Number | None:
    """Return the number that ``text`` is as a whole; ``None`` where it is anything else."""
    if len(text) > _MAX_RAW_CHARS:
        return None
    bare = undress(text) if text.lstrip()[:1] in _DRESS else text
    plain = plain_number_text(bare).rstrip(_CLOSING)
    plain = f"-{plain[1:]}" if plain.startswith("—") else plain
    for _ in range(2):
        if plain[:1] + plain[-1:] in _BRACKETS:
            plain = plain[1:-1].strip()
    if not plain or len(plain) > MAX_CHARS:
        return None
    if is_chinese(plain):
        found = parse_number(plain)
        return None if found is None else Number(Fraction(str(found)))
    prefix = _PREFIX.match(plain)
    read = _number_at(plain, prefix.end() if prefix else 0)
    return None if read is None else _with_unit(*read, plain)


def read_answer(text: str) -> Number | None:
    """Return the number that an answer is, or states at its end: ``The total is 42``."""
    number = read_number(text)
    if number is None and len(text) <= _MAX_RAW_CHARS:
        stated = _STATED.match(text)
        number = read_number(text[stated.end() :]) if stated else None
    return number


def read_target(text: str) -> Number | None:
    """Return the number that a target is, with its tolerance (``5 ± 0.1``, ``5 +/- 2%``)."""
    plain = text.replace("+/-", "±").replace("+-", "±").replace("\\pm", "±")
    wanted, mark, tolerance = plain.partition("±")
    number = read_number(wanted)
    if number is None or not mark:
        return number
    within = read_number(tolerance)
    if within is None or within.value < 0:
        return None
    difference = within.value
    if within.is_percent and not number.is_percent:
        difference = abs(number.value) * within.value / 100
    unit = number.unit or within.unit
    return Number(number.value, unit, number.is_percent, difference)


def last_number(text: str) -> tuple[Number, str] | None:
    """Return the last number in running text, and how it is written there.

    Only the last 20,000 characters are looked at. Digits within a word (``H2O``) are no number.
    """
    plain = plain_number_text(text[-_SEARCHED_CHARS:])
    last: tuple[Number, str] | None = None
    position = 0
    while start := _START.search(plain, position):
        read = _number_at(plain, start.start())
        if read is None:
            digits = _RUN.search(plain, start.start())
            # Past the first group of digits: what follows may be a number of its own.
            position = _end_of_digits(plain, digits.start()) if digits else start.end()
            continue
        number, position = read
        word = _NEXT_WORD.match(plain, position)
        unit = number.unit
        if word and not unit:
            scale = scale_of(word.group(1))
            if scale:
                number, position = Number(number.value * scale), word.end()
            else:
                unit = unit_of(word.group(1), known_only=True) or ""
        last = Number(number.value, unit, number.is_percent), plain[start.start() : position]
    return last


# A word of a script without blanks may stand right before a number; after 20% comes no sign.
_START = re.compile(
    r"(?<![^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])(?<![.,%])"
    rf"[+-]?+(?:(?:{CURRENCY}) ?+)?+[+-]?+(?=\.?[0-9])"
)
_DIGITS = re.compile(r"[0-9]++")


def _end_of_digits(text: str, position: int) -> int:
    digits = _DIGITS.match(text, position)
    return digits.end() if digits else position + 1


def same_number(answer: Number, target: Number) -> bool:
    """Return whether an answer is the target, within its tolerance; units must not differ."""
    if answer.unit and target.unit and not same_unit(answer.unit, target.unit):
        return False
    return any(_close(value, target.value, target) for value in _values(answer, target))


def _values(answer: Number, target: Number) -> tuple[Fraction, ...]:
    """Return what an answer may mean, in the target's terms (percent or not)."""
    value = answer.value
    if answer.is_percent == target.is_percent:
        return (value,)
    if target.is_percent:
        return (value, value * 100)
    # "50%" for the target 50: a percent sign is a unit. For the target 0.5 it is a factor.
    return (value, value / 100) if abs(target.value) >= 1 else (value / 100,)


def _close(value: Fraction, wanted: Fraction, target: Number) -> bool:
    difference = abs(value - wanted)
    if target.tolerance:
        return difference <= target.tolerance
    if wanted.denominator == 1 and value.denominator == 1:
        return difference == 0
    return difference <= abs(wanted) * FLOAT_NOISE


def _number_at(text: str, position: int) -> tuple[Number, int] | None:
    """Return the number that begins at ``position``, without its unit, and where it ends."""
    negative, position = _sign(text, position)
    unit, position = currency_before(text, position)
    if unit:
        other, position = _sign(text, position)
        negative = negative != other
    read = _magnitude(text, position)
    if read is None:
        return None
    value, position = read
    percent = _PERCENT.match(text, position)
    if percent:
        position = percent.end()
        value = value / 10 if percent.group(2) else value
    return Number(-value if negative else value, unit, bool(percent)), position


def _sign(text: str, position: int) -> tuple[bool, int]:
    sign = _SIGN.match(text, position)
    return (sign.group(1) != "+", sign.end()) if sign else (False, position)


def _magnitude(text: str, position: int) -> tuple[Fraction, int] | None:
    plain = _plain(text, position)
    if plain is None:
        return None
    value, end = plain
    mixed = _MIXED.match(text, end) if value.denominator == 1 else None
    if mixed:
        if int(mixed.group(2)) == 0 or len(mixed.group()) > MAX_CHARS:
            return None
        return value + Fraction(int(mixed.group(1)), int(mixed.group(2))), mixed.end()
    slash = _SLASH.match(text, end)
    if slash:
        below = _plain(text, slash.end())
        if below is None:
            return value, end  # "5 km/h": the slash belongs to the unit
        bottom, end = below
        if bottom == 0 or _SLASH.match(text, end):
            return None
        return (-value if slash.group(1) else value) / bottom, end
    return _raised(text, value, end)


def _raised(text: str, value: Fraction, end: int) -> tuple[Fraction, int] | None:
    power = _EXPONENT.match(text, end) or _POWER_OF_TEN.match(text, end)
    base = Fraction(10)
    if power is None and value == 10:
        power, value = _POWER.match(text, end), Fraction(1) if _POWER.match(text, end) else value
    if power is None:
        return value, end
    if len(power.group(1)) > 5 or abs(int(power.group(1))) > _MAX_EXPONENT:
        return None
    return value * base ** int(power.group(1)), power.end()


def _plain(text: str, position: int) -> tuple[Fraction, int] | None:
    """Return the longest number of digits and separators that begins at ``position``."""
    run = _RUN.match(text, position)
    if run is None or run.end() - position > MAX_CHARS:
        return None
    first, *others = run.group().split(" ")
    grouped = first
    if first.isdecimal() and len(first) <= 3:
        for part in others:
            if not (part[:3].isdecimal() and len(part) >= 3 and not part[3:4].isdecimal()):
                break
            grouped += f" {part}"
            if len(part) > 3:  # its decimals
                break
    value = _value(grouped)
    if value is None and grouped != first:
        grouped, value = first, _value(first)
    return None if value is None else (value, position + len(grouped))


def _value(digits: str) -> Fraction | None:
    """Return what digits with separators mean; ``None`` where they are not a number."""
    marks = [mark for mark in ",.'_ " if mark in digits]
    if not marks:
        return Fraction(int(digits))
    if len(marks) > 2:
        return None
    last = max(digits.rfind(mark) for mark in marks)
    decimal = digits[last] if digits[last] in ",." else ""
    if len(marks) == 2:
        grouping = marks[0] if marks[1] == decimal else marks[1]
        if not decimal or digits.count(decimal) > 1 or grouping == decimal:
            return None
        whole, _, part = digits.partition(decimal)
        return _decimal(_ungrouped(whole, grouping), part)
    [mark] = marks
    if digits.count(mark) > 1 or mark not in ",.":
        return _decimal(_ungrouped(digits, mark), "")
    whole, _, part = digits.partition(mark)
    if mark == "," and len(part) == 3 and 0 < len(whole) <= 3 and not whole.startswith("0"):
        return Fraction(int(whole + part))
    return _decimal(whole or "0", part)


def _ungrouped(digits: str, mark: str) -> str | None:
    is_grouped = _GROUPS[mark].fullmatch(digits) and not digits.startswith("0")
    return digits.replace(mark, "") if is_grouped else None


def _decimal(whole: str | None, part: str) -> Fraction | None:
    return None if whole is None else Fraction(int(whole + part), 10 ** len(part))


def _with_unit(number: Number, end: int, text: str) -> Number | None:
    """Return a number with the unit that the rest of the text is; ``None`` if it is none."""
    rest = text[end:].rstrip(_CLOSING)
    if not rest:
        return number
    if text[end - 1].isdigit() and rest[:1].isdigit():
        return None
    factor, rest = scale_before(rest)
    value = number.value * factor
    if not rest:
        return Number(value, number.unit, number.is_percent)
    word, _, more = rest.strip().partition(" ")
    scale = scale_of(word, is_glued=not rest.startswith(" "))
    if scale:
        value, rest = value * scale, more
        if not more:
            return Number(value, number.unit, number.is_percent)
    unit = unit_of(rest)
    if unit is None or (number.unit and number.unit != unit):
        return None
    return Number(value, unit, number.is_percent)
