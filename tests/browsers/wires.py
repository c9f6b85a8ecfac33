"""Firefox and WebKit at the other end of a wire: both take the commands of the W3C's WebDriver.

Debian has no geckodriver, but Firefox itself takes the same commands over a socket (Marionette), so
no package is needed beside the browsers.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import psutil
import requests

from tests.e2e.conftest import free_port

T = TypeVar("T")
START_S = 60.0
ANSWER_S = 120.0
END_S = 10.0
MINI_BROWSERS = "*/webkit2gtk-4.*/MiniBrowser"
PREFERENCES = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "remote.prefs.recommended": True,
    "toolkit.telemetry.enabled": False,
}


class WireError(Exception):
    """The browser could not do what it was told; the text is the browser's."""


class Wire(ABC):
    """A browser for a test.

    Args:
        folder: For its profile and its log.
    """

    NEEDS: ClassVar[tuple[str, ...]]
    """The programs that must be installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._log = folder / "browser.log"
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def open(self) -> None:
        """Start the browser and wait until it takes commands."""

    @abstractmethod
    def command(self, name: str, **values: Any) -> Any:
        """Give a command of WebDriver by its name and return what comes of it.

        Raises:
            WireError: The browser says that it cannot.
        """

    def start(self, *words: str, **environment: str) -> None:
        """Start the browser's program."""
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                words,
                env={**os.environ, **environment},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait_for(self, connect: Callable[[], T]) -> T:
        """Return what ``connect`` does, once somebody listens."""
        give_up_at = time.monotonic() + START_S
        while True:
            try:
                return connect()
            except OSError:  # of requests, too
                assert time.monotonic() < give_up_at, self._log.read_text()
                time.sleep(0.1)

    def close(self) -> None:
        """End the browser and whatever it started."""
        if self._process is None:
            return
        first = psutil.Process(self._process.pid)
        family = [*first.children(recursive=True), first]
        for each in family:
            with suppress(psutil.NoSuchProcess):
                each.terminate()
        _gone, alive = psutil.wait_procs(family, END_S)
        for each in alive:
            each.kill()
        self._process.wait(END_S)


class Firefox(Wire):
    """Debian's Firefox without a window."""

    NEEDS = ("firefox-esr",)

    def open(self) -> None:
        """Start it with a profile of its own, which says where it listens."""
        preferences = {**PREFERENCES, "marionette.port": self.port}
        lines = [f"user_pref({json.dumps(n)}, {json.dumps(v)});" for n, v in preferences.items()]
        (self.folder / "user.js").write_text("\n".join(lines))
        profile = ("--profile", str(self.folder))
        self.start("firefox-esr", "--marionette", "--headless", "--no-remote", *profile)
        address = ("127.0.0.1", self.port)
        self._socket = self.wait_for(lambda: socket.create_connection(address, ANSWER_S))
        self._input = self._socket.makefile("rb")
        self._number = 0
        self._read()  # it says what it is
        self.command("NewSession", capabilities={})

    def command(self, name: str, **values: Any) -> Any:
        """Give a command as ``[0, number, name, values]``, after its length."""
        self._number += 1
        text = json.dumps([0, self._number, f"WebDriver:{name}", values]).encode()
        self._socket.sendall(b"%d:%s" % (len(text), text))
        _kind, _number, error, result = self._read()
        if error:
            raise WireError(f"{name}: {error['error']}: {error['message']}")
        return result.get("value", result)

    def _read(self) -> Any:
        digits = b""
        while (byte := self._input.read(1)) != b":":
            assert byte, self._log.read_text()
            digits += byte
        return json.loads(self._input.read(int(digits)))

    def close(self) -> None:
        """End it and leave the socket."""
        super().close()
        if hasattr(self, "_input"):
            self._input.close()
            self._socket.close()


class WebKit(Wire):
    """WebKitGTK's small browser, in a window that nobody sees."""

    NEEDS = ("WebKitWebDriver", "xvfb-run")
    PATHS: ClassVar[dict[str, tuple[str, str]]] = {
        "Navigate": ("POST", "/url"),
        "GetCurrentURL": ("GET", "/url"),
        "ExecuteScript": ("POST", "/execute/sync"),
        "ElementClick": ("POST", "/element/{id}/click"),
        "ElementSendKeys": ("POST", "/element/{id}/value"),
    }

    def open(self) -> None:
        """Start its driver, which starts it."""
        self._url = f"http://127.0.0.1:{self.port}/session"
        self.start(
            *("xvfb-run", "--auto-servernum", "--server-args=-screen 0 1600x1000x24"),
            *("WebKitWebDriver", f"--port={self.port}", "--host=127.0.0.1"),
            HOME=str(self.folder),
            GDK_BACKEND="x11",
            LIBGL_ALWAYS_SOFTWARE="1",
            WEBKIT_DISABLE_DMABUF_RENDERER="1",
        )
        binary = max(map(str, Path("/usr/lib").glob(MINI_BROWSERS)))
        options = {"binary": binary, "args": ["--automation"]}
        wanted = {"browserName": "MiniBrowser", "webkitgtk:browserOptions": options}
        values = {"capabilities": {"alwaysMatch": wanted}}
        session = self.wait_for(lambda: self._ask("POST", "", values))
        self._url += f"/{session['sessionId']}"

    def command(self, name: str, **values: Any) -> Any:
        """Give a command as a request."""
        method, path = self.PATHS[name]
        return self._ask(method, path.format(**values), values)

    def _ask(self, method: str, path: str, values: dict[str, Any]) -> Any:
        body = json.dumps(values) if method == "POST" else None
        answer = requests.request(method, self._url + path, data=body, timeout=ANSWER_S)
        value = answer.json()["value"]
        if answer.status_code != 200:
            raise WireError(f"{method} {path}: {value['error']}: {value['message']}")
        return value
