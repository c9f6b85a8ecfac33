"""In a real browser: nothing slides below the sidebar, nothing overflows, nothing is blocked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    "dashboard",
    "new_run_errors",
    "run_running",
    "run_done",
    "samples",
    "sample",
    "benchmark",
    "compare",
    "estimates",
    "own_upload",
    "own_map",
    "run_budget",
    "sample_rescored",
    "account",
    "connections",
    "tokens",
    "webhook",
    "rate_limited",
    "components",
)


@pytest.fixture(scope="module")
def measured() -> list[dict[str, Any]]:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "tests.templates.measure_pages", *PAGES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    if rows is None:
        pytest.skip("there is no Chromium on this machine")
    return list(rows)


def test_no_page_is_wider_than_its_window(measured: list[dict[str, Any]]) -> None:
    wide = [(row["page"], row["width"]) for row in measured if row["overflow"] > 0]
    assert wide == []


def test_content_stands_beside_the_sidebar_and_at_the_top(measured: list[dict[str, Any]]) -> None:
    rows = [row for row in measured if row["width"] == 1440 and row["side"]]
    assert len(rows) >= 10
    for row in rows:
        assert row["main"]["left"] >= row["side"]["right"] - 1, row["page"]
        assert row["main"]["top"] == 0, row["page"]
        assert row["main"]["width"] > 1000, row["page"]


def test_sidebar_is_away_at_390_px_and_the_heading_near_the_top(
    measured: list[dict[str, Any]],
) -> None:
    for row in (row for row in measured if row["width"] == 390 and row["side"]):
        assert row["side"]["width"] == 0, row["page"]
        assert row["heading"]["top"] < 160, row["page"]


def test_policy_blocks_nothing_and_no_script_fails(measured: list[dict[str, Any]]) -> None:
    assert [(row["page"], row["blocked"]) for row in measured if row["blocked"]] == []


def test_keyboard_focus_is_visible(measured: list[dict[str, Any]]) -> None:
    for row in measured:
        ring = row["focus"]
        assert ring["tag"] != "BODY", row["page"]
        assert ring["kind"] == "solid", (row["page"], ring)
        assert ring["width"] == "2px", (row["page"], ring)


def test_own_font_is_served(measured: list[dict[str, Any]]) -> None:
    assert all(row["font"] for row in measured)
