"""Open pages of the seeded site in Chromium and print what was measured, as JSON.

A program of its own, because Playwright's loop and a test runner's plugins do not mix. It reads
from standard input what to do (``Task``), and prints ``null`` without Chromium.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from tests.seed.pages import BY_NAME
from tests.seed.pages import Page as SeededPage
from tests.seed.site import Site

ROOT = Path(__file__).resolve().parents[2]
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HEIGHT = 900
STARTED = "html[data-started], html:not(:has(script[type=module]))"
"""Where scripts have started, or none are meant to."""
PATIENCE_S = 3600
WIDE_PX = 1000
WIDE_SCALE, NARROW_SCALE, QUALITY = 0.55, 0.75, 28
"""Of small pictures: what is readable in a document's column and does not bloat the repository."""

MEASURE = """() => {
  // On the page, not in the window: where a field is wrong, the page was scrolled to it.
  const box = (selector) => {
    const found = document.querySelector(selector)?.getBoundingClientRect();
    return found && { ...found.toJSON(), top: found.top + scrollY };
  };
  const root = document.documentElement;
  return {
    overflow: root.scrollWidth - root.clientWidth,
    main: box("main"),
    side: box(".side"),
    heading: box("h1"),
    font: document.fonts.check("14px Geist"),
  };
}"""

FOCUS = """() => {
  const node = document.activeElement;
  const style = getComputedStyle(node);
  return { tag: node.tagName, width: style.outlineWidth, kind: style.outlineStyle };
}"""


@dataclass(frozen=True, slots=True)
class Look:
    """A window: its width in pixels, the theme, and which rules of accessibility are checked in it.

    All of them (``"all"``), or contrast, which alone depends on the theme (``"contrast"``): a check
    of all takes as long as several pages.
    """

    width: int
    theme: str = "light"
    axe: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """What to measure.

    Attributes:
        url: Where the site is served.
        cookies: Session cookies by account.
        paths: Addresses by page, in order.
        forms: What is posted, by page.
        looks: The windows in which each page is looked at.
        pictures: A folder for a picture of every look; empty: none.
        small: Pictures are of the first window only, reduced, as WebP.
    """

    url: str
    cookies: Mapping[str, str]
    paths: Mapping[str, str]
    forms: Mapping[str, Mapping[str, Any] | None]
    looks: Sequence[Look]
    pictures: str = ""
    small: bool = False


def measure_site(
    site: Site,
    url: str,
    pages: Sequence[SeededPage],
    looks: Sequence[Look],
    pictures: str = "",
    *,
    small: bool = False,
) -> list[dict[str, Any]] | None:
    """Measure pages of the served site; ``None`` without Chromium."""
    task = Task(
        url,
        {who: site.cookie(who) for who in site.accounts},
        {page.name: site.path(page.path) for page in pages},
        {page.name: site.form(page) for page in pages},
        looks,
        pictures,
        small,
    )
    done = subprocess.run(
        [sys.executable, "-m", "tests.seed.measure"],
        cwd=ROOT,
        input=json.dumps(asdict(task)),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] | None = json.loads(done.stdout)
    return rows


