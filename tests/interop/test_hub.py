"""A server of the hub's layout, named by ``HF_ENDPOINT``, under a Studio of real processes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.fakes.hub_server import HubServer, wait_for_request
from tests.interop.site import Site, until

MODEL = "simulated/expert"


def rows(count: int) -> bytes:
    lines = (
        json.dumps({"question": f"What is {n} + 1?", "answer": f"It is.\n#### {n + 1}"})
        for n in range(count)
    )
    return "\n".join(lines).encode()


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer() as server:
        server.add("openai/gsm8k", {"main/test.jsonl": rows(4_000), "main/train.jsonl": rows(40)})
        yield server


@pytest.fixture
def online(hub: HubServer) -> Iterator[Site]:
    one = Site(HF_ENDPOINT=hub.address)
    try:
        one.open()
        yield one
    finally:
        one.close()


def test_the_hub_on_bad_days(online: Site, hub: HubServer) -> None:
    """One Studio through all of them: what a bad day leaves must not spoil the next."""
    hub.mode = "silent"
    runs = [online.start(MODEL, benchmark="gsm8k", limit=3) for _ in range(2)]
    wait_for_request(hub, "/tree/")
    until(lambda: all(online.run(one)["status"] == "running" for one in runs), "both", 30)
    began = time.monotonic()
    for one in runs:
        online.call("POST", f"/runs/{one}/cancel")
    until(lambda: all(online.run(one)["status"] == "canceled" for one in runs), "cancel", 10)
    assert time.monotonic() - began < 2

    hub.mode = "portal"
    failed = online.finish(MODEL, benchmark="gsm8k", limit=3)
    assert failed["error"]["code"] == "dataset_unavailable"
    assert "web page" in failed["error"]["message"]

    hub.heal()
    hub.storage_address = "http://127.0.0.1:1"
    online.call("POST", f"/runs/{failed['run_id']}/resume")
    failed = online.end_of(failed["run_id"])
    assert "storage that it names (127.0.0.1:1)" in failed["error"]["message"]

    hub.storage_address = None
    hub.damage(".jsonl", times=100)
    online.call("POST", f"/runs/{failed['run_id']}/resume")
    assert online.end_of(failed["run_id"])["error"]["code"] == "dataset_digest"

    hub.heal()
    hub.delay_s = 0.3
    online.call("POST", f"/runs/{failed['run_id']}/resume")
    preparing = until(lambda: online.run(failed["run_id"])["preparing"], "its progress", 20)
    assert preparing["message"] == "Downloading openai/gsm8k"
    assert preparing["total_bytes"] > 100_000
    assert online.end_of(failed["run_id"])["status"] == "completed"
    assert "Traceback" not in online.log()


def test_a_hub_that_never_answers_is_given_up_within_a_minute(online: Site, hub: HubServer) -> None:
    hub.mode = "silent"
    run_id = online.start(MODEL, benchmark="gsm8k", limit=3)
    run = online.end_of(run_id, deadline_s=60)
    assert (run["status"], run["error"]["code"]) == ("failed", "dataset_unavailable")
    assert "does not answer in time" in run["error"]["message"]
