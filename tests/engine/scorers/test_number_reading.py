r"""Numbers as people and models write them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from app.engine.scorers.number_reading import (
    last_number,
    read_number,
    read_target,
    same_number,
)
from app.engine.scorers.numeric_studio import score_last_number
from app.engine.types import Sample

HALF = Fraction(1, 2)
READ: dict[str, Fraction | int] = {
    # plain
    "42": 42,
    "007": 7,
    "+7": 7,
    ".5": HALF,
    "-.5": -HALF,
    "1e-05": Fraction(1, 100_000),
    "1e-5": Fraction(1, 100_000),
    "1E+3": 1000,
    "42.": 42,
    "42,": 42,
    "42!": 42,
    "42。": 42,
    "(42)": 42,
    "about 42": 42,
    "x = 42": 42,
    # signs and scripts
    "−5": -5,
    "– 5": -5,
    "－５": -5,
    "１２３": 123,
    "٤٢": 42,
    "१२": 12,
    "四十二": 42,
    # fractions and mixed numbers
    "1/2": HALF,
    "1 / 2": HALF,
    "1⁄2": HALF,
    "¾": Fraction(3, 4),
    "2 1/2": Fraction(5, 2),
    "2½": Fraction(5, 2),
    "2 ½": Fraction(5, 2),
    "-2 1/2": Fraction(-5, 2),
    "−½": -HALF,
    # groups
    "1,234": 1234,
    "1,234,567.5": Fraction(2469135, 2),
    "12,34,567": 1_234_567,
    "₹1,00,000": 100_000,
    "1 234 567": 1_234_567,
    "1\u00a0234": 1234,
    "1\u202f234\u202f567": 1_234_567,
    "1\u2009234,5": Fraction(2469, 2),
    "1'234'567.50": Fraction(2469135, 2),
    "1’234": 1234,
    "1_000": 1000,
    "1，234": 1234,
    # decimal commas
    "3,5": Fraction(7, 2),
    "0,125": Fraction(1, 8),
    "1234,5": Fraction(2469, 2),
    "1.234,56": Fraction(30864, 25),
    "1.234.567": 1_234_567,
    "1.234": Fraction(617, 500),
    # powers of ten and large words
    "10^5": 100_000,
    "10⁵": 100_000,
    "1×10⁻⁵": Fraction(1, 100_000),
    "1.5 x 10^3": 1500,
    "3.5 million": 3_500_000,
    "$3.5M": 3_500_000,
    "42k": 42_000,
    # percent, currencies and units
    "50%": 50,
    "50 %": 50,
    "50 percent": 50,
    "$1,234": 1234,
    "-$5": -5,
    "$-5": -5,
    "US$5": 5,
    "5 €": 5,
    "USD 5": 5,
    "5 dollars": 5,
    "Rs. 500": 500,
    "42 km": 42,
    "42km": 42,
    "42 (km)": 42,
    "5 km/h": 5,
    "5 m²": 5,
    "72°": 72,
    "42 apples": 42,
    # LaTeX
    r"\(42\)": 42,
    r"\[42\]": 42,
    "$42$": 42,
    "$$42$$": 42,
    r"\$1,234": 1234,
    r"$\$42$": 42,
    "9{,}500": 9500,
    r"1\,234": 1234,
    r"\frac{1}{2}": HALF,
    r"\frac12": HALF,
    r"\dfrac{3}{4}": Fraction(3, 4),
    r"-\frac{1}{2}": -HALF,
    r"\frac{-1}{2}": -HALF,
    r"2\frac12": Fraction(5, 2),
    r"2\frac{1}{2}": Fraction(5, 2),
    r"1.5\times10^{3}": 1500,
    r"\boxed{42}": 42,
    r"\text{42}": 42,
    r"42\%": 42,
    r"42^\circ": 42,
    r"42^{\circ}": 42,
    r"42\text{ km}": 42,
    r"42~\mathrm{km}": 42,
    r"\approx 42": 42,
    r"{3 \over 4}": Fraction(3, 4),
    r"\num{42}": 42,
    r"\SI{42}{km}": 42,
    # dress, words and signs around it
    "**42**": 42,
    "`42`": 42,
    "“42”": 42,
    "exactly 42": 42,
    "minus 5": -5,
    "negative 5": -5,
    "—5": -5,
    "1 and 1/2": Fraction(3, 2),
    # scales and units of other scripts and currencies
    "1.5万": 15_000,
    "3億円": 300_000_000,
    "5천": 5000,
    "R$ 12": 12,
    "kr 12": 12,
    "12¢": 12,
    "₿2": 2,
    "9.81 m s^-2": Fraction(981, 100),
    "5 m/s2": 5,
}
NOT_READ = [
    "",
    "about five",
    "twelve",
    "one half",
    "x",
    "1 2",
    "1 22 333",
    "42 43",
    "3-5",
    "3–5",
    "3 to 5",
    "42 or 43",
    "42 not 43",
    "42 and a half",
    "3 + 4",
    "1/0",
    "1/2/3",
    "1:2",
    "12:30",
    "2024-01-05",
    "12,34,56",
    "1,,000",
    "1.2.3",
    "1 234 56",
    "1,2,3",
    "--5",
    "inf",
    "nan",
    "1e999999",
    "1st",
    "42nd",
    "9" * 5000,
    r"0.\overline{3}",
    r"\sqrt{2}",
    r"3\pi",
    "2π",
    "3x",
    "0 123",
    "more than 42",
    "42+",
    "1 in 5",
    "5'10\"",
    "\u00b15",
]


@pytest.mark.parametrize(("text", "value"), READ.items())
def test_a_number_is_read_in_any_dress(text: str, value: Fraction | int) -> None:
    number = read_number(text)
    assert number is not None
    assert number.value == value


@pytest.mark.parametrize("text", NOT_READ, ids=lambda text: text[:20] or "empty")
def test_two_numbers_ranges_and_words_are_no_number(text: str) -> None:
    assert read_number(text) is None


@pytest.mark.parametrize(
    ("answer", "target", "is_same"),
    [
        ("50", "50%", True),
        ("0.5", "50%", True),
        ("50%", "0.5", True),
        ("50%", "50", True),
        ("12.5%", "1/8", True),
        ("0.5%", "0.5", False),
        ("500", "5%", False),
        ("42", "42 km", True),
        ("42 kilometers", "42 km", True),
        ("42 miles", "42 km", False),
        ("5 m²", "5 square meters", True),
        ("5 sq ft", "5 ft^2", True),
        ("5 dollars", "$5", True),
        ("$5", "€5", False),
        ("3.14159", "3.14 ± 0.01", True),
        ("3.16", "3.14 ± 0.01", False),
        ("3.15", "3.14±1%", True),
        ("3.2", "3.14 +/- 1%", False),
        ("0.30000000000000004", "0.3", True),
        ("1/3", "0.3333", False),
        ("1000000000001", "1000000000000", False),
        ("-5", "5", False),
        ("5 miles per hour", "5 mph", True),
        ("£5", "5 pounds", True),
        ("5 lb", "5 pounds", True),
        ("$5", "5 pounds", False),
        ("5 cents", "5¢", True),
        ("6 boxes", "1 box", False),
        ("6 boxes", "6 box", True),
        ("5 people", "5 persons", True),
        ("5 m2", "5 m^2", True),
        ("5 m2", "5 m", False),
        ("12 GB", "12 gigabytes", True),
        ("1万円", "10000", True),
    ],
)
def test_numbers_are_equal_by_value_unit_and_stated_tolerance(
    answer: str, target: str, is_same: bool
) -> None:
    given, wanted = read_number(answer), read_target(target)
    assert given is not None
    assert wanted is not None
    assert same_number(given, wanted) is is_same


@pytest.mark.parametrize("target", ["about five", "five", "3 to 5", "5 ± x", "5 ± -1", "±", "n/a"])
def test_a_target_that_no_answer_could_equal_is_none(target: str) -> None:
    assert read_target(target) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("So the total is 42 (see 7 below). 1,234", 1234),
        ("It costs $5.", 5),
        ("H2O and 3 km.", 3),
        ("from 3-5", 5),
        ("it is -5", -5),
        ("x=-7", -7),
        ("2 1/2 cups", Fraction(5, 2)),
        (r"answer: \boxed{\frac{1}{2}}.", HALF),
        ("in 2023 456", 456),
        ("3.5 million people", 3_500_000),
        ("is 1e-5.", Fraction(1, 100_000)),
        ("12 + 30 = 42", 42),
        ("**42**", 42),
        ("1,000,000.", 1_000_000),
        ("nothing", None),
        ("答案是42。", 42),
        ("20%-30%", 30),
    ],
)
def test_the_last_number_of_a_text_is_found(text: str, value: Fraction | int | None) -> None:
    found = last_number(text)
    assert (found and found[0].value) == value


def test_the_last_number_is_compared_with_every_target() -> None:
    sample = Sample("1", (), ("7", "42 km"))
    assert score_last_number("First 3, then 42 km.", sample).score == 1.0
    assert score_last_number("First 42 km, then 3.", sample).score == 0.0
    assert score_last_number("42 miles", sample).score == 0.0
    assert score_last_number("none", sample).answer is None
