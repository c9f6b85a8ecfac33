"""Money and shares read alike everywhere, in Python and in JavaScript."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from app.formats import exact_usd, interval, percent, points, usd
from app.template_filters import numbers

APP = Path(__file__).parents[1] / "app"
FORMAT_JS = APP / "static" / "js" / "lib" / "format.js"
SHARES = [0, 0.0004, 0.1234, 0.5, 0.9184, 0.999, 1]
COUNTS = [0, 7, 999, 1000, 1260, 99_900, 412_000, 1_300_000, 2.6e9]
GIVEN: dict[str, list[Any]] = {
    "usd": [0, 0.00003, 0.0001, 0.0015, 0.009, 0.01, 0.015, 0.0999, 0.1, 0.5, 1, 1.5, 12, 1234.5],
    "percent": SHARES,
    "interval": [[value / 2, value] for value in SHARES],
    "duration": [0.04, 0.84, 3.2, 9.9, 10, 59, 60, 75, 3600, 7500, 86400, 273600],
    "number": COUNTS,
    "compact": COUNTS,
    "spent": [
        {"cost_usd": None, "known_cost_usd": None},
        {"cost_usd": None, "known_cost_usd": 0.0123},
        {"cost_usd": 0, "known_cost_usd": 0},
        {"cost_usd": 0.0004, "known_cost_usd": 0.0004},
    ],
    "tokens_in_all": (USAGES := [
        {"input_tokens": None, "output_tokens": None, "samples_without_usage": 3},
        {"input_tokens": 0, "output_tokens": 0, "samples_without_usage": 0},
        {"input_tokens": 1260, "output_tokens": None, "samples_without_usage": 1},
        {"input_tokens": 12_000, "cached_input_tokens": 8_000, "output_tokens": 99,
         "reasoning_tokens": 41, "samples_without_usage": 1200},
    ]),
    "token_split": USAGES,
}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "$0.00"),
        (0.00003, "under $0.0001"),
        (0.0015, "$0.0015"),
        (0.015, "$0.015"),
        (0.09, "$0.09"),
        (1.5, "$1.50"),
        (1234.5, "$1,234.50"),
    ],
)
def test_money(value: float, text: str) -> None:
    assert usd(value) == text


def test_money_that_is_compared_with_a_limit_keeps_its_digits() -> None:
    assert [exact_usd(value) for value in (0, 2, 0.1, 1.2345, 0.000123, 4.2e-8)] == [
        "$0.00",
        "$2.00",
        "$0.10",
        "$1.2345",
        "$0.000123",
        "$0.000000042",
    ]


def test_shares_and_differences() -> None:
    assert (percent(0.9184), interval(0.886, 0.941)) == ("91.8%", "88.6\N{EN DASH}94.1")
    assert [points(each) for each in (0.034, -0.008, 0.0, -0.0001)] == [
        "+3.4",
        "\N{MINUS SIGN}0.8",
        "0.0",
        "0.0",
    ]


def _in_js(name: str) -> str:
    first, *words = name.split("_")
    return first + "".join(word.capitalize() for word in words)


def test_the_scripts_of_pages_write_the_same() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("No Node.js to run the scripts of pages with")
    given = [[name, _in_js(name), values] for name, values in GIVEN.items()]
    script = f"""
        import * as format from {json.dumps(FORMAT_JS.as_uri())};
        const given = {json.dumps(given)};
        const written = given.map(([name, inJs, values]) =>
            [name, values.map((value) => format[inJs](value))]);
        console.log(JSON.stringify(Object.fromEntries(written)));
    """
    done = subprocess.run(
        [node, "--input-type=module", "-e", script], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        name: [getattr(numbers, name)(value) for value in values] for name, values in GIVEN.items()
    }


def test_nobody_else_writes_shares_or_money() -> None:
    found = [
        f"{path.relative_to(APP)}:{number}"
        for path in APP.rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if re.search(r"\$\{[^}]*:,?\.\d|\{[^{}]*:\.\d%\}", line)
    ]
    # The pieces of the outcome bar are lengths in SVG, not shares for readers.
    assert [each for each in found if not each.startswith("template_filters/words.py")] == []
