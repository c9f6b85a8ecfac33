"""One account downloads a large run many times at once, and reads none of it."""

from __future__ import annotations

from contextlib import ExitStack

import requests

from tests.attacks.site import Site
from tests.attacks.watch import Watch
from tests.faults.processes import wait_until
from tests.faults.provider import Provider

DOWNLOADS = 16
MOST = 2 * 3  # three of each web process


def test_downloads_that_nobody_reads_take_no_more_than_a_share(
    site: Site, watch: Watch, provider: Provider
) -> None:
    provider.control(answer="x" * 1_000_000)
    hostile, honest = site.account("hostile"), site.account("honest")
    run_id = hostile.submit(40, max_connections=8)
    hostile.wait_for_end(run_id)
    address = f"{site.url}/api/v1/runs/{run_id}/export?format=jsonl"
    headers = {"Authorization": f"Bearer {hostile.token}"}
    with ExitStack() as stack:
        statuses = [
            stack.enter_context(
                requests.get(address, headers=headers, stream=True, timeout=60)
            ).status_code
            for _ in range(DOWNLOADS)
        ]
        assert set(statuses) == {200, 429}
        assert statuses.count(200) <= MOST
        assert honest.http("GET", "/api/v1/runs").status_code == 200
    wait_until(
        lambda: requests.get(address, headers=headers, timeout=60).status_code == 200,
        "its places are free again, since its clients have gone",
    )
