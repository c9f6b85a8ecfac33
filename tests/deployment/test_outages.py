"""Database and queue that are gone, and ones that hang, as nginx and monitors see it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import requests

from tests.deployment.site import Client, Site, wait_until

LIMIT_S = 2.0


def _ask(site: Site, path: str) -> tuple[int, dict[str, object], float]:
    began = time.monotonic()
    answer = requests.get(site.url + path, timeout=20)
    return answer.status_code, answer.json(), time.monotonic() - began


def _assert_told(site: Site, part: str) -> None:
    """Health says so with 200 and readiness with 503, each within two seconds, again and again."""
    slowest = 0.0
    for _ in range(4):
        status, health, took_s = _ask(site, "/health")
        assert status == 200
        assert (health["status"], health[part]) == ("degraded", "unreachable")
        slowest = max(slowest, took_s)
        status, ready, took_s = _ask(site, "/ready")
        assert status == 503
        assert ready["checks"][part] == "unreachable"  # type: ignore[index]
        slowest = max(slowest, took_s)
    assert slowest < LIMIT_S, f"{slowest:.1f} s"
    sys.stderr.write(f"\n{part} away: slowest of /health and /ready {slowest:.2f} s\n")


def _assert_recovers(site: Site, within_s: float = 20) -> None:
    took_s = wait_until(
        lambda: site.health().get("status") == "ok" and site.status("/ready") == 200,
        lambda: f"{site.health()}\n{site.logs()}",
        within_s,
    )
    sys.stderr.write(f"well again after {took_s:.1f} s\n")


@contextmanager
def _queue_gone(site: Site) -> Iterator[None]:
    site.end("queue")
    yield
    site.start_queue()


@contextmanager
def _queue_hangs(site: Site) -> Iterator[None]:
    with site.stopped("queue"):
        yield


@contextmanager
def _database(site: Site, mode: str) -> Iterator[None]:
    if site.database_line is None:
        pytest.skip("needs a database server: TEST_DATABASE_URL")
    site.database_line.set(mode)
    try:
        yield
    finally:
        site.database_line.set("open")


@pytest.mark.parametrize("outage", [_queue_gone, _queue_hangs], ids=["gone", "hangs"])
def test_a_queue_that_is_away(
    site: Site, api: Client, model: str, outage: Callable[[Site], object]
) -> None:
    with outage(site):  # type: ignore[attr-defined]
        _assert_told(site, "queue")
        began = time.monotonic()
        assert api.get("/api/v1/runs").status_code == 200  # reading goes on
        refused = api.post(
            "/api/v1/runs", json={"benchmark": "gen_chain_sum", "model": model, "limit": 1}
        )
        assert refused.status_code == 503
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert time.monotonic() - began < 10
    _assert_recovers(site)


@pytest.mark.parametrize("mode", ["closed", "silent"])
def test_a_database_that_is_away(site: Site, api: Client, mode: str) -> None:
    with _database(site, mode):
        _assert_told(site, "database")
        if mode == "closed":
            answer = api.get("/api/v1/runs")
            assert answer.status_code == 503
            assert answer.headers["Content-Type"] == "application/problem+json"
    _assert_recovers(site)


def test_the_site_works_after_all_that(api: Client, model: str, site: Site) -> None:
    body = {"benchmark": "gen_chain_sum", "model": model, "limit": 2}
    answer = api.post("/api/v1/runs", json=body)
    assert answer.status_code == 201, answer.text
    path = f"/api/v1/runs/{answer.json()['run_id']}"
    wait_until(lambda: api.get(path).json()["status"] == "completed", site.logs, 40)
