"""A Studio of real processes to strike: queue server, worker pools, web server, database."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil
from redis import Redis
from redis.exceptions import RedisError

from app import create_app
from app.broker import queue_server
from app.broker.client import get_broker
from app.config import Settings
from app.db import db, transaction
from app.models import Delivery, Run
from app.services.account_deletion import delete_account
from app.services.accounts import accounts, api_tokens
from app.services.connections import store
from app.services.runs import lifecycle
from app.services.runs.run_request import RunRequest
from app.services.runs.submission import submit_run
from app.services.webhooks import endpoints
from tests.app_fixtures import ENCRYPTION_KEY, PASSWORD
from tests.faults.processes import Program, wait_until
from tests.faults.provider import Provider
from tests.queue_fixtures import die_with_tests

CANARY = "canary0d5b7c1e9f3a4286b0c4planted"
"""The API key of the connection: it must show up nowhere but at the provider."""

MODEL = "scripted/fake-large"
CONNECTIONS = 8


class Studio:
    """One installation in a folder of its own.

    Args:
        database_url: A PostgreSQL database of its own; ``None``: SQLite in ``folder``.
        mirror: The folder of datasets.
        provider: What the connection ``scripted`` calls.
        folder: Where its data is; a new temporary one if ``None``.
        settings: Further environment variables, for all of its processes.
    """

    def __init__(
        self,
        database_url: str | None,
        mirror: Path,
        provider: Provider,
        *,
        folder: Path | None = None,
        **settings: str,
    ) -> None:
        # Not tmp_path: the path of a socket may have 103 bytes only.
        self._own = Path(tempfile.mkdtemp(prefix="obs-fault-"))
        self.folder = folder or self._own
        self.provider = provider
        self.port = free_port()
        self.env = {
            "DATA_DIR": str(self.folder / "data"),
            "DATASETS_DIR": str(mirror),
            "SECRET_KEY": "a-secret-for-tests-0123456789-abcdef",
            "ENCRYPTION_KEYS": ENCRYPTION_KEY,
            "OFFLINE": "true",
            "EGRESS_ALLOW": "127.0.0.0/8",
            "LOG_LEVEL": "DEBUG",  # the place where a key is most likely to show up
            "WORKERS": "1",
            "WEB_PROCESSES": "1",
            "WEB_THREADS": "16",
            "PORT": str(self.port),
            **({"DATABASE_URL": database_url} if database_url else {}),
            **settings,
        }
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        values = {name.lower(): value for name, value in self.env.items()}
        self.settings = Settings(**values)  # type: ignore[arg-type]
        self.queue: subprocess.Popen[bytes] | None = None
        self.programs: list[Program] = []
        self._numbers = itertools.count(1)
        self.webhook_secret = ""
        self.account_id = 0
        self._token = ""

    # Its parts

    def open(self, template: Path | None) -> None:
        """Lay the empty database (``template``: SQLite's) and start the queue server."""
        if template is not None:
            shutil.copy(template, self.folder / "data" / "studio.db")
        self.start_queue()
        self.open_beside()

    def open_beside(self) -> None:
        """Open its database and queue in this process too."""
        self.app = create_app(self.settings.model_copy(update={"log_level": "WARNING"}))

    def set_up(self, hook_url: str | None = None, **fields: Any) -> None:
        """Make the account, its connection to the provider and its webhook."""
        with self.app.app_context():
            account = accounts.register_account("ada@example.org", PASSWORD)
            self.account_id = account.id
            changes: dict[str, Any] = {
                "kind": "openai_compatible",
                "base_url": self.provider.base_url,
                "api_key": CANARY,
                **fields,
            }
            store.save_connection(account.id, True, "scripted", changes)  # type: ignore[arg-type]
            if hook_url is not None:
                _, self.webhook_secret = endpoints.create_webhook(
                    account.id, {"url": hook_url, "events": list(endpoints.EVENTS)}
                )

    def start_queue(self) -> None:
        self.queue = queue_server.ensure(self.settings.queue_dir, in_child=die_with_tests)

    def kill_queue(self, *, lose_data: bool = False) -> None:
        """Kill -9 the queue server; ``lose_data``: and its disk is gone too."""
        assert self.queue is not None
        self.queue.kill()
        self.queue.wait()
        if lose_data:
            for part in self.settings.queue_dir.glob("appendonlydir*"):
                shutil.rmtree(part)

    def start_pool(self, workers: int = 1, env: Mapping[str, str] | None = None) -> Program:
        """Start a worker pool, and return it when all its workers wait for runs."""
        before = self._workers()
        pool = self._start(["app.worker", f"--workers={workers}"], "pool", env or {})
        wait_until(lambda: len(self._workers() - before) >= workers, "workers", tell=self.story)
        return pool

    def start_web(self) -> Program:
        """Start the web server, and return it when it answers."""
        web = self._start(["gunicorn", "-c", "gunicorn.conf.py"], "web", {})
        wait_until(lambda: answers(self.port), "web server", tell=self.story)
        return web

    def start_all(self) -> Program:
        """Start the supervisor, as scripts/start does."""
        before = self._workers()
        program = self._start(["app.supervisor"], "supervisor", {})
        wait_until(lambda: self._workers() - before, "supervisor", 60, tell=self.story)
        return program

    def start_alone(self) -> Program:
        """Start the supervisor with a queue server of its own, in place of the tests'."""
        assert self.queue is not None
        queue_server.stop(self.queue)
        self.queue = None
        program = self._start(["app.supervisor"], "supervisor", {})
        wait_until(self.queue_answers, "queue server", 60, tell=self.story)
        wait_until(self._workers, "workers", 60, tell=self.story)
        wait_until(lambda: answers(self.port), "web server", 60, tell=self.story)
        return program

    def _start(self, command: list[str], name: str, env: Mapping[str, str]) -> Program:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}  # noqa: TID251
        log = self.folder_of_logs() / f"{name}-{next(self._numbers)}.log"
        program = Program(command, {**kept, **self.env, **env}, log)
        self.programs.append(program)
        return program

    def folder_of_logs(self) -> Path:
        """The logs' folder, beside the data: a full disk of data must not stop them."""
        folder = self._own / "logs"
        folder.mkdir(exist_ok=True)
        return folder

    def _workers(self) -> set[str]:
        broker = self.broker()
        names = broker.smembers("rq:workers:runs")
        living = {str(name) for name in names if broker.exists(name)}
        broker.close()
        return living

    def broker(self) -> Redis:
        """Return a client of the queue server, to be closed."""
        return Redis.from_url(self.settings.queue, socket_timeout=5)

    def close(self) -> None:
        for program in self.programs:
            program.close()
        if self.queue is not None:
            self.queue.kill()
            self.queue.wait()
        if hasattr(self, "app"):
            with self.app.app_context():
                get_broker().connection_pool.disconnect()
                db.session.remove()
                db.engine.dispose()
        shutil.rmtree(self._own, ignore_errors=True)
        if self.settings.queue_dir.exists():
            shutil.rmtree(self.settings.queue_dir, ignore_errors=True)

    # Runs

    def submit(self, samples: int, **options: Any) -> str:
        """Start a run of so many samples."""
        request = RunRequest(
            benchmark="gsm8k",
            protocol="openbench",
            model=options.pop("model", MODEL),
            **{"limit": samples, "order": "first", "max_connections": CONNECTIONS, **options},
        )
        with self.app.app_context():
            return submit_run(request, self.account_id, True, self.settings)

    def resume(self, run_id: str, **options: Any) -> None:
        with self.app.app_context():
            lifecycle.resume_run(run_id, self.account_id, **options)

    def cancel(self, run_id: str) -> None:
        with self.app.app_context():
            lifecycle.cancel_run(run_id, self.account_id)

    def delete_account(self) -> None:
        """Remove the account and all that is its."""
        with self.app.app_context():
            delete_account(self.account_id, PASSWORD)

    @property
    def token(self) -> str:
        """A token of the account."""
        if not self._token:
            with self.app.app_context():
                self._token, _info = api_tokens.create_token(self.account_id, "faults", ["write"])
        return self._token

    def http(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Ask the web server as the account's API client; returns status and JSON or text."""
        request = Request(  # noqa: S310 - our own server
            f"http://127.0.0.1:{self.port}{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        try:
            with urlopen(request, timeout=10) as reply:  # noqa: S310 - our own server
                return reply.status, _parsed(reply.read())
        except HTTPError as error:
            with error:
                return error.code, _parsed(error.read())

    def pass_time(self, seconds: float) -> None:
        """Let all that is planned for deliveries come so much nearer."""
        with self.app.app_context(), transaction() as session:
            for row in session.scalars(db.select(Delivery).where(Delivery.status == "pending")):
                if row.next_attempt_at is not None:
                    row.next_attempt_at -= timedelta(seconds=seconds)

    @contextmanager
    def context(self) -> Iterator[None]:
        """An app context with fresh reads."""
        with self.app.app_context():
            yield
            db.session.rollback()

    def run(self, run_id: str) -> dict[str, Any]:
        """Return a run's row as it is now; empty when there is none."""
        with self.context():
            found = db.session.get(Run, run_id)
            if found is None:
                return {}
            return {column.key: getattr(found, column.key) for column in Run.__table__.columns}

    def status(self, run_id: str) -> str:
        return str(self.run(run_id).get("status"))

    def wait_for_status(self, run_id: str, *wanted: str, timeout_s: float = 40.0) -> float:
        """Wait and return how long it took, in seconds."""
        began = time.monotonic()
        while (status := self.status(run_id)) not in wanted:
            waited_s = time.monotonic() - began
            if waited_s > timeout_s or (status in ("failed", "paused") and waited_s > 1):
                run = self.run(run_id)
                raise AssertionError(
                    f"{status} {run['done']}/{run['total']} {run['failure']} after "
                    f"{waited_s:.1f} s, not {wanted}\n{self.story()}"
                )
            time.sleep(0.02)
        return time.monotonic() - began

    def wait_for_claim(self, run_id: str, other_than: str | None = None) -> int:
        """Return the id of the process that works on a run."""
        wait_until(
            lambda: (self.run(run_id)["lease_token"] or other_than) != other_than, "the claim"
        )
        return worker_of(self.run(run_id))

    def can_write(self) -> bool:
        """Whether the database can be written at once; PostgreSQL always can."""
        if self.settings.database_url is not None:
            return True
        path = self.folder / "data" / "studio.db"
        with closing(sqlite3.connect(path, isolation_level=None, timeout=0.2)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            return True

    def deliveries(self, run_id: str) -> list[Delivery]:
        """Return a run's deliveries."""
        with self.context():
            rows = list(db.session.scalars(db.select(Delivery).where(Delivery.run_id == run_id)))
            for row in rows:
                db.session.refresh(row, ["attempts"])
            db.session.expunge_all()
            return rows

    def queue_answers(self) -> bool:
        broker = self.broker()
        try:
            return bool(broker.ping())
        except RedisError:
            return False
        finally:
            broker.close()

    def story(self) -> str:
        """Return the end of the logs without what is for debugging only."""
        lines = [line for line in self.logs().splitlines() if " DEBUG " not in line]
        return "\n".join(lines[-60:])

    def logs(self) -> str:
        """Return what all processes have written."""
        return "\n".join(program.text for program in self.programs)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode()


def worker_of(run: dict[str, Any]) -> int:
    """Return the process id in a run's lease, 0 without one."""
    return int(run["lease_token"].split("/")[1]) if run["lease_token"] else 0


def parent_of(pid: int) -> int:
    """Return the id of the parent: of a work-horse, its worker; of a worker, the pool."""
    return int(psutil.Process(pid).ppid())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def jobs_of_deliveries(studio: Studio) -> list[str]:
    """Return the keys of jobs of deliveries that the queue server knows, in whatever state."""
    broker = studio.broker()
    kinds = ("job:delivery-*", "queue:webhooks*", "wip:webhooks", "failed:webhooks")
    keys = [key.decode() for kind in kinds for key in broker.scan_iter(f"rq:{kind}")]
    broker.close()
    return keys
