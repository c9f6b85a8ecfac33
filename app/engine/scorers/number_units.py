"""Units and currencies beside a number, in a common spelling, and words for large numbers."""

from __future__ import annotations

import re

CURRENCY = (
    r"(?:US|CA|AU|NZ|HK|[ACSR])?\$|[€£¥₹₽₩₺₪฿₫₦₿₱₴₸]|(?:USD|EUR|GBP|JPY|CNY|RMB|INR|CHF|CAD|AUD|NZD|"
    r"SEK|NOK|DKK|PLN|CZK|BRL|MXN)(?![A-Za-z])|(?:Rs|kr)\.?(?![A-Za-z])"
)
"""A currency before its amount, as a pattern."""

_BEFORE = re.compile(rf"({CURRENCY}) ?+")
_UNIT = re.compile(r"[^\W\d_°$€£¥₹₽₩₺₪฿₫₦₿₱₴₸¢'\"]*+[\w°$€£¥₹₽₩₺₪฿₫₦₿₱₴₸¢'\"^·×./\- ()]*+")
_MAX_UNIT_CHARS = 40
_MAX_WORDS = 4
_POWERS = re.compile(r"\^ ?\(?-?[1-9]\)?")
_BARE_POWER = re.compile(r"(?<=[A-Za-z])([23])(?![0-9A-Za-z])")

_SCALES = {
    **dict.fromkeys(("hundred",), 100),
    **dict.fromkeys(("thousand", "thousands"), 10**3),
    **dict.fromkeys(("lakh", "lakhs", "lac"), 10**5),
    **dict.fromkeys(("million", "millions", "mio", "mn"), 10**6),
    **dict.fromkeys(("crore", "crores"), 10**7),
    **dict.fromkeys(("billion", "billions", "bn", "mrd"), 10**9),
    **dict.fromkeys(("trillion", "trillions", "tn"), 10**12),
    **dict.fromkeys(("dozen", "dozens"), 12),
}
_GLUED_SCALES = {"k": 10**3, "K": 10**3, "M": 10**6, "B": 10**9, "bn": 10**9, "mn": 10**6}
_HAN_SCALES = {
    **dict.fromkeys("百백", 100),
    **dict.fromkeys("千천", 10**3),
    **dict.fromkeys("万萬만", 10**4),
    **dict.fromkeys("億亿억", 10**8),
    **dict.fromkeys("兆조", 10**12),
}
_OTHER_WORDS = (
    "or and to not plus minus times over by through until versus vs point half halves third "
    "thirds quarter quarters squared cubed factorial mod modulo divided multiplied more less but "
    "instead then if because so since is are was were maybe approximately about st nd rd th e "
    "x y z i pi π √ ∞"
)
# With one of these behind it, the number is not the whole of what is said.
_NO_UNITS = frozenset(_OTHER_WORDS.split())
_SAME = {
    name: short
    for short, names in {
        "$": "usd dollar us$ buck",
        "€": "eur euro",
        "£": "gbp pound-sterling quid",
        "¥": "jpy yen cny rmb yuan",
        "₹": "inr rupee rs",
        "ca$": "cad c$",
        "au$": "aud a$",
        "nz$": "nzd",
        "chf": "franc fr",
        "¢": "cent",
        "km": "kilometer kilometre",
        "m": "meter metre",
        "cm": "centimeter centimetre",
        "mm": "millimeter millimetre",
        "mi": "mile",
        "ft": "foot feet",
        "in": "inch inche",
        "yd": "yard",
        "kg": "kilogram kilogramme kilo kgs",
        "g": "gram gramme gm",
        "mg": "milligram milligramme",
        "t": "tonne",
        "lb": "lbs pound",
        "oz": "ounce",
        "l": "liter litre",
        "ml": "milliliter millilitre",
        "s": "sec second secs",
        "min": "minute mins",
        "h": "hr hour hrs",
        "d": "day",
        "wk": "week",
        "yr": "year yrs",
        "°": "degree deg",
        "°c": "celsius degc",
        "°f": "fahrenheit degf",
        "mph": "mi/h",
        "km/h": "kmh kph",
        "m/s": "mps",
        "%": "percent",
        "kb": "kilobyte",
        "mb": "megabyte",
        "gb": "gigabyte",
        "tb": "terabyte",
        "person": "people persons",
        "man": "men",
        "woman": "women",
        "child": "children",
    }.items()
    for name in names.split()
}
_PHRASES = (
    ("square ", "sq "),
    ("sq. ", "sq "),
    ("cubic ", "cu "),
    ("cu. ", "cu "),
    (" per ", "/"),
    (" squared", "^2"),
    (" cubed", "^3"),
    ("degrees celsius", "°c"),
    ("degrees fahrenheit", "°f"),
    ("us dollars", "$"),
    ("us dollar", "$"),
)


def currency_before(text: str, position: int) -> tuple[str, int]:
    """Return the currency at ``position`` (``""`` without one) and where the amount begins."""
    found = _BEFORE.match(text, position)
    if found is None:
        return "", position
    return unit_of(found.group(1)) or "", found.end()


def scale_of(word: str, *, is_glued: bool = False) -> int | None:
    """Return the factor that a word stands for (``million``, or the k of ``42k``)."""
    if is_glued and word in _GLUED_SCALES:
        return _GLUED_SCALES[word]
    return _SCALES.get(word.casefold())


def scale_before(text: str) -> tuple[int, str]:
    """Return the factor that a unit such as 万円 begins with (1 without one), and the rest."""
    stripped = text.strip()
    scale = _HAN_SCALES.get(stripped[:1])
    return (scale, stripped[1:]) if scale else (1, text)


def same_unit(one: str, other: str) -> bool:
    """Return whether two units in their common spelling may be the same."""
    return one == other or {one, other} == {"£", "lb"}  # both are pounds


def unit_of(text: str, *, known_only: bool = False) -> str | None:
    """Return a unit in its common spelling; ``None`` where the text is none.

    Args:
        text: What follows a number.
        known_only: Take no other words for units than those listed here.
    """
    text = _BARE_POWER.sub(r"^\1", text.strip())
    if not 0 < len(text) <= _MAX_UNIT_CHARS or not _UNIT.fullmatch(text):
        return None
    if any(char.isdigit() for char in _POWERS.sub("", text)):
        return None
    folded = text.casefold()
    for phrase, short in _PHRASES:
        folded = folded.replace(phrase, short)
    words = folded.replace("-", " ").split()
    if len(words) > _MAX_WORDS or not _NO_UNITS.isdisjoint(words) or not words:
        return None
    if known_only and not (folded in _SAME or folded in _SAME.values()):
        singular = folded.removesuffix("s")
        return _SAME.get(singular) if singular in _SAME else None
    unit = "/".join(_short_words(part) for part in " ".join(words).split("/"))
    unit = _area(unit)
    return _SAME.get(unit, unit)


def _short_words(text: str) -> str:
    return " ".join(map(_short, text.split()))


def _short(word: str) -> str:
    word = word.strip("().").replace(".", "")
    if word in _SAME:
        return _SAME[word]
    singular = _singular(word)
    return _SAME.get(singular, singular)


def _singular(word: str) -> str:
    if word.endswith(("xes", "ches", "shes", "sses")):
        return word[:-2]
    if len(word) <= 3 or not word.endswith("s") or word[-2] == "s":
        return word
    return f"{word[:-3]}y" if word.endswith("ies") else word[:-1]


def _area(unit: str) -> str:
    for name, power in (("sq ", "^2"), ("cu ", "^3")):
        if unit.startswith(name):
            return unit.removeprefix(name) + power
    return unit