class Visitor:
    """One account's browser."""

    def __init__(self, browser: Browser, task: Task, who: str | None) -> None:
        self._task = task
        self._context = self._open(browser, who)
        self._page = self._context.new_page()
        self._page.set_default_timeout(60_000)
        self._messages: list[str] = []
        self._page.on("console", lambda message: self._messages.append(message.text))
        self._page.on("pageerror", lambda error: self._messages.append(f"error: {error}"))
        self._page.goto(f"{task.url}/login")
        token = self._page.locator('meta[name="csrf-token"]').get_attribute("content")
        self._csrf_token = token or ""

    def _open(self, browser: Browser, who: str | None) -> BrowserContext:
        context = browser.new_context(reduced_motion="reduce", base_url=self._task.url)
        if who is not None:
            value = self._task.cookies[who]
            context.add_cookies([{"name": "studio_session", "value": value, "url": self._task.url}])
        return context

    def close(self) -> None:
        """Close the browser."""
        self._context.close()

    def measure(self, wanted: SeededPage) -> list[dict[str, Any]]:
        """Open a page once and measure it in every look."""
        self._messages.clear()
        page, rows, status = self._page, [], 0
        for number, look in enumerate(self._task.looks):
            page.set_viewport_size({"width": look.width, "height": HEIGHT})
            page.emulate_media(color_scheme="dark" if look.theme == "dark" else "light")
            if number == 0:  # the others are other windows of the same page
                status = self._visit(wanted)
            row = page.evaluate(MEASURE)
            row.update(page=wanted.name, width=look.width, theme=look.theme, status=status)
            row["focus"] = _focus_ring(page) if number == 0 else None
            row["axe"] = _violations(page, look.axe) if look.axe else None
            self._draw(f"{wanted.name}-{look.width}-{look.theme}")
            rows.append(row)
        for row in rows:
            row["blocked"] = [text for text in self._messages if _is_fault(text)]
        return rows

    def _visit(self, wanted: SeededPage) -> int:
        url = self._task.url + self._task.paths[wanted.name]
        status = 0
        for _ in range(wanted.tries):
            if wanted.form is not None:
                self._page.route(url, lambda route: self._post(route, wanted), times=1)
            answer = self._page.goto(url, wait_until="load")
            status = answer.status if answer else 0
            if status == wanted.status:
                break
        self._page.wait_for_selector(STARTED, state="attached")
        return status

    def _post(self, route: Route, wanted: SeededPage) -> None:
        form = {**(self._task.forms[wanted.name] or {}), "csrf_token": self._csrf_token}
        headers = {
            **route.request.headers,
            "content-type": "application/x-www-form-urlencoded",
        }
        route.continue_(method="POST", headers=headers, post_data=urlencode(form, doseq=True))

    def _draw(self, name: str) -> None:
        if not self._task.pictures:
            return
        self._page.evaluate("document.activeElement?.blur()")  # the ring was measured
        path = Path(self._task.pictures) / name
        if self._task.small:
            path.with_suffix(".webp").write_bytes(self._small_picture())
        else:
            self._page.screenshot(path=path.with_suffix(".png"), full_page=True)

    def _small_picture(self) -> bytes:
        size = self._page.viewport_size
        assert size is not None
        scale = WIDE_SCALE if size["width"] > WIDE_PX else NARROW_SCALE
        clip = {"x": 0, "y": 0, **size, "scale": scale}
        browser = self._page.context.new_cdp_session(self._page)  # Playwright writes no WebP
        self._page.evaluate("window.scrollTo(0, 0)")
        drawn = browser.send(
            "Page.captureScreenshot", {"format": "webp", "quality": QUALITY, "clip": clip}
        )
        browser.detach()
        return base64.b64decode(drawn["data"])


def _focus_ring(page: Page) -> dict[str, str]:
    """Return the outline of what two presses of the Tab key reach."""
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    ring: dict[str, str] = page.evaluate(FOCUS)
    if ring["tag"] == "BODY":  # the field that was wrong had the focus, and is the last
        page.keyboard.press("Tab")
        ring = page.evaluate(FOCUS)
    return ring


def _violations(page: Page, rules: str) -> str:
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules == "contrast":
        options["runOnly"] = ["color-contrast"]
    result = Axe().run(page, options=options)
    return str(result.generate_report()) if result.violations_count else ""


def _is_fault(text: str) -> bool:
    return "Content Security Policy" in text or "Trusted" in text or text.startswith("error:")


def run(task: Task, chromium: str) -> list[dict[str, Any]]:
    """Do a task; the pages of an account share a browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        visitors: dict[str | None, Visitor] = {}
        rows = []
        for name in task.paths:
            wanted = BY_NAME[name]
            if wanted.who not in visitors:
                visitors[wanted.who] = Visitor(browser, task, wanted.who)
            rows += visitors[wanted.who].measure(wanted)
        for visitor in visitors.values():
            visitor.close()
        browser.close()
    return rows


def main() -> None:
    """Read a task, print rows."""
    given = json.load(sys.stdin)
    given["looks"] = [Look(**look) for look in given["looks"]]
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    json.dump(run(Task(**given), chromium) if chromium else None, sys.stdout)


if __name__ == "__main__":
    main()
