"""Live views: so many viewers on one process of the web server, and pages meanwhile.

    scripts/bench live [--viewers 1000] [--runs 50] [--seconds 15] [--threads 2048]

Each run publishes one event a second, as a worker does; its viewers measure how long it takes to
them. Half of a process's threads may hold live views: viewers beyond that are refused (their page
polls instead) and counted. Prints the delay of updates, the time of a page, and the memory of the
process. Goals: delay p95 under 1 s, pages under 150 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/bench live",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--viewers", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--threads", type=int, default=2048)
    arguments = parser.parse_args()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        os.environ.update(
            DATA_DIR=folder,
            DATABASE_URL="",
            REDIS_URL="",
            LOG_LEVEL="ERROR",
            OFFLINE="true",
            PORT=str(port),
            WEB_PROCESSES="1",
            WEB_THREADS=str(arguments.threads),
        )
        measure(arguments, port)


def measure(arguments: argparse.Namespace, port: int) -> None:
    from app import create_app
    from app.broker import queue_server
    from app.broker.client import connect
    from app.config import load_settings
    from app.supervisor.migration import migrate

    settings = load_settings()
    server = queue_server.ensure(settings.queue_dir)
    try:
        migrate(settings)
        app = create_app(settings)
        run_ids, token = fill(app, arguments.runs)
        web = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py"], cwd=ROOT
        )
        try:
            wait_for(port)
            over = threading.Event()
            publisher = threading.Thread(target=publish, args=(connect(settings), run_ids, over))
            found = asyncio.run(watch(arguments, port, run_ids, token, web.pid, publisher))
            over.set()
            publisher.join()
            report(arguments, found)
        finally:
            web.terminate()
            web.wait(20)
    finally:
        if server is not None:
            queue_server.stop(server)


def fill(app: Any, number: int) -> tuple[list[str], str]:
    from app.db import now, transaction
    from app.models import Run
    from app.services.accounts import accounts, api_tokens

    with app.app_context():
        account = accounts.register_account("bench@example.org", "correct horse battery staple")
        with transaction() as session:
            runs = [
                Run(
                    user_id=account.id,
                    status="running",
                    benchmark="gsm8k",
                    benchmark_version=1,
                    protocol="inspect",
                    model="provider/model",
                    config={"limit": None, "epochs": 1, "max_error_rate": 0.1},
                    total=1000,
                    started_at=now(),
                    lease_token="bench",  # noqa: S106
                    lease_until=time.time() + 3600,
                )
                for _ in range(number)
            ]
            session.add_all(runs)
            session.flush()
            run_ids = [run.id for run in runs]
        token, _info = api_tokens.create_token(account.id, "bench", ["read"])
    return run_ids, token


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("the web server did not start")


def publish(broker: Any, run_ids: list[str], over: threading.Event) -> None:
    from app.broker.live import publish as publish_event

    while not over.is_set():
        began = time.monotonic()
        for run_id in run_ids:
            publish_event(broker, run_id, "progress", {"sent": time.time(), "fill": "x" * 400})
        over.wait(max(0.0, 1.0 - (time.monotonic() - began)))


class Found:
    """What was measured."""

    def __init__(self) -> None:
        self.delays_ms: list[float] = []
        self.pages_ms: list[float] = []
        self.viewers = 0
        self.refused = 0
        self.idle_mb = 0.0
        self.peak_mb = 0.0


async def watch(
    arguments: argparse.Namespace,
    port: int,
    run_ids: list[str],
    token: str,
    pid: int,
    publisher: threading.Thread,
) -> Found:
    found = Found()
    await page(port, token)
    process = psutil.Process(pid).children()[0]
    found.idle_mb = process.memory_info().rss / 1e6
    tasks = []
    for number in range(arguments.viewers):
        path = f"/api/v1/runs/{run_ids[number % len(run_ids)]}/events"
        tasks.append(asyncio.create_task(view(port, path, token, found)))
        if number % 25 == 24:
            await asyncio.sleep(0.05)
    while found.viewers + found.refused < arguments.viewers:
        await asyncio.sleep(0.1)
    publisher.start()
    await asyncio.sleep(2)
    found.delays_ms.clear()
    until = time.monotonic() + arguments.seconds
    while time.monotonic() < until:
        found.pages_ms.append(await page(port, token))
        found.peak_mb = max(found.peak_mb, process.memory_info().rss / 1e6)
        await asyncio.sleep(0.1)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return found


async def view(port: int, path: str, token: str, found: Found) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request(path, token))
    status = int((await reader.readline()).split()[1])
    if status != 200:
        found.refused += 1
        writer.close()
        return
    found.viewers += 1
    while line := await reader.readline():
        if line.startswith(b"data: {"):
            delay_s = time.time() - json.loads(line[6:])["sent"]
            found.delays_ms.append(delay_s * 1000)


async def page(port: int, token: str) -> float:
    began = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request("/api/v1/runs?limit=25", token))
    assert int((await reader.readline()).split()[1]) == 200
    await reader.read()
    writer.close()
    return (time.monotonic() - began) * 1000


def request(path: str, token: str) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        "Connection: close\r\n\r\n"
    ).encode()


def report(arguments: argparse.Namespace, found: Found) -> None:
    def line(values: list[float]) -> str:
        ordered = sorted(values)
        at = (ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.95, 0.99, 1.0))
        return "p50 {:.0f}  p95 {:.0f}  p99 {:.0f}  max {:.0f} ms".format(*at)

    expected = found.viewers * arguments.seconds
    sys.stdout.write(
        f"{found.viewers} viewers, {arguments.runs} runs, one process; {found.refused} refused\n"
        f"update delay   {line(found.delays_ms)}   ({len(found.delays_ms):,} events,"
        f" about {expected:,.0f} expected)\n"
        f"page meanwhile {line(found.pages_ms)}   ({len(found.pages_ms)} pages)\n"
        f"memory         {found.idle_mb:.0f} MB idle, {found.peak_mb:.0f} MB with the viewers\n"
    )


if __name__ == "__main__":
    main()
