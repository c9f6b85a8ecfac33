"""An honest account of the soak: starts runs, looks at pages, and is told by webhook."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field

import requests

from tests.app_fixtures import PASSWORD
from tests.attacks.site import Account
from tests.deployment.site import Client

SAMPLES = 200
CONNECTIONS = 4


@dataclass
class Record:
    """What honest accounts met, from all their threads.

    Attributes:
        run_s: Seconds from the request of each run to its end.
        ended_at: When each run was seen to have ended, by its id (monotonic seconds).
        page_s: Seconds that each page took, by its kind.
        faults: What must not happen, in words.
    """

    run_s: list[float] = field(default_factory=list)
    ended_at: dict[str, float] = field(default_factory=dict)
    page_s: dict[str, list[float]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def run_once(account: Account, record: Record) -> str:
    """Start a run and follow it to its end; returns its id."""
    began = time.monotonic()
    run_id = account.submit(SAMPLES, max_connections=CONNECTIONS)
    run = account.wait_for_end(run_id, 600)
    record.run_s.append(time.monotonic() - began)
    record.ended_at[run_id] = time.monotonic()
    if run["status"] != "completed" or run["counts"]["error"]:
        record.faults.append(f"{account.name}: run {run['status']}, {run['counts']}")
    return run_id


class Visitor:
    """An honest account with a browser, as two threads."""

    def __init__(self, account: Account, number: int, every_s: float, record: Record) -> None:
        self._account = account
        self._record = record
        self._first_s = every_s * number
        self._rng = random.Random(number)  # noqa: S311 - reproducible, no secret
        self._over = threading.Event()
        self._every_s = every_s * 15
        # An address of its own: sign-ins are counted by address.
        self._browser = Client(account.site.url, account.site.folder, f"127.0.1.{number + 1}")
        self._runs: list[str] = []
        self._threads = [
            threading.Thread(target=self._guarded, args=(self._start_runs,)),
            threading.Thread(target=self._guarded, args=(self._look_at_pages,)),
        ]

    def start(self) -> None:
        """Sign in, then work and look until told to stop."""
        entered = self._browser.submit(
            "/login", email=f"{self._account.name}@example.org", password=PASSWORD
        )
        assert entered.status_code == 303, entered.text[:500]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Start nothing more; returns when all has ended."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _guarded(self, work: object) -> None:
        try:
            work()  # type: ignore[operator]
        except (AssertionError, requests.RequestException) as error:
            self._record.faults.append(f"{self._account.name}: {error!r}"[:300])

    def _start_runs(self) -> None:
        self._over.wait(self._first_s)
        while not self._over.is_set():
            began = time.monotonic()
            self._runs.append(run_once(self._account, self._record))
            self._over.wait(max(0.0, self._every_s - (time.monotonic() - began)))

    def _look_at_pages(self) -> None:
        while not self._over.is_set():
            self._over.wait(1 + 2 * self._rng.random())
            kind, path = self._rng.choice(self._pages())
            began = time.monotonic()
            answer = self._browser.get(path)
            self._record.page_s.setdefault(kind, []).append(time.monotonic() - began)
            if answer.status_code != 200:
                self._record.faults.append(f"{path}: {answer.status_code}")

    def _pages(self) -> list[tuple[str, str]]:
        pages = [
            ("runs", "/"),
            ("new run", "/runs/new"),
            ("benchmarks", "/benchmarks"),
            ("connections", "/settings/connections"),
            ("webhooks", "/settings/webhooks"),
        ]
        if self._runs:
            run_id = self._runs[-1]
            pages += [("run", f"/runs/{run_id}"), ("samples", f"/runs/{run_id}/samples")]
        if len(self._runs) > 1:
            pages.append(("comparison", f"/compare?run_ids={self._runs[-1]},{self._runs[-2]}"))
        return pages
