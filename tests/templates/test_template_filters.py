"""Numbers, money, times and answers read as a person would write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.template_filters import FILTERS
from app.template_filters.answers import markdown
from app.template_filters.numbers import duration, usd, usd_range
from app.template_filters.tab import tab_icon, tab_title
from app.template_filters.times import ago, clock, moment
from app.template_filters.words import segments

RUN: dict[str, Any] = {
    "name": "",
    "benchmark_title": "GSM8K",
    "model": "a/b",
    "status": "running",
    "canceling": False,
    "counts": {"done": 42, "total": 100},
    "score": {"value": 0.9124},
}
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "title", "icon"),
    [
        ({}, "42% GSM8K, a/b", ("run", 40)),
        ({"name": "nightly"}, "42% nightly", ("run", 40)),
        ({"canceling": True}, "Canceling GSM8K, a/b", ("warn", 40)),
        ({"status": "queued", "counts": {"done": 0, "total": 0}}, "Queued GSM8K, a/b", ("idle", 0)),
        ({"status": "completed"}, "Done 91.2% GSM8K, a/b", ("ok", 40)),
        ({"status": "completed", "score": None}, "Done GSM8K, a/b", ("ok", 40)),
        ({"status": "failed"}, "Failed GSM8K, a/b", ("bad", 40)),
    ],
)
def test_the_tab_of_a_run_says_how_far_it_is(
    changes: dict[str, Any], title: str, icon: tuple[str, int]
) -> None:
    assert tab_title(RUN | changes) == title
    assert tuple(tab_icon(RUN | changes).values()) == icon


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0004, "0 ms"),
        (0.84, "840 ms"),
        (3.21, "3.2 s"),
        (59.7, "1 min"),
        (75, "1 min 15 s"),
        (3600, "1 h"),
        (3725, "1 h 2 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_duration_uses_the_two_largest_units(value: float | None, text: str) -> None:
    assert duration(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "unknown"),
        (0, "$0.00"),
        (0.00001, "under $0.0001"),
        (0.0042, "$0.0042"),
        (0.0148, "$0.015"),
        (0.05, "$0.05"),
        (0.005, "$0.005"),
        (0.5, "$0.50"),
        (1234.5, "$1,234.50"),
    ],
)
def test_money_never_calls_the_unknown_or_the_tiny_zero(value: float | None, text: str) -> None:
    assert usd(value) == text


def test_money_range_is_one_amount_where_both_read_alike() -> None:
    assert usd_range({"low": 1.1, "high": 1.6}) == "$1.10–$1.60"
    assert usd_range({"low": 1.101, "high": 1.102}) == "$1.10"
    assert usd_range(None) == "unknown"


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=3), "3 min ago"),
        (timedelta(hours=5), "5 h ago"),
        (timedelta(days=1, hours=2), "yesterday"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(days=30), "25 Oct 2026"),
        (-timedelta(hours=1), "24 Nov 2026, 13:00"),
    ],
)
def test_ago_says_how_long_and_carries_the_exact_time(age: timedelta, text: str) -> None:
    tag = ago(NOW - age, now=NOW)
    assert f">{text}</time>" in tag
    assert f'datetime="{NOW - age:%Y-%m-%dT%H:%M:%SZ}"' in tag


def test_times_may_be_strings_and_naive_ones_are_utc() -> None:
    assert 'datetime="2026-11-24T10:00:00Z"' in moment("2026-11-24T11:00:00+01:00")
    assert "10:00:00" in clock("2026-11-24T10:00:00")
    assert ago(None) == "–"


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("percent", 0.9184, "91.8%"),
        ("percent", None, "–"),
        ("interval", [0.886, 0.941], "88.6–94.1"),
        ("interval", None, ""),
        ("points", 0.034, "+3.4"),
        ("points", -0.008, "−0.8"),
        ("points", 0.0, "0.0"),
        ("bytes", 812, "812 B"),
        ("bytes", 12_340, "12.3 kB"),
        ("number", 12_140, "12,140"),
        ("compact", 412_300, "412k"),
        ("compact", 1_300_000, "1.3M"),
        ("compact", 999, "999"),
        ("milliseconds", 1430, "1.4 s"),
        ("short_id", "019ab1c2-7d3e-7c41-9a55-0c4f8e21d701", "8e21d701"),
        ("initials", "you@example.org", "yo"),
        ("status_word", "completed", "Done"),
        ("status_tone", "failed", "bad"),
        ("outcome_word", "incorrect", "Wrong"),
        ("outcome_tone", "unheard_of", "idle"),
    ],
)
def test_filter_writes(name: str, value: Any, text: str) -> None:
    assert FILTERS[name](value) == text


def test_segments_of_the_outcome_bar_fill_it() -> None:
    pieces = segments({"correct": 3, "incorrect": 1})
    assert [(piece.outcome, piece.x, piece.width) for piece in pieces if piece.count] == [
        ("correct", "0.000%", "75.000%"),
        ("incorrect", "75.000%", "25.000%"),
    ]


def test_segments_of_no_samples_are_empty() -> None:
    assert {piece.width for piece in segments({})} == {"0.000%"}


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](https://evil.example/pixel.png)",
        "[click](javascript:alert(1))",
        "<a href='data:text/html,x'>x</a>",
        "[x](data:text/html;base64,AAAA)",
        "<svg onload=alert(1)>",
        "<iframe src=https://evil.example></iframe>",
        "| a |\n|:-:|\n| b |",
        "```html\n<script>alert(1)</script>\n```",
    ],
)
def test_markdown_of_a_model_cannot_run_call_or_style(hostile: str) -> None:
    html = markdown(hostile)
    for banned in ("<script", "<img", "<svg", "<iframe", " style=", 'href="'):
        assert banned not in html


@pytest.mark.parametrize(
    "hostile",
    [
        ("|" + "a|" * 250 + "\n|" + "-|" * 250 + "\n" + "|x\n" * 260 + "\n") * 8,
        "[a]: http://example.org/" + "&" * 10_000 + "\n\n" + "[a]" * 3_000,
    ],
    ids=["short rows of wide tables", "a long link, many times"],
)
def test_markdown_stays_about_as_long_as_the_answer(hostile: str) -> None:
    assert len(markdown(hostile)) < 5 * len(hostile)


def test_markdown_draws_usual_tables() -> None:
    assert markdown("|a|b|\n|-|-|\n" + "|1|2|\n" * 500).count("<td>") == 1_000


def test_markdown_keeps_what_helps_reading() -> None:
    html = markdown("**bold** and `code`\n\n1. one\n2. two\n\n[a](https://example.org)")
    assert "<strong>bold</strong>" in html
    assert "<ol>" in html
    assert 'rel="noopener noreferrer nofollow"' in html
