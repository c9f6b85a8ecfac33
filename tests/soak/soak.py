"""Soak: 15 honest accounts beside 5 hostile ones. ``scripts/soak --help`` says more."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.attacks.site import Account, Site
from tests.attacks.watch import Watch
from tests.faults.processes import ROOT
from tests.faults.provider import Provider, write_questions
from tests.faults.studio import CANARY
from tests.queue_fixtures import die_with_tests
from tests.soak.honest import Record, Visitor, run_once

HONEST, HOSTILE = 15, 5
RUN_LIMIT = 1.5  # times as long as alone
WEBHOOK_LIMIT_S = 30.0
PAGE_LIMIT_S = 0.5  # 95 of 100
ATTACKS = (
    "webhooks",
    "hanging runs",
    "short runs",
    "uploads",
    "live views",
    "slow sockets",
    "deliveries",
)
_LATENCY_S = 0.2


class Receiver:
    """An honest receiver of webhooks: when each run's event came in (monotonic seconds)."""

    def __init__(self) -> None:
        self.came_at: dict[str, float] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.came_at.setdefault(body["run_id"], time.monotonic())
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()


def soak(minutes: float, every_s: float) -> int:
    """Run it, print what was measured, and return the exit code."""
    with tempfile.TemporaryDirectory(prefix="obs-soak-") as folder:
        write_questions(Path(folder))
        provider = Provider(Path(folder) / "answers.json", CANARY, _LATENCY_S)
        site = Site(Path(folder), provider, PROVIDER_EGRESS_ALLOW="127.0.0.0/8")
        try:
            site.start()
            return _measure(site, minutes, every_s)
        finally:
            site.close()
            provider.close()


def _measure(site: Site, minutes: float, every_s: float) -> int:
    receiver = Receiver()
    honest = [site.account(f"honest{number}") for number in range(HONEST)]
    hostile = [site.account(f"hostile{number}") for number in range(HOSTILE)]
    for account in honest:
        account.add_webhook(receiver.url)
    alone = Record()
    for _ in range(3):
        run_once(honest[0], alone)
    alone_s = statistics.median(alone.run_s)
    _say(f"alone: a run takes {alone_s:.1f} s (median of {len(alone.run_s)})")

    record, watch = Record(), Watch(site)
    visitors = [Visitor(account, number, every_s, record) for number, account in enumerate(honest)]
    for visitor in visitors:
        visitor.start()
    attack = _attack(site.url, hostile)
    watch.start()
    try:
        _follow(record, minutes)
    finally:
        for visitor in visitors:
            visitor.stop()
        time.sleep(WEBHOOK_LIMIT_S)
        watch.stop()
        arrived = _end(attack)
    return _report(alone_s, record, receiver, watch, arrived)


def _attack(url: str, hostile: list[Account]) -> subprocess.Popen[str]:
    attack = subprocess.Popen(
        [sys.executable, "-m", "tests.soak.hostile"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_tests,
    )
    assert attack.stdin is not None
    assert attack.stdout is not None
    told = {"url": url, "tokens": [account.token for account in hostile]}
    attack.stdin.write(json.dumps(told) + "\n")
    attack.stdin.flush()
    assert attack.stdout.readline() == "attacking\n"
    return attack


def _end(attack: subprocess.Popen[str]) -> dict[str, int]:
    """End the attack; return how often each of its kinds got through."""
    try:
        said, _ = attack.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        attack.kill()
        raise
    return dict(json.loads(said))


def _follow(record: Record, minutes: float) -> None:
    end = time.monotonic() + 60 * minutes
    while (left_s := end - time.monotonic()) > 0:
        time.sleep(min(60.0, left_s))
        pages = sum(len(each) for each in record.page_s.values())
        _say(f"  {len(record.run_s)} runs, {pages} pages, {len(record.faults)} faults so far")


def _report(
    alone_s: float, record: Record, receiver: Receiver, watch: Watch, arrived: dict[str, int]
) -> int:
    late = [
        receiver.came_at.get(run_id, float("inf")) - ended
        for run_id, ended in record.ended_at.items()
    ]
    pages = [each for kind in record.page_s.values() for each in kind]
    slowest_run, slowest_hook = max(record.run_s), max(late)
    for kind, times in sorted(record.page_s.items()):
        _say(f"  page {kind}: {len(times)} times, p95 {_p95(times) * 1000:.0f} ms")
    verdicts = [
        (
            f"honest runs: {len(record.run_s)}, median {statistics.median(record.run_s):.1f} s, "
            f"p95 {_p95(record.run_s):.1f} s, slowest {slowest_run:.1f} s "
            f"({slowest_run / alone_s:.2f} x alone, limit {RUN_LIMIT} x)",
            slowest_run <= RUN_LIMIT * alone_s,
        ),
        (
            f"honest webhooks: {len(late)}, slowest {slowest_hook:.1f} s after the run's end "
            f"(limit {WEBHOOK_LIMIT_S:.0f} s)",
            slowest_hook <= WEBHOOK_LIMIT_S,
        ),
        (
            f"pages: {len(pages)}, p95 {_p95(pages) * 1000:.0f} ms "
            f"(limit {PAGE_LIMIT_S * 1000:.0f} ms)",
            all(_p95(times) <= PAGE_LIMIT_S for times in record.page_s.values()),
        ),
        (f"attacks that got through: {arrived}", all(arrived.get(kind) for kind in ATTACKS)),
        (
            f"/health: {len(watch.health_s)} answers, {len(watch.health_failures)} failed, "
            f"slowest {max(watch.health_s, default=0):.2f} s",
            not watch.health_failures,
        ),
        (f"faults: {len(record.faults)} {record.faults[:5]}", not record.faults),
    ]
    _say(f"  memory of all processes: {watch.peak_mb:.0f} MB at most")
    for text, holds in verdicts:
        _say(f"{'ok    ' if holds else 'FAILED'} {text}")
    return 0 if all(holds for _, holds in verdicts) else 1


def _p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))] if values else 0.0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Read the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/soak")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument(
        "--every", type=float, default=12, help="seconds between two honest runs of all accounts"
    )
    arguments = parser.parse_args()
    return soak(arguments.minutes, arguments.every)


if __name__ == "__main__":
    sys.exit(main())
