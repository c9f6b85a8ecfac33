"""Server time of the pages that grow: with 100,000 runs, and a run of 14,042 samples.

    scripts/bench pages [--runs 100000] [--samples 14042] [--repeats 60] [--postgresql URL]

One account has a tenth of all runs, as the busiest of many. Each page is asked for in process,
without network and web server, and sent compressed as to a browser; a row prints p50 and p95 in
milliseconds, by the clock and by the CPU that this process used (the same on a machine that has
nothing else to do, less PostgreSQL's own) from WSGI request to whole answer, the size of the
answer and the number of SQL statements. The least CPU says most on a machine that is shared. What
a process keeps of runs that have ended is kept here, too, but for pages "read anew". Goal: p95
under 50 ms on SQLite, 80 ms on PostgreSQL; the API's list of runs at 300/s per core.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import sys
import tempfile
import time
from datetime import date, timedelta
from typing import Any

from empty_database import empty_database

GOAL_MS = {"sqlite": 50.0, "postgresql": 80.0}
ANEW = ", read anew"
DELIVERIES = 5_000
_AS_BROWSER = {"Accept-Encoding": "gzip", "Sec-Fetch-Site": "same-origin"}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/bench pages",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--samples", type=int, default=14_042)
    parser.add_argument("--repeats", type=int, default=60)
    parser.add_argument("--only", default="", help="pages whose name has this text")
    parser.add_argument("--profile", action="store_true", help="print the slowest statements")
    parser.add_argument("--postgresql", metavar="URL", help="a database that is emptied")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        os.environ.update(DATA_DIR=folder, LOG_LEVEL="ERROR", OFFLINE="true")
        os.environ["DATABASE_URL"] = arguments.postgresql or ""
        os.environ["REDIS_URL"] = f"unix://{folder}/none.sock"
        measure(arguments)


def measure(arguments: argparse.Namespace) -> None:
    from sqlalchemy import text

    from app import create_app
    from app.config import load_settings
    from app.db import db
    from app.extensions import limiter
    from app.supervisor.migration import migrate
    from tests.seed.volume import fill

    app = create_app(load_settings())
    limiter.enabled = False
    with app.app_context():
        empty_database(db.engine)
        migrate(load_settings())
        run_ids = fill(arguments.runs, arguments.samples)
        run_ids |= share(run_ids) | {"webhook": deliver(run_ids["big"])}
        # As autovacuum does: without it, PostgreSQL reads rows to see whether they are there yet.
        tidy = "VACUUM ANALYZE" if db.engine.dialect.name == "postgresql" else "ANALYZE"
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(tidy))
        browser, headers = sign_in(app)
        backend = db.engine.dialect.name
        db.session.remove()
        engine = db.engine
    gc.collect()
    gc.freeze()  # as gunicorn.conf.py does
    statements = listen(engine)
    sys.stdout.write(
        f"\n{arguments.runs:,} runs, a run of {arguments.samples:,} samples, {backend}\n"
        f"{'page':38} {'p50 ms':>8} {'p95 ms':>8} {'CPU min':>8} {'CPU p50':>8} {'CPU p95':>8}"
        f" {'kB':>6} SQL\n"
    )
    late, goal_ms = [], GOAL_MS[backend]
    for name, path in pages(run_ids, arguments.samples).items():
        if arguments.only in name:
            client = Client(app, None if path.startswith("/api") else browser, headers)
            p95 = measure_page(name, path, client, statements, arguments)
            if p95 > goal_ms:
                late.append(name)
    sys.stdout.write(f"p95 above {goal_ms:.0f} ms: {', '.join(late) or 'none'}\n")


def share(run_ids: dict[str, str]) -> dict[str, str]:
    """Return the paths of links to the large run and to its comparison."""
    from app.db import db
    from app.models import Run
    from app.services import shares

    big, other = run_ids["big"], run_ids["other"]
    account_id = db.session.get_one(Run, big).user_id
    paths = {}
    for name, chosen in (("shared", [big]), ("shared_two", [big, other])):
        url, _ = shares.create_share(account_id, chosen)
        paths[name] = f"/s/{url.rpartition('/')[2]}"
    return paths


def deliver(run_id: str) -> str:
    """Return the id of a webhook with a long log."""
    from app.db import transaction
    from app.models import Delivery, DeliveryAttempt, Run, Webhook

    with transaction() as session:
        webhook = Webhook(
            id="webhook",
            user_id=session.get_one(Run, run_id).user_id,
            url="https://hooks.example.org/runs",
            events=["run.completed"],
            sealed_secret="",
        )
        session.add(webhook)
        session.flush()
        session.add_all(
            Delivery(
                id=f"msg_{number}",
                webhook_id=webhook.id,
                run_id=run_id,
                event_key=f"run.completed:{number}",
                event="run.completed",
                payload="{}",
                status="delivered",
                attempts_made=2,
                attempts=[
                    DeliveryAttempt(number=1, error="timed out", sent_body="{}"),
                    DeliveryAttempt(number=2, status_code=200, latency_ms=80, sent_body="{}"),
                ],
            )
            for number in range(DELIVERIES)
        )
        return webhook.id


def listen(engine: Any) -> list[tuple[float, str]]:
    """Return the list that all statements of ``engine`` go into, with their milliseconds."""
    from sqlalchemy import event

    statements: list[tuple[float, str]] = []

    def before(connection: Any, *_: Any) -> None:
        connection.info["began"] = time.perf_counter()

    def after(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        took_ms = (time.perf_counter() - connection.info["began"]) * 1000
        statements.append((took_ms, statement))

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    return statements


class Client:
    """Asks for pages as a signed-in browser does, or with a token and without any cookie."""

    def __init__(self, app: Any, browser: Any, headers: dict[str, str]) -> None:
        self._client = browser or app.test_client()
        self._headers = _AS_BROWSER if browser else headers
        self._app = app
        self.wall_ms = self.cpu_ms = 0.0

    def get(self, path: str) -> Any:
        """Return the answer; ``wall_ms`` and ``cpu_ms`` are what the server took for it."""
        served = self._app.wsgi_app
        self._app.wsgi_app = lambda environ, start: self._timed(served, environ, start)
        try:
            return self._client.get(path, headers=self._headers)
        finally:
            self._app.wsgi_app = served

    def _timed(self, served: Any, environ: Any, start: Any) -> list[bytes]:
        began, cpu_began = time.perf_counter(), time.process_time()
        parts = served(environ, start)
        body = list(parts)
        parts.close()
        self.wall_ms = (time.perf_counter() - began) * 1000
        self.cpu_ms = (time.process_time() - cpu_began) * 1000
        return body


def measure_page(
    name: str,
    path: str,
    client: Client,
    statements: list[tuple[float, str]],
    arguments: argparse.Namespace,
) -> float:
    """Ask for a page again and again, print its row, and return the p95 of its wall time."""
    from app.queries.ended_runs import ended_runs

    walls, cpus, size = [], [], 0
    for _ in range(arguments.repeats + 3):
        statements.clear()
        if name.endswith(ANEW):
            ended_runs.forget()
        answer = client.get(path)
        walls.append(client.wall_ms)
        cpus.append(client.cpu_ms)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
        size = len(answer.data)
    p50, p95 = percentiles(walls[3:])
    cpu50, cpu95 = percentiles(cpus[3:])
    sys.stdout.write(
        f"{name:38} {p50:8.1f} {p95:8.1f} {min(cpus):8.1f} {cpu50:8.1f} {cpu95:8.1f}"
        f" {size / 1000:6.0f} {len(statements):3}\n"
    )
    if arguments.profile:
        for took_ms, statement in sorted(statements, reverse=True)[:4]:
            sys.stdout.write(f"    {took_ms:7.1f} ms  {' '.join(statement.split())[:230]}\n")
    if name == "API: list of runs":
        sys.stdout.write(
            f"{'':38} {1000 / cpu50:8.0f} requests/s of one core, {1000 / min(cpus):.0f} at best\n"
        )
    return p95


def percentiles(values: list[float]) -> tuple[float, float]:
    ordered = sorted(values)
    return statistics.median(ordered), ordered[int(0.95 * (len(ordered) - 1))]


def pages(run_ids: dict[str, str], samples: int) -> dict[str, str]:
    week_ago = date.today() - timedelta(days=7)  # noqa: DTZ011 - some day
    big, other, middle = run_ids["big"], run_ids["other"], f"q-{samples // 2}"
    two = f"/compare?run_ids={big},{other}"
    return {
        "dashboard": "/",
        "dashboard, filtered": "/?benchmark=gsm8k&status=completed",
        "dashboard, by benchmark": "/?sort=benchmark",
        "dashboard, by status": "/?sort=-status",
        "dashboard, by model": "/?sort=model",
        "dashboard, by score": "/?sort=-score",
        "dashboard, by score, lowest": "/?sort=score",
        "dashboard, by samples": "/?sort=-samples",
        "dashboard, by duration": "/?sort=-duration",
        "dashboard, by cost": "/?sort=-cost",
        "dashboard, filtered by cost": "/?sort=-cost&benchmark=gsm8k",
        "dashboard, of some days": f"/?from={week_ago}&to={week_ago}",
        "dashboard, by tag and score": "/?tag=nightly&sort=-score",
        "dashboard, words searched": "/?q=model-3",
        "dashboard, words not found": "/?q=nowhere",
        "palette, nothing typed": "/palette",
        "palette, a letter": "/palette?q=m",
        "palette, a benchmark": "/palette?q=gsm8k",
        "palette, a model": "/palette?q=model-3",
        "palette, a model of a benchmark": "/palette?q=mmlu+model-big",
        "palette, a short id": f"/palette?q={big[-8:]}",
        "palette, nothing found": "/palette?q=nowhere",
        "new run": "/runs/new?benchmark=gsm8k",
        "benchmarks": "/benchmarks",
        "benchmark": "/benchmarks/mmlu",
        "what outcomes mean": "/docs/outcomes",
        "estimates": "/estimates",
        "run": f"/runs/{big}",
        "run's samples": f"/runs/{big}/samples",
        "run's samples, wrong ones": f"/runs/{big}/samples?outcome=incorrect",
        "run's samples, words searched": f"/runs/{big}/samples?q=ANSWER",
        "run's samples, words not found": f"/runs/{big}/samples?q=nowhere",
        "run's samples, words all prompts have": f"/runs/{big}/samples?q=example",
        "run's samples, slowest first": f"/runs/{big}/samples?sort=-latency",
        "run's samples, longest first": f"/runs/{big}/samples?sort=-length",
        "run's samples, wrong, most expensive": f"/runs/{big}/samples?outcome=incorrect&sort=-cost",
        "run's samples, slow ones": f"/runs/{big}/samples?min_latency_ms=3900",
        "run's samples, starred": f"/runs/{big}/samples?mark=starred",
        "shared run": run_ids["shared"],
        "shared run's samples": f"{run_ids['shared']}/samples",
        "shared comparison": run_ids["shared_two"],
        f"shared comparison{ANEW}": run_ids["shared_two"],
        "shared links": "/settings/shares",
        "sample": f"/runs/{big}/samples/{middle}",
        "sample, among the slowest": f"/runs/{big}/samples/{middle}?sort=-latency",
        "sample, among the longest": f"/runs/{big}/samples/{middle}?sort=-length",
        "sample, among the wrong ones": f"/runs/{big}/samples/{middle}?outcome=incorrect",
        "sample, among those searched": f"/runs/{big}/samples/{middle}?q=ANSWER",
        "comparison, runs to choose from": "/compare",
        "comparison of two such runs": two,
        f"comparison{ANEW}": two,
        "comparison, different answers": f"{two}&show=different",
        f"comparison, different answers{ANEW}": f"{two}&show=different",
        "answers side by side": f"/compare/answers?run_ids={big},{other}&sample_id={middle}",
        "API: list of runs": "/api/v1/runs",
        "API: list of runs, 200": "/api/v1/runs?limit=200",
        "API: run": f"/api/v1/runs/{big}",
        "API: samples": f"/api/v1/runs/{big}/samples",
        "API: comparison": f"/api/v1/compare?run_ids={big},{other}",
        "settings: connections": "/settings/connections",
        "settings: webhooks": "/settings/webhooks",
        "settings: log of deliveries": f"/settings/webhooks/{run_ids['webhook']}",
        "health": "/health",
    }


def sign_in(app: Any) -> tuple[Any, dict[str, str]]:
    """Return a client with a browser's cookie, and the headers of one with a token."""
    from app.db import db
    from app.models import AccountRow
    from app.services.accounts import api_tokens, sessions
    from app.services.accounts.accounts import as_account

    account = as_account(db.session.get_one(AccountRow, 1))
    signed_in = sessions.open_session(account, 1)
    token, _info = api_tokens.create_token(account.id, "bench", ["read"])
    browser = app.test_client()
    with browser.session_transaction() as session:
        session["_user_id"] = signed_in.session_key
        session["_fresh"] = True
    return browser, {"Authorization": f"Bearer {token}"}


if __name__ == "__main__":
    main()
