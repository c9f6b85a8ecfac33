"""Accounts whose receivers hang must not delay the webhooks of the others."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from tests.attacks.silence import silent_servers
from tests.attacks.site import Account, Site
from tests.attacks.watch import Watch
from tests.faults.processes import wait_until
from tests.run_fixtures import Receiver

PROMISED_S = 30.0
ENDPOINTS = 20


def deliver_one(account: Account, receiver: Receiver) -> float:
    """Have a run end, and return how long its webhook took from then."""
    run_id = account.submit(2)
    account.wait_for_end(run_id)
    wait_until(
        lambda: any(run_id.encode() in each.body for each in receiver.received),
        "the honest webhook",
        5 * PROMISED_S,
        tell=account.site.story,
    )
    (message,) = [each for each in receiver.received if run_id.encode() in each.body]
    finished_at = account.run(run_id)["finished_at"]
    assert finished_at
    return message.at_s - time.monotonic() + seconds_since(finished_at)


def seconds_since(moment: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()


def test_hanging_receivers_of_five_accounts_delay_nobody_else(
    site: Site, receiver: Receiver, watch: Watch
) -> None:
    """A hundred endpoints that hang, each with deliveries waiting, before and while others' come.

    Two workers used to wait 15 s for each of them, first in, first out: seven minutes for the
    twenty endpoints of one account alone.
    """
    honest = site.account("honest")
    honest.add_webhook(receiver.url)
    hostile = [site.account(f"hostile{n}") for n in range(5)]
    with silent_servers(ENDPOINTS) as addresses:
        for account in hostile:
            for address in addresses:
                account.add_webhook(f"{address}/hook")
            account.wait_for_end(account.submit(1))
        took = []
        for _ in range(3):
            for account in hostile:
                account.submit(1)
            took.append(deliver_one(honest, receiver))
        assert max(took) < PROMISED_S, took
    for account in hostile:
        pending = account.http("GET", "/api/v1/webhooks").json()
        assert pending["total"] == ENDPOINTS
    assert site.program.process.poll() is None


def test_redelivering_is_limited(site: Site, receiver: Receiver, watch: Watch) -> None:
    """A receiver of somebody's must not be flooded by pressing Redeliver, by page or by API."""
    account = site.account("hostile")
    hook_id = account.add_webhook(receiver.url)
    deliver_one(account, receiver)
    (delivery,) = account.http("GET", f"/api/v1/webhooks/{hook_id}/deliveries").json()["items"]
    answers = [
        account.http("POST", f"/api/v1/deliveries/{delivery['id']}/redeliver").status_code
        for _ in range(30)
    ]
    assert answers.count(202) <= 20  # ten a minute, and a minute may end meanwhile
    assert answers.count(429) == 30 - answers.count(202)
