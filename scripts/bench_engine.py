"""How fast a run is through the real worker and database, against a local model server.

    scripts/bench engine [--samples 2000] [--connections 100] [--latency 0.1] [--postgresql URL]

Starts a model server, a queue server and a worker pool, posts one run through the API and
reports seconds from the first to the last call beside the ideal, CPU milliseconds a sample of
the whole worker tree (and of the database, where it is a process of its own), memory, the time
from POST to the first call, and progress events.

Then the same with streamed answers, which take as long: the first token half of it, each event a
part of the other half. Their CPU may be twice as much.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psutil
from empty_database import empty_database
from redis import Redis

SERVER = Path(__file__).parent.parent / "tests" / "fakes" / "model_server.py"
SAMPLE_EVERY_S = 0.02
ANSWER = "Answer: 7"
EVENTS = 7  # of which that answer consists, streamed


@dataclass
class Usage:
    """What processes used: CPU seconds in all, the most memory of one process in MB."""

    cpu_s: float = 0.0
    peak_mb: float = 0.0


def main() -> None:
    arguments = read_arguments()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        write_questions(folder, arguments.samples)
        set_environment(folder, arguments)
        measure(arguments)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench engine",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--latency", type=float, default=0.1, help="seconds per answer")
    parser.add_argument(
        "--postgresql",
        metavar="URL",
        help="a database that is emptied; default: SQLite in a new folder",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    return parser.parse_args()


def write_questions(folder: Path, number: int) -> None:
    """Write short questions where the loader looks for GSM8K."""
    split = folder / "mirror" / "openai__gsm8k" / "main"
    split.mkdir(parents=True)
    with (split / "test.jsonl").open("w") as file:
        for index in range(number):
            question = f"Tom has {index} apples and buys 7 more. How many apples has he now?"
            answer = f"{index} + 7 = {index + 7}\n#### {index + 7}"
            file.write(json.dumps({"question": question, "answer": answer}) + "\n")
    (split / "train.jsonl").write_text((split / "test.jsonl").read_text())


def set_environment(folder: Path, arguments: argparse.Namespace) -> None:
    os.environ.update(
        DATA_DIR=str(folder / "data"),
        DATASETS_DIR=str(folder / "mirror"),
        OFFLINE="true",
        LOG_LEVEL="WARNING",
        WORKERS="1",
    )
    os.environ.pop("REDIS_URL", None)
    os.environ.pop("DATABASE_URL", None)
    if arguments.postgresql:
        os.environ["DATABASE_URL"] = arguments.postgresql


def measure(arguments: argparse.Namespace) -> None:
    from app import create_app
    from app.broker import queue_server
    from app.config import load_settings
    from app.db import db
    from app.supervisor.migration import migrate

    settings = load_settings()
    queue = queue_server.ensure(settings.queue_dir)
    app = create_app(settings)
    with app.app_context():
        empty_database(db.engine)
        migrate(settings)
        db.engine.dispose()
    model = subprocess.Popen(
        [
            sys.executable,
            str(SERVER),
            "--port=0",
            f"--latency={arguments.latency}",
            f"--answer={ANSWER}",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    pool = subprocess.Popen([sys.executable, "-m", "app.worker"])
    try:
        assert model.stdout is not None
        port = int(model.stdout.readline())
        client, headers = sign_up(app, port, arguments.connections)
        wait_for_workers(app)
        place = (app, client, headers, pool.pid, port, settings, arguments)
        at_once = run_once(*place)
        change_server(port, **streamed_pace(arguments.latency))
        report(arguments, at_once, run_once(*place, stream=True))
    finally:
        pool.terminate()
        pool.wait(30)
        model.terminate()
        if queue is not None:
            queue_server.stop(queue)


def sign_up(app: Any, port: int, connections: int) -> tuple[Any, dict[str, str]]:
    client = app.test_client()
    credentials = {"email": "bench@example.com", "password": secrets.token_urlsafe(12)}
    client.post("/api/v1/auth/register", json=credentials)
    token = client.post("/api/v1/auth/login", json=credentials).json["token"]
    headers = {"Authorization": f"Bearer {token}"}
    made = client.put(
        "/api/v1/connections/local",
        json={
            "kind": "openai_compatible",
            "base_url": f"http://127.0.0.1:{port}/v1",
            "max_connections": connections,
        },
        headers=headers,
    )
    assert made.status_code in (200, 201), made.json
    return client, headers


def wait_for_workers(app: Any) -> None:
    from app.broker import queues

    with app.app_context():
        while not queues.count_workers():
            time.sleep(0.1)
    time.sleep(1)


def streamed_pace(latency_s: float) -> dict[str, float]:
    """Return how a server that streams takes as long as one that answers at once."""
    return {"latency_s": latency_s / 2, "pause_s": latency_s / 2 / EVENTS}


def change_server(port: int, **behaviour: float) -> None:
    """Forget what the model server has counted, and let it behave otherwise."""
    body = json.dumps({"reset": True, **behaviour}).encode()
    urlopen(Request(f"http://127.0.0.1:{port}/_control", data=body)).close()  # noqa: S310 - our own


def run_once(
    app: Any,
    client: Any,
    headers: dict[str, str],
    pool_pid: int,
    port: int,
    settings: Any,
    arguments: argparse.Namespace,
    *,
    stream: bool = False,
) -> dict[str, Any]:
    pool, database = psutil.Process(pool_pid), database_processes(arguments)
    cpu_before, database_before = tree_cpu_s(pool), sum_cpu_s(database)
    posted = time.time()
    answer = client.post(
        "/api/v1/runs",
        json={
            "benchmark": "gsm8k",
            "protocol": "openbench",
            "model": "local/fake-large",
            "max_connections": arguments.connections,
            "stream": stream,
        },
        headers=headers,
    )
    assert answer.status_code == 201, answer.json
    run_id, peak = answer.json["run_id"], 0.0
    while True:
        peak = max(peak, *(memory_mb(child) for child in pool.children(recursive=True)))
        if time.time() - posted > 3600:
            raise SystemExit("the run did not end")
        time.sleep(SAMPLE_EVERY_S)
        if ended(settings, run_id):
            break
    done = time.time()
    time.sleep(0.5)
    run = client.get(f"/api/v1/runs/{run_id}", headers=headers).json
    assert run["status"] == "completed", run["error"]
    assert bool(run["speed"]) is stream, run["speed"]
    assert run["counts"]["done"] == run["counts"]["total"] == arguments.samples, run["counts"]
    calls = json.load(urlopen(f"http://127.0.0.1:{port}/_stats"))  # noqa: S310 - our own server
    events = progress_times(settings, run_id)
    gaps = [after - before for before, after in zip(events, events[1:], strict=False)]
    worker_cpu = tree_cpu_s(pool) - cpu_before
    database_cpu = sum_cpu_s(database_processes(arguments)) - database_before
    span = calls["last_at"] - calls["first_at"] + arguments.latency
    ideal = arguments.samples * arguments.latency / arguments.connections
    return {
        "samples": arguments.samples,
        "connections": arguments.connections,
        "database": "PostgreSQL" if arguments.postgresql else "SQLite",
        "ideal_s": round(ideal, 2),
        "first_to_last_call_s": round(span, 2),
        "times_ideal": round(span / ideal, 2),
        "post_to_first_call_s": round(calls["first_at"] - posted, 3),
        "post_to_end_s": round(done - posted, 2),
        "worker_cpu_ms_per_sample": round(worker_cpu / arguments.samples * 1000, 2),
        "database_cpu_ms_per_sample": round(database_cpu / arguments.samples * 1000, 2),
        "peak_mb": round(peak, 1),
        "progress_events": len(events),
        "longest_gap_s": round(max(gaps, default=0.0), 2),
    }


def ended(settings: Any, run_id: str) -> bool:
    broker = Redis.from_url(settings.queue)
    newest = broker.xrevrange(f"run:{run_id}:events", count=1)
    broker.close()
    return bool(newest) and newest[0][1][b"e"] == b"done"


def progress_times(settings: Any, run_id: str) -> list[float]:
    broker = Redis.from_url(settings.queue)
    entries = broker.xrange(f"run:{run_id}:events")
    broker.close()
    return [int(id_.split(b"-")[0]) / 1000 for id_, row in entries if row[b"e"] == b"progress"]


def memory_mb(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss) / 1e6
    except psutil.NoSuchProcess:
        return 0.0


def tree_cpu_s(process: psutil.Process) -> float:
    """Return CPU seconds of a process, its living children and those it has waited for."""
    total = 0.0
    for each in [process, *process.children(recursive=True)]:
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def database_processes(arguments: argparse.Namespace) -> list[psutil.Process]:
    if not arguments.postgresql:
        return []
    servers = [each for each in psutil.process_iter(["name"]) if "postgres" in each.info["name"]]
    ids = {each.pid for each in servers}
    return [each for each in servers if each.ppid() not in ids]


def sum_cpu_s(processes: list[psutil.Process]) -> float:
    return sum(tree_cpu_s(each) for each in processes)


def report(
    arguments: argparse.Namespace, at_once: dict[str, Any], streamed: dict[str, Any]
) -> None:
    cpu = "worker_cpu_ms_per_sample"
    ratio = round(streamed[cpu] / at_once[cpu], 2)
    if arguments.json:
        row = {**at_once, "streamed": streamed, "streamed_times_cpu": ratio}
        sys.stdout.write(json.dumps(row) + "\n")
        return
    sys.stdout.write(f"{'':28} {'at once':>12} {'streamed':>12}\n")
    for name, value in at_once.items():
        sys.stdout.write(f"{name:28} {value!s:>12} {streamed[name]!s:>12}\n")
    sys.stdout.write(f"{'streamed, times CPU':28} {'':>12} {ratio!s:>12}\n")


if __name__ == "__main__":
    main()
