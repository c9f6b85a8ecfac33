"""Open every page of the preview in Chromium and print what was measured, as JSON.

A program of its own, because Playwright's loop and a test runner's plugins do not mix.
Usage: python -m tests.templates.measure_pages [page ...]
"""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from werkzeug.serving import make_server

from tests.templates.preview import build_preview
from tests.templates.preview_pages import pages

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = (1440, 390)
HEIGHT = 900

MEASURE = """() => {
  const box = (selector) => document.querySelector(selector)?.getBoundingClientRect().toJSON();
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


@contextmanager
def serving() -> Iterator[str]:
    """Serve the preview on a free port of the loopback."""
    server = make_server("127.0.0.1", 0, build_preview(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


def measure(browser: Browser, address: str, names: list[str], width: int) -> list[dict[str, Any]]:
    viewport: ViewportSize = {"width": width, "height": HEIGHT}
    context = browser.new_context(viewport=viewport, reduced_motion="reduce")
    page = context.new_page()
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(f"error: {error}"))
    found = []
    for name in names:
        messages.clear()
        page.goto(f"{address}/preview/{name}", wait_until="load")
        row = page.evaluate(MEASURE)
        row.update(page=name, width=width, focus=focus_ring(page))
        row["blocked"] = [text for text in messages if is_fault(text)]
        found.append(row)
    context.close()
    return found


def focus_ring(page: Page) -> dict[str, str]:
    """Return the outline of the second thing that the Tab key reaches."""
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    ring: dict[str, str] = page.evaluate(FOCUS)
    return ring


def is_fault(text: str) -> bool:
    return "Content Security Policy" in text or "Trusted" in text or text.startswith("error:")


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.stdout.write("null")
        return
    with serving() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        names = sys.argv[1:] or sorted(pages())
        rows = [row for width in WIDTHS for row in measure(browser, address, names, width)]
        browser.close()
    json.dump(rows, sys.stdout)


if __name__ == "__main__":
    main()
