"""Reloads and restarts while somebody watches."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from tests.deployment.events import Listener
from tests.deployment.site import Client, Site, wait_until

SAMPLES = 40


@contextmanager
def _asking_all_the_time(site: Site) -> Iterator[Counter[int]]:
    """Ask for /health without a pause and count the answers by status."""
    statuses: Counter[int] = Counter()
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            statuses[site.status("/health")] += 1
            time.sleep(0.02)

    thread = threading.Thread(target=ask)
    thread.start()
    yield statuses
    over.set()
    thread.join(15)


def _start_run(api: Client, model: str, samples: int = SAMPLES) -> str:
    body = {"benchmark": "gen_chain_sum", "model": model, "limit": samples}
    answer = api.post("/api/v1/runs", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["run_id"])


def _assert_complete(listener: Listener, samples: int) -> None:
    ids = [event.id for event in listener.events]
    assert len(ids) == len(set(ids)), "an event came twice"
    assert sum(event.name == "sample" for event in listener.events) == samples
    assert listener.events[-1].name == "done"


def test_sighup_replaces_the_processes_within_seconds_and_loses_no_request_and_no_event(
    site: Site, api: Client, model: str
) -> None:
    run_id = _start_run(api, model)
    listener = Listener(api, f"/api/v1/runs/{run_id}/events", reconnect=True).start()
    wait_until(lambda: len(listener.events) > 5, site.logs, 20)
    master = psutil.Process(site.programs["web"].pid)
    before = {child.pid for child in master.children()}
    with _asking_all_the_time(site) as statuses:
        began = time.monotonic()
        master.send_signal(signal.SIGHUP)
        wait_until(lambda: not before & {child.pid for child in master.children()}, site.logs, 15)
        took_s = time.monotonic() - began
        time.sleep(1)
    listener.wait_done(60)
    assert took_s < 10, "an open stream holds up the reload"
    assert set(statuses) == {200}, statuses
    assert listener.cuts >= 1, "the stream stayed with a process that had to go"
    _assert_complete(listener, SAMPLES)
    sys.stderr.write(
        f"\nSIGHUP: {len(before)} processes replaced in {took_s:.1f} s with a stream open; "
        f"{statuses[200]} requests meanwhile, none failed; {listener.cuts} reconnections\n"
    )


def test_sigterm_ends_the_web_server_within_ten_seconds_with_a_stream_open_and_the_run_goes_on(
    site: Site, api: Client, model: str
) -> None:
    run_id = _start_run(api, model)
    listener = Listener(api, f"/api/v1/runs/{run_id}/events", reconnect=True).start()
    wait_until(lambda: len(listener.events) > 5, site.logs, 20)
    took_s = site.end("web")
    assert took_s < 10
    assert site.status("/health") == 502
    site.start("web")
    back_s = site.wait_ready()
    listener.wait_done(60)
    _assert_complete(listener, SAMPLES)
    assert api.get(f"/api/v1/runs/{run_id}").json()["status"] == "completed"
    sys.stderr.write(f"\nSIGTERM: web ended in {took_s:.1f} s, ready again after {back_s:.1f} s\n")


def test_sigterm_to_the_worker_hands_the_run_over(site: Site, api: Client, model: str) -> None:
    run_id = _start_run(api, model)
    path = f"/api/v1/runs/{run_id}"
    wait_until(lambda: api.get(path).json()["counts"]["done"] > 4, site.logs, 20)
    took_s = site.end("worker")
    done = api.get(path).json()["counts"]["done"]
    assert took_s < 30
    site.start("worker")
    wait_until(lambda: api.get(path).json()["status"] == "completed", site.logs, 60)
    run = api.get(path).json()
    assert run["counts"]["done"] == SAMPLES > done
    sys.stderr.write(f"\nSIGTERM: worker ended in {took_s:.1f} s with {done} of {SAMPLES} done\n")
