"""Every page in a real browser: nothing slides below the sidebar, overflows or is blocked."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.seed.measure import Look, measure_site
from tests.seed.pages import BY_NAME, SHOWN
from tests.seed.site import Site

pytestmark = pytest.mark.enable_socket

LOOKS = (
    Look(1440, axe="all"),
    Look(1440, "dark"),
    Look(1024),
    Look(390),
    Look(390, "dark", axe="contrast"),
)


@pytest.fixture(scope="module")
def everything(seeded: Site) -> list[dict[str, Any]]:
    """What was measured of every page, also of those that packages draw."""
    with seeded.served() as url:
        rows = measure_site(seeded, url, SHOWN, LOOKS)
    if rows is None:
        pytest.skip("there is no Chromium on this machine")
    assert len(rows) == len(SHOWN) * len(LOOKS)
    return rows


@pytest.fixture(scope="module")
def measured(everything: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was measured of our own pages."""
    return [row for row in everything if BY_NAME[row["page"]].ours]


def test_each_page_is_the_one_that_is_meant(everything: list[dict[str, Any]]) -> None:
    for row in everything:
        assert row["status"] == BY_NAME[row["page"]].status, row["page"]


def test_no_page_is_wider_than_its_window(measured: list[dict[str, Any]]) -> None:
    wide = [(row["page"], row["width"]) for row in measured if row["overflow"] > 0]
    assert wide == []


def test_every_page_is_accessible(measured: list[dict[str, Any]]) -> None:
    found = [row for row in measured if row["axe"]]
    said = [f"{row['page']} {row['width']} {row['theme']}\n{row['axe']}" for row in found]
    assert said == [], "\n".join(said)


def test_content_stands_beside_the_sidebar_and_at_the_top(measured: list[dict[str, Any]]) -> None:
    rows = [row for row in measured if row["width"] == 1440 and row["side"]]
    assert len(rows) >= 80
    for row in rows:
        assert row["main"]["left"] >= row["side"]["right"] - 1, row["page"]
        assert row["main"]["top"] == 0, row["page"]
        assert row["main"]["width"] > 1000, row["page"]


def test_sidebar_is_away_at_390_px_and_the_heading_near_the_top(
    measured: list[dict[str, Any]],
) -> None:
    for row in (row for row in measured if row["width"] == 390 and row["side"]):
        assert row["side"]["width"] == 0, row["page"]
        assert row["heading"]["top"] < 320, row["page"]


def test_policy_blocks_nothing_and_no_script_fails(everything: list[dict[str, Any]]) -> None:
    assert [(row["page"], row["blocked"]) for row in everything if row["blocked"]] == []


def test_keyboard_focus_is_visible(measured: list[dict[str, Any]]) -> None:
    rings = [(row["page"], row["focus"]) for row in measured if row["focus"]]
    assert len(rings) >= 90
    for name, ring in rings:
        assert ring["tag"] != "BODY", name
        assert ring["kind"] == "solid", (name, ring)
        assert ring["width"] == "2px", (name, ring)


def test_own_font_is_served(measured: list[dict[str, Any]]) -> None:
    assert all(row["font"] for row in measured)


def check_layout(page: Page, width: int, address: str) -> None:
    """The content is beside the sidebar, not below it, and nothing is wider than the window."""
    assert overflow(page) == 0, f"{address} is {overflow(page)} px too wide at {width}"
    main = page.locator("main").bounding_box()
    assert main is not None
    if width > 760:
        side = page.locator("aside, #sidebar, .side").first.bounding_box()
        assert side is not None
        assert main["x"] >= side["x"] + side["width"] - 1, f"{address}: content under the sidebar"
        assert main["y"] < 5, f"{address}: content slid down to {main['y']}"
    else:
        assert main["y"] < 120, f"{address}: content slid down to {main['y']}"
    heading = page.get_by_role("heading", level=1).first.bounding_box()
    assert heading is not None
    assert heading["y"] < 320


def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than the window."""
    return int(
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )
