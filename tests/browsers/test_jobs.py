"""The jobs of the product, one after the other as one person does them, in other browsers."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from tests.browsers.tab import Tab
from tests.e2e.conftest import PASSWORD
from tests.fakes.model_server import ModelServer

pytestmark = [pytest.mark.enable_socket]

RUN = re.compile(r"/runs/[0-9a-f-]{36}")
SAMPLES = 24
DONE = '[data-live="done"]'
START = "main button[type=submit]"


def test_sign_in_start_watch_read_compare_and_share(
    tab: Tab, account: str, model_server: ModelServer
) -> None:
    sign_in(tab, account)
    connection = connect(tab, model_server)
    first = start_run(tab, f"{connection}/fake-large")
    watch(tab)
    read(tab)
    second = start_run(tab, f"{connection}/fake-small")
    watch(tab)
    compare(tab, first, second)
    link = share(tab)
    sign_out(tab)
    read_as_a_stranger(tab, link, "fake-small", first)


def sign_in(tab: Tab, account: str) -> None:
    """With a wrong password first; the page that was asked for comes after."""
    tab.go("/runs/new")
    tab.see("h1", "Sign in")
    tab.type("[name=email]", account)
    tab.type("[name=password]", "not this one")
    tab.click(START)
    tab.see("main", "The email address or the password is wrong.")
    tab.type("[name=password]", PASSWORD)
    tab.click(START)
    tab.see("h1", "New run")


def connect(tab: Tab, server: ModelServer) -> str:
    """Make a connection to the server and test it."""
    name = f"server-{urlsplit(server.base_url).port}"
    tab.go("/settings/connections/new")
    tab.type("[name=name]", name)
    tab.run("arguments[0].value = 'openai_compatible'", tab.see("[name=kind]"))
    tab.type("[name=base_url]", server.base_url)
    tab.click(START, "Save")
    row = f"[data-connection-row='{name}']"
    tab.click(f"{row} button", "Test")
    tab.see(row, "Works: answered in")
    return name


def start_run(tab: Tab, model: str) -> str:
    """Choose benchmark and model by typing, and return the address of the run."""
    tab.go("/runs/new")
    tab.type("[data-benchmark-picker] input[type=search]", "gsm8k")
    tab.click('label.bench[data-benchmark="gsm8k"]')
    tab.type("[name=model]", model)
    tab.type("[name=limit]", str(SAMPLES))
    tab.see("[data-estimate-calls]", str(SAMPLES))
    tab.click("main summary", "Advanced")
    tab.type("[name=max_connections]", "2")
    tab.see(START, f"Start: GSM8K, {SAMPLES} samples on {model}")
    tab.click(START, "Start")
    tab.wait(lambda: RUN.fullmatch(tab.path()) is not None, "no page of a run")
    return tab.path()


def watch(tab: Tab) -> None:
    """See the numbers move while the page stays, and the end come by itself."""
    tab.run("window.isSame = true")
    seen: set[str] = set()

    def moves() -> bool:
        seen.add(tab.text(DONE))
        return len(seen) > 2

    tab.wait(moves, "the count does not move")
    tab.see("[data-run-status]", "Done")
    tab.see(DONE, str(SAMPLES))
    tab.see('[data-live="interval"]', "95% interval")
    assert tab.run("return window.isSame") is True


def read(tab: Tab) -> None:
    """Open a wrong answer, go on with a key, mark it for review, and go back to the list."""
    tab.click("main a", "All samples")
    tab.click("nav[aria-label='Filter by outcome'] a", "Wrong")
    tab.click("a.sample-link")
    tab.see(".head .pill", "Wrong")
    first = tab.path()
    tab.press("body", "j")
    tab.wait(lambda: tab.path() != first, "j does not go on")
    tab.see("main", "2 of ")
    tab.see(".head .pill", "Wrong")
    tab.press("body", "k")
    tab.wait(lambda: tab.path() == first, "k does not go back")


def compare(tab: Tab, *runs: str) -> None:
    """Tick both runs in the picker; the first is the baseline."""
    tab.go("/compare")
    for run in runs:
        tab.click(f'[data-compare-pick][value="{run.rpartition("/")[2]}"]')
    tab.click("button", "Compare 2 runs")
    tab.see("h1", "Compare")
    tab.see("main", f"{SAMPLES} ")


def share(tab: Tab) -> str:
    """Make a link to the comparison that is shown."""
    tab.click("main a", "Share")
    tab.click(START, "Make link")
    return str(tab.run("return arguments[0].dataset.copy", tab.see("[data-copy*='/s/']")))


def sign_out(tab: Tab) -> None:
    """End the session."""
    tab.click("[aria-label='Sign out']")
    tab.see("h1", "Sign in")


def read_as_a_stranger(tab: Tab, link: str, model: str, run: str) -> None:
    """Open the link without an account; the run itself stays closed."""
    tab.go(link)
    tab.see("h1", "Comparison on GSM8K")
    tab.see("main", model)
    tab.go(run)
    tab.see("h1", "Sign in")
