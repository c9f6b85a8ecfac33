"""Runs every benchmark whose data is at hand in full, through the real worker.

    STUDIO_TEST_DATA=... scripts/bench catalog [--connections 64] [NAME ...]

A local model server answers at once, the same to everybody ("ANSWER: A"), so scores mean
nothing: what is shown is that each benchmark loads, runs to its last sample and is recorded,
how long it takes and how much memory its worker needs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from bench_engine import SERVER, ended, memory_mb, sign_up, wait_for_workers

ANSWER = "I think it is the first one.\\n\\nANSWER: A"
LONGEST_S = 900


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/bench catalog",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", help="default: all whose data is there")
    parser.add_argument("--connections", type=int, default=64)
    arguments = parser.parse_args()
    data = os.environ.get("STUDIO_TEST_DATA")
    if not data:
        raise SystemExit("STUDIO_TEST_DATA names the folder of datasets; it is not set.")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        os.environ.update(
            DATA_DIR=folder,
            DATASETS_DIR=str(Path(data) / "datasets"),
            OFFLINE="true",
            LOG_LEVEL="WARNING",
            WORKERS="1",
            ALLOW_CODE_EXECUTION="true",
        )
        os.environ.pop("REDIS_URL", None)
        os.environ.pop("DATABASE_URL", None)
        raise SystemExit(run_all(arguments))


def run_all(arguments: argparse.Namespace) -> int:
    from app import create_app
    from app.broker import queue_server
    from app.config import load_settings
    from app.db import db
    from app.supervisor.migration import migrate

    settings = load_settings()
    queue = queue_server.ensure(settings.queue_dir)
    app = create_app(settings)
    with app.app_context():
        migrate(settings)
        db.engine.dispose()
    model = subprocess.Popen(
        [sys.executable, str(SERVER), "--port=0", "--latency=0", f"--answer={ANSWER}"],
        stdout=subprocess.PIPE,
        text=True,
    )
    pool = subprocess.Popen([sys.executable, "-m", "app.worker"])
    try:
        assert model.stdout is not None
        client, headers = sign_up(app, int(model.stdout.readline()), arguments.connections)
        wait_for_workers(app)
        names = arguments.names or runnable(app)
        sys.stdout.write(f"{'benchmark':22}{'protocol':16}{'samples':>8}{'s':>8}{'MB':>7}  end\n")
        ends = [run_one(app, client, headers, pool.pid, settings, *name) for name in names]
        sys.stdout.write(f"{sum(ends)} of {len(ends)} ran in full\n")
        return 0 if all(ends) else 1
    finally:
        pool.terminate()
        pool.wait(30)
        model.terminate()
        if queue is not None:
            queue_server.stop(queue)


def runnable(app: Any) -> list[tuple[str, str]]:
    """Return benchmarks and protocols whose data is in the mirror and which need no judge."""
    from app.engine.benchmarks.benchmark_registry import all_benchmarks
    from app.engine.scorers.scorer_registry import judged_scorers
    from app.queries.benchmarks import dataset_loader

    loader = dataset_loader(app.extensions["settings"])
    return [
        (name, protocol.name)
        for name, benchmark in all_benchmarks().items()
        if not benchmark.offline
        for protocol in benchmark.protocols.values()
        if loader.available(protocol) and protocol.scorer not in judged_scorers()
    ]


def run_one(
    app: Any,
    client: Any,
    headers: dict[str, str],
    pool_pid: int,
    settings: Any,
    name: str,
    protocol: str,
) -> bool:
    from app.extensions import limiter

    with app.app_context():
        limiter.reset()  # ten runs a minute are for people
    started, peak = time.time(), 0.0
    answer = client.post(
        "/api/v1/runs",
        json={
            "benchmark": name,
            "protocol": protocol,
            "model": "local/fake-large",
            "epochs": 1,
            "max_error_rate": 0,
        },
        headers=headers,
    )
    if answer.status_code != 201:
        sys.stdout.write(f"{name:22}{protocol:16} refused: {answer.json['detail']}\n")
        return False
    run_id = answer.json["run_id"]
    pool = psutil.Process(pool_pid)
    while not ended(settings, run_id) and time.time() - started < LONGEST_S:
        peak = max(peak, *(memory_mb(child) for child in pool.children(recursive=True)))
        time.sleep(0.05)
    run = client.get(f"/api/v1/runs/{run_id}", headers=headers).json
    complete = run["status"] == "completed" and run["counts"]["done"] == run["counts"]["total"]
    sys.stdout.write(
        f"{name:22}{protocol:16}{run['counts']['done']:8,}{time.time() - started:8.1f}{peak:7.0f}"
        f"  {run['status']}{'' if complete else ' ' + str(run['error'])}\n"
    )
    sys.stdout.flush()
    return bool(complete)


if __name__ == "__main__":
    main()
