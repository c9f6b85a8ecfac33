"""From the empty page to a finished comparison without a mouse, as docs/keyboard.md tells it.

Write the list there anew with ``WRITE_KEYS=1 scripts/test tests/e2e/test_keyboard_alone.py``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PASSWORD, Studio, running_studio
from tests.fakes.model_server import ModelServer

pytestmark = [pytest.mark.enable_socket]

DOCUMENT = Path(__file__).parents[2] / "docs" / "keyboard.md"
LIST = re.compile(r"(?<=<!-- way -->\n).*?(?=<!-- /way -->)", re.DOTALL)
MOST_TABS = 60
FOCUS = """() => {
  const node = document.activeElement;
  const box = node.getBoundingClientRect();
  const style = getComputedStyle(node);
  const said = node.labels?.[0]?.textContent ?? node.getAttribute("aria-label");
  const words = said ?? node.textContent;
  return {
    name: node === document.body ? "" : words.replace(/\\s+/g, " ").trim(),
    isSeen: box.top >= 0 && box.bottom <= innerHeight && box.left >= 0 && box.right <= innerWidth,
    ring: style.outlineStyle === "solid" && parseFloat(style.outlineWidth) >= 2,
  };
}"""


class Keyboard:
    """Nothing but keys, each of which is written down; the focus is always seen."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.steps: list[str] = []

    def section(self, title: str) -> None:
        self.steps.append(f"\n{title}\n")

    def press(self, keys: str, why: str) -> None:
        """Press keys one after the other, once the scripts of the page listen."""
        self._page.wait_for_selector("html[data-started]", state="attached")
        for key in keys.split():
            self._page.keyboard.press(key)
        shown = " ".join(f"`{key}`" for key in keys.split()).replace("Control+k", "Ctrl K")
        self.steps.append(f"- {shown}: {why}")

    def type(self, text: str, shown: str = "") -> None:
        self._page.keyboard.type(text)
        self.steps.append(f"- type {shown or f'“{text}”'}")

    def tab_to(self, name: str) -> None:
        """Press Tab until the element of that name has the focus, unless the page gave it that."""
        self._page.wait_for_selector("html[data-started]", state="attached")
        for pressed in range(MOST_TABS):
            focus = self._page.evaluate(FOCUS)
            assert focus["ring"] or not focus["name"], f"{focus['name']!r} has an unseen focus"
            if re.match(rf"{re.escape(name)}(?:\W|$)", focus["name"]):
                assert focus["isSeen"], f"{name!r} has the focus out of sight"
                if pressed:
                    self.steps.append(f"- `Tab` to *{name}*")
                return
            self._page.keyboard.press("Tab")
        snapshot = self._page.locator("body").aria_snapshot()
        pytest.fail(f"Tab does not lead to {name!r} at {self._page.url}:\n{snapshot}")

    def text(self) -> str:
        return "\n".join(self.steps).strip() + "\n"


@pytest.fixture
def empty_studio(test_data: Path, tmp_path: Path) -> Iterator[Studio]:
    """A studio that nobody has seen yet."""
    with running_studio(tmp_path, test_data) as running:
        yield running


def test_a_comparison_is_reached_from_the_empty_page_without_a_mouse(
    open_page: Callable[..., Page], empty_studio: Studio, model_server: ModelServer
) -> None:
    page = open_page(at=empty_studio)
    page.goto("/")
    keys = Keyboard(page)

    keys.section("**Register**, at the address of the Studio:")
    page.wait_for_url(re.compile("/register"))
    keys.tab_to("Email")
    keys.type("ada@example.org", "your address")
    keys.tab_to("Password")
    keys.type(PASSWORD, "a password")
    keys.press("Enter", "the empty list of runs")
    page.wait_for_url(f"{empty_studio.url}/")

    keys.section("**Connect a model server**:")
    keys.press("g s", "the connections")
    page.wait_for_url(re.compile("/settings/connections$"))
    keys.press("Control+k", "the palette")
    keys.type("add conn")
    keys.press("Enter", "the form of a connection")
    page.wait_for_url(re.compile("/settings/connections/new"))
    keys.tab_to("Name")
    keys.type("lab")
    keys.tab_to("Address")
    keys.type(model_server.base_url, "the server's address, such as `http://127.0.0.1:8001/v1`")
    keys.press("Enter", "saved, and tested at once")
    works = page.locator('[data-connection-row="lab"]')
    expect(works.get_by_text(re.compile("Works: answered in .* 3 models"))).to_be_visible()

    runs = []
    for model, section in (
        ("fake-large", "**Start a run**, and watch it end:"),
        ("fake-small", "**Start another** on the second model, in the same way:"),
    ):
        keys.section(section)
        keys.press("n", "the form of a new run")
        page.wait_for_url(re.compile("/runs/new"))
        keys.press("/", "the search for a benchmark")
        keys.type("chain sums")
        keys.press("Enter", "chosen, and on to the model")
        keys.type(f"lab/{model}")
        keys.press("Enter", "taken, and on to the number of samples")
        keys.type("30")
        keys.tab_to("Start")
        keys.press("Enter", "the page of the run, which renews itself until it is done")
        page.wait_for_url(re.compile("/runs/[0-9a-f-]{36}$"))
        runs.append(page.url.rpartition("/")[2])
        expect(page.locator("[data-run-status]")).to_contain_text("Done", timeout=60_000)
        expect(page.locator("[data-live-run]")).to_have_count(0)

    keys.section("**Compare** the two:")
    keys.press("g r", "the list of runs")
    page.wait_for_url(f"{empty_studio.url}/")
    keys.press("j j x", "down to the first run, and select it as the baseline")
    keys.press("k x", "up to the second, and select it")
    keys.press("c", "the comparison")
    page.wait_for_url(re.compile(f"/compare[?]run_ids={runs[0]},{runs[1]}"))
    expect(page.get_by_role("heading", name="Compare", exact=True)).to_be_visible()
    table = page.get_by_role("region", name="Compared runs")
    expect(table).to_contain_text("fake-large")
    expect(table).to_contain_text("fake-small")
    expect(page.get_by_text("30 common samples")).to_be_visible()

    if os.environ.get("WRITE_KEYS"):
        DOCUMENT.write_text(LIST.sub(lambda _: keys.text(), DOCUMENT.read_text()))
    told = LIST.search(DOCUMENT.read_text())
    assert told is not None
    assert told.group() == keys.text()
