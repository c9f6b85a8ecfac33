"""Reading one number that may be written in any script (``１２``, ``-2½``, ``二十一``, ``3²``)."""

from __future__ import annotations

import math
import re
import unicodedata
from itertools import pairwise

MAX_NUMBER_CHARS = 4_000
"""No longer text is taken for a number: the largest float has 309 digits before the point."""

_MINUS_SIGNS = frozenset("-−﹣－")
_PLUS_SIGNS = frozenset("+＋﹢")
_MINUS = _MINUS_SIGNS | frozenset("负負")
_PLUS = _PLUS_SIGNS | frozenset("正")
_POINTS = frozenset(".٫．")
_GROUPING_SIGNS = ",，﹐、٬ \u00a0\u202f\u2009\u2007\u2008'’ʼ＇"
_GROUPING = frozenset(_GROUPING_SIGNS)

_SUPERSCRIPT_DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_SUPERSCRIPT_TO_ASCII = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")

_HAN_DIGITS = {
    char: value
    for value, chars in enumerate(
        (
            "零〇○",
            "一壹幺",
            "二贰貳两兩",
            "三叁參",
            "四肆",
            "五伍",
            "六陆陸",
            "七柒",
            "八捌",
            "九玖",
        )
    )
    for char in chars
}
_HAN_TENS = {"廿": 20, "卅": 30, "卌": 40}
_HAN_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_HAN_MYRIADS = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8, "兆": 10**12}
_HAN_POINT = re.compile("[点點．.]")
_HAN = frozenset(_HAN_DIGITS) | frozenset(_HAN_TENS) | frozenset(_HAN_UNITS)
_HAN_ZEROS = frozenset("零〇○")
_HAN_ALL = _HAN | frozenset(_HAN_MYRIADS) | frozenset("点點")  # some have no value in Unicode


def may_be_number(text: str) -> bool:
    """Return whether a character of ``text`` has a value; cheap, as most words have none."""
    if text.isascii():
        return any(char in "0123456789" for char in text)
    return any(char in _HAN_ALL or unicodedata.numeric(char, None) is not None for char in text)


def is_chinese(text: str) -> bool:
    """Return whether ``text`` consists of Chinese numerals only."""
    return bool(text) and all(char in _HAN_ALL for char in text)


def parse_number(text: str) -> float | None:
    """Return the finite number that ``text`` is as a whole, else ``None``.

    Accepts what ``float`` does, and signs, digits, fractions, superscript exponents and Chinese
    numerals of Unicode.
    """
    if len(text) > MAX_NUMBER_CHARS:
        return None
    try:
        number = float(text)
    except ValueError:
        try:
            found = _parse_unicode(text)
        except (OverflowError, ZeroDivisionError):
            return None
        if found is None:
            return None
        number = found
    return number if math.isfinite(number) else None


def _parse_unicode(text: str) -> float | None:
    text, sign = _split_sign(text.strip())
    if len(text) == 1:
        symbol = unicodedata.numeric(text, None)
        if symbol is not None:
            return sign * symbol
    base_text, exponent = _split_exponent(text)
    base = _parse_mixed(base_text)
    if base is None or not exponent:
        return None if base is None else sign * base
    return float((sign * base) ** int(exponent.translate(_SUPERSCRIPT_TO_ASCII)))


def _split_exponent(text: str) -> tuple[str, str]:
    """Return the base and the superscript that follows it; ``""`` where nothing precedes one."""
    digits = text.rstrip(_GROUPING_SIGNS)
    base = digits.rstrip(_SUPERSCRIPT_DIGITS)
    if base == digits:
        return text, ""
    base = base[:-1] if base.endswith(("⁺", "⁻")) else base
    return (base, digits[len(base) :]) if base else (text, "")


def _split_sign(text: str) -> tuple[str, float]:
    sign = 1.0
    while text and (text[0] in _MINUS or text[0] in _PLUS):
        sign = -sign if text[0] in _MINUS else sign
        text = text[1:].lstrip()
    return text, sign


def _parse_mixed(text: str) -> float | None:
    """Read a whole number that a vulgar fraction may end (``2½``)."""
    places = [index for index, char in enumerate(text) if _fraction(char)]
    if not places:
        return _parse_plain(text)
    head = text[: places[0]].strip()
    tail = text[places[0] + 1 :]
    if len(places) > 1 or any(char not in _GROUPING for char in tail):
        return None
    whole = _parse_plain(head) if head else 0.0
    return None if whole is None else whole + _fraction(text[places[0]])


def _fraction(char: str) -> float:
    value = 0.0 if char in _HAN_ALL else unicodedata.numeric(char, 0.0)
    return value if value < 1.0 else 0.0


def _parse_plain(text: str) -> float | None:
    if any(char in _HAN_ALL for char in text):
        number = _parse_han(text)
        if number is not None:
            return number
    # A sign is allowed right after the "e" of an exponent only.
    pairs = pairwise(f" {text}")
    ascii_text = "".join(
        _to_ascii(char, after=before) for before, char in pairs if char not in _GROUPING
    )
    try:
        return float(ascii_text)
    except ValueError:
        return unicodedata.numeric(text, None) if len(text) == 1 else None


def _to_ascii(char: str, *, after: str) -> str:
    if char in _POINTS:
        return "."
    if char in "eE":
        return "e"
    digit = _digit(char)
    if digit is not None:
        return str(digit)
    if after in "eE" and (char in _MINUS_SIGNS or char in _PLUS_SIGNS):
        return "-" if char in _MINUS_SIGNS else "+"
    return "?"  # nothing that float() would take


def _digit(char: str) -> int | None:
    return _HAN_DIGITS.get(char, unicodedata.digit(char, None))


def _parse_han(text: str) -> float | None:
    whole_text, *fractions = _HAN_POINT.split(text, maxsplit=1)
    whole = _parse_han_integer(whole_text)
    if whole is None or not fractions:
        return whole
    fraction = 0.0
    scale = 1.0
    for char in fractions[0]:
        digit = _digit(char)
        if digit is None:
            return None
        scale /= 10
        fraction += digit * scale
    return whole + fraction


def _parse_han_integer(text: str) -> float | None:
    if not any(char in _HAN_TENS or char in _HAN_UNITS or char in _HAN_MYRIADS for char in text):
        digits = [_digit(char) for char in text]
        if any(digit is None for digit in digits):
            return None
        return float("".join(map(str, digits)) or "0")
    total = section = pending = 0
    for char in text:
        digit = _digit(char)
        if char in _HAN_MYRIADS:
            total += (section + pending) * _HAN_MYRIADS[char]
            section = pending = 0
        elif char in _HAN_UNITS:
            section += (pending or 1) * _HAN_UNITS[char]
            pending = 0
        elif char in _HAN_TENS:
            section += _HAN_TENS[char]
        elif digit is not None:
            pending = pending if char in _HAN_ZEROS else digit
        else:
            return None
    return float(total + section + pending)
