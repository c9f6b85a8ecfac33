"""A Studio of real processes, as a user starts it, and one account's view of its API."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from app.config import Settings
from tests.app_fixtures import PASSWORD
from tests.faults.studio import free_port
from tests.queue_fixtures import forget_attempts

ROOT = Path(__file__).parents[2]
ENDED = frozenset({"completed", "failed", "canceled", "paused"})
Samples = list[dict[str, Any]]


def until(condition: Callable[[], Any], what: str, deadline_s: float) -> Any:
    """Return what ``condition`` returns once it is true."""
    end = time.monotonic() + deadline_s
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, f"{what}: not within {deadline_s:g} s"
        time.sleep(0.1)


class Site:
    """One Studio with its first account, an administrator.

    Args:
        settings: Environment variables besides those of every site.
    """

    def __init__(self, **settings: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="obs-interop-"))
        self.url = f"http://127.0.0.1:{free_port()}"
        inherited = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
        self._environment = {
            **inherited,
            "PYTHONPATH": str(ROOT),
            "DATA_DIR": str(self._folder / "data"),
            "PORT": self.url.rpartition(":")[2],
            "WORKERS": "2",
            "WEB_PROCESSES": "1",
            **settings,
        }
        self._log = (self._folder / "log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "app.supervisor"],
            cwd=self._folder,
            env=self._environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._session = requests.Session()
        self._session.trust_env = False

    def open(self) -> None:
        """Wait for it and register the account."""
        until(self._is_ready, "the Studio", 120)
        account = {"email": "ada@example.org", "password": PASSWORD}
        self.call("POST", "/auth/register", account)
        token = self.call("POST", "/auth/login", {**account, "token_name": "interop"})["token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        """End it and remove what it kept."""
        self._process.terminate()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the API; fails with what it says."""
        answer = self._session.request(method, f"{self.url}/api/v1{path}", json=body, timeout=60)
        assert answer.status_code < 400, answer.text
        return answer.json() if answer.content else None

    def connect(self, name: str, kind: str, base_url: str, **fields: Any) -> dict[str, Any]:
        """Save a connection and return what its test says."""
        self.call("PUT", f"/connections/{name}", {"kind": kind, "base_url": base_url, **fields})
        tested: dict[str, Any] = self.call("POST", f"/connections/{name}/test")
        return tested

    def start(self, model: str, **options: Any) -> str:
        """Start a run and return its id."""
        settings = Settings(_env_file=None, data_dir=self._folder / "data")  # type: ignore[call-arg]
        forget_attempts(settings)
        asked = {"benchmark": "gen_chain_sum", "model": model, "max_tokens": 16, **options}
        return str(self.call("POST", "/runs", asked)["run_id"])

    def run(self, run_id: str) -> dict[str, Any]:
        """Return a run."""
        found: dict[str, Any] = self.call("GET", f"/runs/{run_id}")
        return found

    def end_of(self, run_id: str, deadline_s: float = 180.0) -> dict[str, Any]:
        """Return a run once it ended."""
        until(lambda: self.run(run_id)["status"] in ENDED, f"the end of {run_id}", deadline_s)
        return self.run(run_id)

    def finish(self, model: str, **options: Any) -> dict[str, Any]:
        """Start a run and return it once it ended."""
        return self.end_of(self.start(model, **options))

    def answered(self, name: str, kind: str, base_url: str, model: str, **fields: Any) -> Samples:
        """Return the samples of a run on a server, once it is listed, tested and answered."""
        tested = self.connect(name, kind, base_url, **fields)
        assert tested["ok"], tested
        run = self.finish(f"{name}/{model}", limit=4)
        samples = self.samples(run["run_id"])
        counts = run["counts"]
        assert (run["status"], counts["done"], counts["error"]) == ("completed", 4, 0), samples[0]
        assert all(1 <= sample["output_tokens"] <= 16 for sample in samples)
        return samples

    def samples(self, run_id: str) -> Samples:
        """Return the samples of a run, each with all that is known of it."""
        listed = self.call("GET", f"/runs/{run_id}/samples?limit=200")["items"]
        return [self.call("GET", f"/runs/{run_id}/samples/{one['sample_id']}") for one in listed]

    def log(self) -> str:
        """Return what its processes wrote."""
        return (self._folder / "log").read_text(errors="replace")

    def _is_ready(self) -> bool:
        assert self._process.poll() is None, self.log()
        try:
            return self._session.get(f"{self.url}/ready", timeout=5).status_code == 200
        except requests.RequestException:
            return False
