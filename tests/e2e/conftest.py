"""A running studio, a model server and a real browser.

Every page is watched: a violated content security policy, an error in a script or a request
to another host fails the test that caused it.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Response,
    expect,
    sync_playwright,
)

from app.config import Settings
from tests.fakes.model_server import ModelServer
from tests.queue_fixtures import forget_attempts
from tests.seed.measure import STARTED

ROOT = Path(__file__).parent.parent.parent
PASSWORD = "correct horse battery staple"
CHROMIUM_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
START_S = 60
expect.set_options(timeout=20_000)  # a busy machine takes seconds to load a page's scripts


@dataclass(frozen=True)
class Studio:
    """A running studio.

    Attributes:
        url: Where it listens.
        settings: Its own.
        log: What its programs say.
        model_server_port: The one port at which it looks for model servers.
    """

    url: str
    settings: Settings
    log: Path
    model_server_port: int


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def studio(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """The studio that most tests share."""
    with running_studio(tmp_path_factory.mktemp("studio"), test_data) as running:
        yield running


@contextmanager
def running_studio(folder: Path, test_data: Path) -> Iterator[Studio]:
    """Run the whole product as ``scripts/start`` does, with the local mirror of datasets."""
    port, model_server_port, log = free_port(), free_port(), folder / "studio.log"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("COV")},
        "PORT": str(port),
        "DATA_DIR": str(folder / "data"),
        "DATASETS_DIR": str(test_data / "datasets"),
        "OFFLINE": "true",
        "WORKERS": "2",
        "WEB_PROCESSES": "1",
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "PYTHONPATH": str(ROOT),
    }
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.start_studio", str(model_server_port)],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(url, process, log)
        settings = Settings(_env_file=None, data_dir=folder / "data")  # type: ignore[call-arg]
        yield Studio(url, settings, log, model_server_port)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up_at = time.monotonic() + START_S
    while time.monotonic() < give_up_at:
        assert process.poll() is None, log.read_text()
        try:
            if requests.get(f"{url}/ready", timeout=2).status_code == 200:  # noqa: TID251
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    pytest.fail(f"the studio did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_OPTIONS))
        yield browser
        browser.close()


@pytest.fixture
def open_page(
    chromium: Browser, studio: Studio, signed_in_state: str
) -> Iterator[Callable[..., Page]]:
    """Opens pages in a browser of their own: ``open_page(width=390, theme="dark")``.

    ``signed_in_state`` comes first whatever the order of tests, so that its account administers.
    """
    forget_attempts(studio.settings)
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def make(
        *,
        width: int = 1440,
        theme: str = "light",
        state: str | None = None,
        scripts: bool = True,
        touch: bool = False,
        at: Studio = studio,
    ) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
            base_url=at.url,
            storage_state=state,
            java_script_enabled=scripts,
            has_touch=touch,
            is_mobile=touch,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        if scripts:
            wait_for_scripts(page)
        page.on("pageerror", lambda error: complaints.append(f"script error: {error}"))
        page.on("console", lambda message: _note(complaints, message.type, message.text))
        page.on("request", lambda request: _note_foreign(complaints, request.url, at.url))
        return page

    yield make
    for context in contexts:
        context.close()
    assert not complaints, "\n".join(complaints)


def wait_for_scripts(page: Page) -> None:
    """Let ``page.goto`` return when the page's scripts have started: tests type at once."""
    visit = page.goto

    def goto(url: str, **how: Any) -> Response | None:
        answer = visit(url, **how)
        page.wait_for_selector(STARTED, state="attached")
        return answer

    page.goto = goto  # type: ignore[method-assign]


def _note(complaints: list[str], kind: str, text: str) -> None:
    if kind == "error" and ("Content Security Policy" in text or "Trusted" in text):
        complaints.append(text)


def _note_foreign(complaints: list[str], url: str, own: str) -> None:
    if not url.startswith((own, "data:", "about:", "blob:")):
        complaints.append(f"request to another host: {url}")


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    """An OpenAI-compatible server that gets every third answer wrong."""

    def answer(call: object) -> str:
        number = getattr(call, "number", 0)
        return "I add it up.\n\nANSWER: 18" if number % 3 else "I am not sure.\n\nANSWER: 7"

    with ModelServer(latency_s=0.15, answer=answer) as server:
        yield server


@pytest.fixture(scope="session")
def signed_in_state(
    chromium: Browser, studio: Studio, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """Cookies of the first account, which is the administrator's."""
    path = tmp_path_factory.mktemp("browser") / "state.json"
    context = chromium.new_context(base_url=studio.url)
    page = context.new_page()
    page.goto("/register")
    page.get_by_label("Email").fill("ada@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create").click()
    page.wait_for_url(f"{studio.url}/")
    context.storage_state(path=path)
    context.close()
    return str(path)
