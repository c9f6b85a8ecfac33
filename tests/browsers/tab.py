"""What a person does in a tab, in whichever browser; each step waits until it can be done."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.browsers.wires import Wire, WireError
from tests.seed.measure import STARTED

PATIENCE_S = 60.0
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # what WebDriver calls a reference to one
FIND = """const [selector, text] = arguments;
return [...document.querySelectorAll(selector)].find((node) =>
  node.getClientRects().length > 0 && (node.innerText || "").includes(text)) ?? null;"""


class Tab:
    """The tab of a browser.

    Args:
        wire: To the browser.
        url: Where addresses of the studio begin.
    """

    def __init__(self, wire: Wire, url: str) -> None:
        self._wire = wire
        self._url = url

    def go(self, path: str) -> None:
        """Open an address of the studio, and wait for its scripts."""
        self._wire.command("Navigate", url=path if path.startswith("http") else self._url + path)
        self.see(STARTED, is_shown=False)

    def path(self) -> str:
        """Return the address of the page, without the studio's."""
        return str(self._wire.command("GetCurrentURL")).removeprefix(self._url)

    def run(self, script: str, *values: Any) -> Any:
        """Return what a script returns."""
        return self._wire.command("ExecuteScript", script=script, args=list(values))

    def see(self, selector: str, text: str = "", *, is_shown: bool = True) -> dict[str, str]:
        """Wait for an element that shows ``text`` and return a reference to it."""
        found: dict[str, str] | None = None

        def look() -> bool:
            nonlocal found
            script = FIND if is_shown else "return document.querySelector(arguments[0])"
            found = self.run(script, selector, text)
            return found is not None

        self.wait(look, f"no {selector} with “{text}”")
        assert found is not None
        return found

    def text(self, selector: str) -> str:
        """Return the text of the first such element."""
        return str(self.run("return arguments[0].innerText", self.see(selector)))

    def click(self, selector: str, text: str = "") -> None:
        """Click on an element with the mouse."""
        self._try(lambda: self._wire.command("ElementClick", id=self._id(selector, text)))

    def type(self, selector: str, words: str) -> None:
        """Replace what a field holds by typing."""
        self.run("arguments[0].value = ''", self.see(selector))
        self.press(selector, words)

    def press(self, selector: str, keys: str) -> None:
        """Press keys while an element has the focus."""

        def send() -> None:
            self._wire.command("ElementSendKeys", id=self._id(selector), text=keys)

        self._try(send)

    def wait(self, is_so: Callable[[], bool], what: str) -> None:
        """Wait until something is so; the page may change in between."""
        give_up_at = time.monotonic() + PATIENCE_S
        while True:
            try:
                if is_so():
                    return
            except WireError as error:  # the page was just leaving
                what = f"{what} ({error})"[:400]
            if time.monotonic() > give_up_at:
                shown = self.run("return document.body.innerText")
                raise AssertionError(f"{what}, at {self.path()}:\n{shown}")
            time.sleep(0.1)

    def _id(self, selector: str, text: str = "") -> str:
        return self.see(selector, text)[ELEMENT]

    def _try(self, do: Callable[[], Any]) -> None:
        """Do something, again where what was found has gone or something lay over it."""
        give_up_at = time.monotonic() + PATIENCE_S
        while True:
            try:
                do()
            except WireError:
                if time.monotonic() > give_up_at:
                    raise
                time.sleep(0.2)
            else:
                return
