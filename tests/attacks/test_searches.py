"""Searches that compare as much as a database can be made to compare, all through long texts."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import requests

from tests.attacks.site import Site
from tests.attacks.watch import Watch
from tests.fakes.model_server import Answer, ModelServer

NEARLY = "a" * 199 + "b"
"""At each place of a text of ``a``, as much of it is read as there is."""
SAMPLES = 80
LONGEST_S = 45.0
"""A wait for one's turn, and the search: what a client is told by then at the latest."""


@pytest.fixture
def wordy() -> Iterator[ModelServer]:
    """A provider whose every answer has a megabyte."""
    with ModelServer(answer=lambda call: Answer("a" * 1_000_000)) as server:
        yield server


def test_a_search_ends_and_others_read_meanwhile(
    site: Site, wordy: ModelServer, watch: Watch
) -> None:
    eve, bob = site.account("eve", base_url=wordy.base_url), site.account("bob")
    run_id = eve.submit(SAMPLES)
    assert eve.wait_for_end(run_id)["status"] == "completed"
    answers: list[tuple[int, float]] = []
    pages: list[float] = []

    def search(way: str) -> None:
        began = time.monotonic()
        path = f"/api/v1/runs/{run_id}/samples?limit=1&{way}"
        status = eve.http("GET", path, timeout_s=120).status_code
        answers.append((status, time.monotonic() - began))

    ways = [f"q={NEARLY}", f"q={quote('a' * 198 + 'ö')}", "sort=length", f"q={'a' * 15}b"]
    threads = [threading.Thread(target=search, args=(way,)) for way in ways * 5]
    for thread in threads:
        thread.start()
    with requests.Session() as session:
        while any(thread.is_alive() for thread in threads):
            began = time.monotonic()
            found = session.get(
                f"{site.url}/api/v1/runs",
                headers={"Authorization": f"Bearer {bob.token}"},
                timeout=60,
            )
            assert found.status_code == 200
            pages.append(time.monotonic() - began)
            time.sleep(0.1)
    assert len(answers) == len(threads)
    assert {status for status, _ in answers} <= {200, 422, 429, 503}
    assert any(status == 200 for status, _ in answers)
    assert max(taken for _, taken in answers) < LONGEST_S
    assert max(pages) < 5
