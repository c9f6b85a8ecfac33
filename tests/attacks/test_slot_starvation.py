"""An account whose model hangs holds up nobody but itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.attacks.site import Account, Site
from tests.attacks.watch import Watch
from tests.faults.processes import wait_until
from tests.faults.provider import Provider
from tests.faults.studio import CANARY

SAMPLES = 200
HANGING_RUNS = 4
STARTS_WITHIN_S = 4.0


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """A site whose accounts may all use servers on this machine."""
    return make_site(PROVIDER_EGRESS_ALLOW="127.0.0.0/8")


@pytest.fixture
def hanging() -> Iterator[Provider]:
    """A provider that does not answer within an hour."""
    provider = Provider(None, CANARY, latency_s=3600.0)
    yield provider
    provider.close()


def took_s(account: Account) -> float:
    """Return how long a run takes from the request to its end."""
    began = time.monotonic()
    run = account.wait_for_end(account.submit(SAMPLES))
    assert run["status"] == "completed", run["error"]
    return time.monotonic() - began


def under_way(account: Account, run_ids: list[str]) -> int:
    return sum(account.run(run_id)["status"] == "running" for run_id in run_ids)


def test_runs_that_hang_do_not_hold_the_workers(
    site: Site, watch: Watch, hanging: Provider
) -> None:
    """Three accounts with four hanging runs each, and honest ones that come after them."""
    honest = [site.account(name) for name in ("ada", "grace", "mary")]
    alone_s = took_s(honest[0])
    hostile = [site.account(f"eve{number}", base_url=hanging.base_url) for number in range(3)]
    runs = {
        eve.name: [eve.submit(100, max_connections=64) for _ in range(HANGING_RUNS)]
        for eve in hostile
    }
    for eve in hostile:
        wait_until(lambda eve=eve: under_way(eve, runs[eve.name]) == 2, "each has its two", 60)  # type: ignore[misc]
    places = [each["queue_position"] for eve in hostile for each in map(eve.run, runs[eve.name])]
    assert sorted(place for place in places if place is not None) == list(range(6))

    for account in honest:
        assert took_s(account) < 1.5 * alone_s + STARTS_WITHIN_S
    assert watch.peak_mb
