"""The studio of ``tests/e2e``, in Firefox and in WebKit. Run it with ``scripts/browsers``."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.browsers.tab import Tab
from tests.browsers.wires import Firefox, WebKit, Wire
from tests.e2e.conftest import PASSWORD, Studio, model_server, studio

__all__ = ["model_server", "studio"]

EMAIL = "ada@example.org"
BROWSERS: dict[str, type[Wire]] = {"firefox": Firefox, "webkit": WebKit}


@pytest.fixture(scope="session")
def account(studio: Studio) -> str:
    """The address of the first account, which administers."""
    with requests.Session() as browser:
        page = browser.get(f"{studio.url}/register", timeout=30).text
        token = re.search(r'name="csrf-token" content="([^"]+)"', page)
        assert token is not None
        form = {"email": EMAIL, "password": PASSWORD, "csrf_token": token[1]}
        assert browser.post(f"{studio.url}/register", data=form, timeout=30).url == f"{studio.url}/"
    return EMAIL


@pytest.fixture(params=BROWSERS)
def tab(request: pytest.FixtureRequest, studio: Studio, tmp_path: Path) -> Iterator[Tab]:
    """A tab of a browser that knows nobody yet; skipped where the browser is not installed."""
    kind = BROWSERS[request.param]
    missing = [name for name in kind.NEEDS if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    wire = kind(tmp_path)
    try:
        wire.open()
        yield Tab(wire, studio.url)
    finally:
        wire.close()
