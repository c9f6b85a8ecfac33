"""How well runs in several workers share a provider's rate limit.

    scripts/bench governance [--samples 400] [--rate 8] [--workers 3] [--connections 16]
                             [--latency 0.1] [--rounds 1] [--only shared|alone]

Starts a model server that allows so many requests per second and charges rejected ones, a
queue server and a pool of workers, posts one run per worker on the same connection at once,
and reports failed samples, refused calls and the time beside the least possible. Then the
same without sharing: each run's throttle sees its own refusals only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from bench_engine import SERVER, ended, sign_up, tree_cpu_s, wait_for_workers, write_questions

ALONE = (
    "import app.services.runs.plans as plans; plans.open_throttle = lambda *_: None; "
    "from app.worker.__main__ import main; main()"
)
ALLOWED_REFUSED_SHARE = 0.25
ALLOWED_TIMES_IDEAL = 1.5
COLUMNS = "throttle  failed  calls  refused  share  wall_s  times_ideal  worker_cpu_s"


def main() -> None:
    arguments = read_arguments()
    print_row(*COLUMNS.split())
    good = True
    for _ in range(arguments.rounds):
        for mode in ("shared", "alone"):
            if arguments.only in (None, mode):
                result = measure(arguments, mode)
                print_row(mode, *result.values())
                good = good and (mode == "alone" or holds(result))
    sys.exit(0 if good else 1)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench governance",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--samples", type=int, default=400, help="of all runs together")
    parser.add_argument("--rate", type=float, default=8.0, help="requests per second allowed")
    parser.add_argument("--workers", type=int, default=3, help="as many runs as workers")
    parser.add_argument("--connections", type=int, default=16, help="of each run")
    parser.add_argument("--latency", type=float, default=0.1, help="seconds per answer")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", choices=("shared", "alone"))
    return parser.parse_args()


def print_row(*cells: object) -> None:
    widths = [len(word) + 2 for word in COLUMNS.split()]
    row = "".join(f"{cell!s:>{width}}" for cell, width in zip(cells, widths, strict=True))
    sys.stdout.write(row + "\n")
    sys.stdout.flush()


def holds(result: dict[str, Any]) -> bool:
    return bool(
        result["failed"] == 0
        and result["share"] < ALLOWED_REFUSED_SHARE
        and result["times_ideal"] <= ALLOWED_TIMES_IDEAL
    )


def measure(arguments: argparse.Namespace, mode: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        write_questions(folder, arguments.samples)
        os.environ.update(
            DATA_DIR=str(folder / "data"),
            DATASETS_DIR=str(folder / "mirror"),
            OFFLINE="true",
            LOG_LEVEL="WARNING",
            WORKERS=str(arguments.workers),
        )
        os.environ.pop("REDIS_URL", None)
        os.environ.pop("DATABASE_URL", None)
        return measure_in_folder(arguments, mode)


def measure_in_folder(arguments: argparse.Namespace, mode: str) -> dict[str, Any]:
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
    model = start_model_server(arguments)
    program = ["-m", "app.worker"] if mode == "shared" else ["-c", ALONE]
    pool = subprocess.Popen([sys.executable, *program])
    try:
        assert model.stdout is not None
        port = int(model.stdout.readline())
        client, headers = sign_up(app, port, arguments.connections)
        wait_for_workers(app)
        return run_all(arguments, settings, client, headers, port, pool.pid)
    finally:
        pool.terminate()
        pool.wait(30)
        model.terminate()
        model.wait(5)
        if queue is not None:
            queue_server.stop(queue)


def start_model_server(arguments: argparse.Namespace) -> subprocess.Popen[str]:
    options = [
        "--port=0",
        "--answer=Answer: 7",
        f"--latency={arguments.latency}",
        f"--rate-limit={arguments.rate}",
        "--charge-rejected",
    ]
    command = [sys.executable, str(SERVER), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def run_all(
    arguments: argparse.Namespace,
    settings: Any,
    client: Any,
    headers: dict[str, str],
    port: int,
    pool_pid: int,
) -> dict[str, Any]:
    import psutil

    pool = psutil.Process(pool_pid)
    cpu_before = tree_cpu_s(pool)
    runs = []
    for number in range(arguments.workers):
        share = arguments.samples // arguments.workers
        extra = arguments.samples % arguments.workers if number == 0 else 0
        settings_of_run = {
            "benchmark": "gsm8k",
            "protocol": "openbench",
            "model": "local/fake-large",
            "limit": share + extra,
            "max_connections": arguments.connections,
        }
        answer = client.post("/api/v1/runs", json=settings_of_run, headers=headers)
        assert answer.status_code == 201, answer.json
        runs.append(answer.json["run_id"])
    left = set(runs)
    while left:
        time.sleep(0.2)
        left = {run_id for run_id in left if not ended(settings, run_id)}
    time.sleep(0.5)
    details = [client.get(f"/api/v1/runs/{run_id}", headers=headers).json for run_id in runs]
    for run in details:
        assert run["status"] == "completed", run["error"]
        assert run["counts"]["done"] == run["counts"]["total"], run["counts"]
    stats = json.load(urlopen(f"http://127.0.0.1:{port}/_stats"))  # noqa: S310 - our own server
    refused = stats["statuses"].get("429", 0)
    wall_s = stats["last_at"] - stats["first_at"] + arguments.latency
    return {
        "failed": sum(run["counts"]["error"] for run in details),
        "calls": stats["calls"],
        "refused": refused,
        "share": round(refused / stats["calls"], 3),
        "wall_s": round(wall_s, 1),
        "times_ideal": round(wall_s / (arguments.samples / arguments.rate), 2),
        "worker_cpu_s": round(tree_cpu_s(pool) - cpu_before, 1),
    }


if __name__ == "__main__":
    main()
