"""One account's live views and large samples must leave live updates to the others."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import requests

from app.broker import live
from app.engine.own.mapping import MAX_TARGET_CHARS, MAX_TARGETS
from tests.attacks.site import ELSEWHERE, Account, Site
from tests.attacks.watch import Watch
from tests.faults.provider import Provider

VIEWS = 200
MEGABYTE = 1_000_000


@contextmanager
def views(account: Account, run_id: str, number: int) -> Iterator[None]:
    """Open so many live views that nobody reads."""
    request = (
        f"GET /api/v1/runs/{run_id}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {account.token}\r\n\r\n"
    )
    with ExitStack() as stack:
        for _ in range(number):
            view = stack.enter_context(socket.socket())
            view.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            view.settimeout(10)
            view.bind((ELSEWHERE, 0))
            view.connect(("127.0.0.1", account.site.port))
            view.sendall(request.encode())
        time.sleep(2)
        yield


def first_event(account: Account, run_id: str) -> str:
    """Open a live view and return the first line of an event."""
    with requests.get(
        f"{account.site.url}/api/v1/runs/{run_id}/events",
        headers={"Authorization": f"Bearer {account.token}"},
        stream=True,
        timeout=30,
    ) as answer:
        assert answer.status_code == 200, answer.text
        for line in answer.iter_lines(decode_unicode=True):
            if line.startswith("event:"):
                return str(line)
    return ""


def test_a_flood_of_views_leaves_others_theirs(
    site: Site, provider: Provider, watch: Watch
) -> None:
    """Two hundred views of one account, where 64 places are; they used to turn all others away."""
    provider.control(latency_s=0.5)
    hostile, honest = site.account("hostile"), site.account("honest")
    bait = hostile.submit(1000, max_connections=1)
    with views(hostile, bait, VIEWS):
        run_id = honest.submit(60, max_connections=1)
        for _ in range(8):  # whichever process of the web server takes it
            assert first_event(honest, run_id)
        assert honest.http("GET", "/api/v1/runs").status_code == 200
    for account, each in ((hostile, bait), (honest, run_id)):
        account.http("POST", f"/api/v1/runs/{each}/cancel")
        account.wait_for_end(each)


@pytest.mark.bounds(memory_mb=450)  # 365 to 401 measured: three runs of 20 MB at once
def test_samples_of_a_megabyte_do_not_fill_the_queue_server(site: Site, watch: Watch) -> None:
    """Targets as long as an upload may have them, of which every live event used to carry one."""
    hostile = site.account("hostile")
    targets = ["x" * MAX_TARGET_CHARS] * MAX_TARGETS
    question = "why " * 25_000
    rows = b"".join(
        json.dumps({"q": f"What is {n}? {question}", "a": targets}).encode() + b"\n"
        for n in range(20)
    )
    made = hostile.http(
        "POST",
        "/api/v1/benchmarks/own",
        data={"name": "huge", "scorer": "exact/text", "question": "q", "target": "a"},
        files={"file": ("rows.jsonl", rows)},
        timeout_s=120,
    )
    assert made.status_code == 201, made.text
    with site.broker() as broker:
        before = int(broker.info("memory")["used_memory"])
        runs = [
            hostile.submit(20, benchmark="own/huge", protocol=None, model="simulated/expert")
            for _ in range(3)
        ]
        assert {hostile.wait_for_end(each)["status"] for each in runs} == {"completed"}
        after = int(broker.info("memory")["used_memory"])
        kept = broker.xrange(live.channel_of(runs[-1]))
        assert kept
        assert max(len(fields[b"d"]) for _, fields in kept) <= live.EVENT_BYTES
    assert after - before < 5 * MEGABYTE
