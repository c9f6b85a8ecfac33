"""Hostile accounts of the soak, in a process of their own: ``python -m tests.soak.hostile``.

Standard input is one JSON object: ``url`` of the site, ``tokens`` of the accounts. Each account
does all of this until the process is ended: runs on a model that never answers, short runs whose
events go to twenty receivers that never answer, large uploads, slow sockets, floods of live views.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import random
import sys
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests

HANGING_RECEIVERS = 20
UPLOAD_MB = 20
SLOW_SOCKETS = 100
VIEWS = 64
_rng = random.Random(1)  # noqa: S311 - not a secret


class Attacker:
    """One hostile account."""

    def __init__(self, url: str, token: str, receiver: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"}
        self._receiver = receiver
        self.run_ids: list[str] = []

    def _ask(self, method: str, path: str, **options: Any) -> requests.Response:
        return requests.request(
            method, f"{self._url}/api/v1{path}", headers=self._headers, timeout=120, **options
        )

    def add_receivers(self) -> None:
        """Add webhooks that never answer."""
        for number in range(HANGING_RECEIVERS):
            body = {"url": f"{self._receiver}/{number}", "events": ["run.completed"]}
            self._ask("POST", "/webhooks", json=body)

    def start_hanging_run(self) -> None:
        """Start a run whose model never answers, with as many connections as may be asked for."""
        body = {"benchmark": "gsm8k", "model": "scripted/fault:hang", "max_connections": 64}
        answer = self._ask("POST", "/runs", json=body)
        if answer.status_code == 201:
            self.run_ids = [*self.run_ids[-3:], answer.json()["run_id"]]
        time.sleep(15)

    def start_short_run(self) -> None:
        """Start a run that ends at once, and so sends an event to every receiver."""
        body = {"benchmark": "gen_word_problems", "model": "simulated/expert", "limit": 1}
        self._ask("POST", "/runs", json=body)
        time.sleep(20)

    def upload(self) -> None:
        """Send a large file to be looked at."""
        row = b"What is the answer to everything?," + b"x" * 1000 + b",42\n"
        file = io.BytesIO(b"question,hint,target\n" + row * (UPLOAD_MB * 1_000_000 // len(row)))
        self._ask("POST", "/benchmarks/own/preview", files={"file": ("rows.csv", file)})
        time.sleep(5)

    async def view(self) -> None:
        """Hold a live view of a run, and open it anew when it ends."""
        address = urlsplit(self._url)
        while True:
            if self.run_ids:
                head = (
                    f"GET /api/v1/runs/{_rng.choice(self.run_ids)}/events HTTP/1.1\r\nHost: x\r\n"
                    f"Authorization: {self._headers['Authorization']}\r\n\r\n"
                )
                with contextlib.suppress(OSError):
                    reader, writer = await asyncio.open_connection(address.hostname, address.port)
                    writer.write(head.encode())
                    while await reader.read(65536):
                        pass
                    writer.close()
            await asyncio.sleep(1 + _rng.random())


async def hold_slowly(url: str) -> None:
    """Send half a request, a byte a second, and begin again when the server ends it."""
    address = urlsplit(url)
    head = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    starts = (head, head + b"Content-Length: 5000\r\n\r\n{", b"GE")
    while True:
        with contextlib.suppress(OSError):
            _reader, writer = await asyncio.open_connection(address.hostname, address.port)
            writer.write(_rng.choice(starts))
            for _ in range(600):
                await asyncio.sleep(1)
                writer.write(b"x")
                await writer.drain()
        await asyncio.sleep(0.2)


def _forever(do: Callable[[], None]) -> None:
    while True:
        try:
            do()
        except (requests.RequestException, ValueError, KeyError):
            time.sleep(1)


async def _never_answer(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    while await reader.read(65536):
        pass


async def main() -> None:
    """Attack until the process is ended."""
    told = json.loads(sys.stdin.readline())
    server = await asyncio.start_server(_never_answer, "127.0.0.1", 0)
    receiver = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    attackers = [Attacker(told["url"], token, receiver) for token in told["tokens"]]
    for attacker in attackers:
        await asyncio.to_thread(attacker.add_receivers)
    tasks = []
    for attacker in attackers:
        for deed in (attacker.start_hanging_run, attacker.start_short_run, attacker.upload):
            threading.Thread(target=_forever, args=(deed,), daemon=True).start()
        tasks += [asyncio.ensure_future(attacker.view()) for _ in range(VIEWS)]
        tasks += [asyncio.ensure_future(hold_slowly(told["url"])) for _ in range(SLOW_SOCKETS)]
    sys.stdout.write("attacking\n")
    sys.stdout.flush()
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    asyncio.run(main())
