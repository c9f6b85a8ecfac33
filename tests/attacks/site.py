"""The Studio under attack: everything that ``scripts/start`` starts, and its accounts."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from app.services.accounts import accounts, api_tokens
from app.services.connections import store
from app.services.webhooks import endpoints
from tests.app_fixtures import PASSWORD
from tests.faults.processes import Program, wait_until
from tests.faults.provider import Provider
from tests.faults.studio import CANARY, Studio

ELSEWHERE = "127.0.0.2"
"""The address of attackers: what comes from one address waits for its turn together."""

ENDED = frozenset({"completed", "failed", "canceled", "paused"})


class Site(Studio):
    """An embedded installation with the settings that a new user has."""

    def __init__(self, mirror: Path, provider: Provider, **settings: str) -> None:
        settings.setdefault("WORKERS", "2")
        settings.setdefault("WEB_PROCESSES", "2")
        settings.setdefault("WEB_THREADS", "64")
        settings.setdefault("LOG_LEVEL", "INFO")
        super().__init__(None, mirror, provider, folder=None, **settings)
        self.program: Program

    @property
    def url(self) -> str:
        """Where its web server is."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start everything; returns when the Studio says that it is ready."""
        program = self._start(["app.supervisor"], "supervisor", {})
        self.program = program
        wait_until(self.is_ready, "the Studio", 120, tell=self.story)
        self.open_beside()

    def is_ready(self) -> bool:
        """Whether it serves, and workers wait for runs."""
        try:
            ready = requests.get(f"{self.url}/ready", timeout=5).status_code == 200
        except requests.RequestException:
            return False
        return ready and len(self._workers()) >= self.settings.workers

    def account(self, name: str, **connection: Any) -> Account:
        """Make an account; its connection ``scripted`` goes to the provider unless told else."""
        with self.app.app_context():
            account_id = accounts.register_account(f"{name}@example.org", PASSWORD).id
            changes: dict[str, Any] = {
                "kind": "openai_compatible",
                "base_url": self.provider.base_url,
                "api_key": CANARY,
                **connection,
            }
            # As an administrator's: only they may name servers on this machine.
            store.save_connection(account_id, True, "scripted", changes)  # type: ignore[arg-type]
            token, _ = api_tokens.create_token(account_id, "attack", ["read", "write"])
        return Account(self, name, account_id, token)


@dataclass(frozen=True)
class Account:
    """One account of the site, as a client of its API."""

    site: Site
    name: str
    id: int
    token: str

    def http(
        self, method: str, path: str, body: object = None, *, timeout_s: float = 30, **options: Any
    ) -> requests.Response:
        """Send a request of this account and return the answer, whatever it is."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        if body is not None:
            options["json"] = body
        return requests.request(
            method, f"{self.site.url}{path}", headers=headers, timeout=timeout_s, **options
        )

    def submit(self, samples: int, **fields: Any) -> str:
        """Start a run of so many samples over the API; returns its id."""
        body = {
            "benchmark": "gsm8k",
            "protocol": "openbench",
            "model": "scripted/fake-large",
            "limit": samples,
            "order": "first",  # whose answers are known
            "max_connections": 8,
            **fields,
        }
        answer = self.http("POST", "/api/v1/runs", body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["run_id"])

    def run(self, run_id: str) -> dict[str, Any]:
        """Return a run as the API shows it."""
        answer = self.http("GET", f"/api/v1/runs/{run_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def wait_for_end(self, run_id: str, timeout_s: float = 120.0) -> dict[str, Any]:
        """Return a run when it has ended."""
        deadline = time.monotonic() + timeout_s
        while (run := self.run(run_id))["status"] not in ENDED:
            assert time.monotonic() < deadline, f"{run['status']} {run['counts']}"
            time.sleep(0.2)
        return run

    def add_webhook(self, url: str) -> str:
        """Have all events sent to ``url``; returns the endpoint's id."""
        with self.site.app.app_context():
            hook_id, _ = endpoints.create_webhook(
                self.id, {"url": url, "events": list(endpoints.EVENTS)}
            )
        return hook_id
