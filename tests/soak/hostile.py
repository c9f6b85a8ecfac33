"""Hostile accounts of the soak, in a process of their own: ``python -m tests.soak.hostile``.

Standard input is one JSON object: ``url`` of the site, ``tokens`` of the accounts. Each account
does all of this until the process is ended: runs on a model that never answers, short runs whose
events go to twenty receivers that never answer, large uploads, slow sockets, floods of live views.
At the end of standard input it prints what arrived, a JSON object of counts, and ends: an attack
that was refused or never got through must not pass for one that was held off.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import random
import sys
import threading
import time
from collections import Counter
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

    def __init__(self, url: str, token: str, receiver: str, arrived: Counter[str]) -> None:
        self._arrived = arrived
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
            if self._ask("POST", "/webhooks", json=body).status_code == 201:
                self._arrived["webhooks"] += 1

    def start_hanging_run(self) -> None:
        """Start a run whose model never answers, with as many connections as may be asked for."""
        body = {"benchmark": "gsm8k", "model": "scripted/fault:hang", "max_connections": 64}
        answer = self._ask("POST", "/runs", json=body)
        if answer.status_code == 201:
            self._arrived["hanging runs"] += 1
            self.run_ids = [*self.run_ids[-3:], answer.json()["run_id"]]
        time.sleep(15)

    def start_short_run(self) -> None:
        """Start a run that ends at once, and so sends an event to every receiver."""
        body = {"benchmark": "gen_word_problems", "model": "simulated/expert", "limit": 1}
        if self._ask("POST", "/runs", json=body).status_code == 201:
            self._arrived["short runs"] += 1
        time.sleep(20)

    def upload(self) -> None:
        """Send a large file to be looked at."""
        row = b"What is the answer to everything?," + b"x" * 1000 + b",42\n"
        file = io.BytesIO(b"question,hint,target\n" + row * (UPLOAD_MB * 1_000_000 // len(row)))
        answer = self._ask("POST", "/benchmarks/own/preview", files={"file": ("rows.csv", file)})
        if answer.ok:
            self._arrived["uploads"] += 1
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
                    answered = await reader.read(65536)
                    if answered.startswith(b"HTTP/1.1 200"):
                        self._arrived["live views"] += 1
                    while await reader.read(65536):
                        pass
                    writer.close()
            await asyncio.sleep(1 + _rng.random())


async def hold_slowly(url: str, arrived: Counter[str]) -> None:
    """Send half a request, a byte a second, and begin again when the server ends it."""
    address = urlsplit(url)
    head = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    starts = (head, head + b"Content-Length: 5000\r\n\r\n{", b"GE")
    while True:
        with contextlib.suppress(OSError):
            _reader, writer = await asyncio.open_connection(address.hostname, address.port)
            arrived["slow sockets"] += 1
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


async def main() -> None:
    """Attack until standard input ends; then print what arrived."""
    told = json.loads(await asyncio.to_thread(sys.stdin.readline))
    arrived: Counter[str] = Counter()

    async def never_answer(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        arrived["deliveries"] += 1
        while await reader.read(65536):
            pass

    server = await asyncio.start_server(never_answer, "127.0.0.1", 0)
    receiver = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    attackers = [Attacker(told["url"], token, receiver, arrived) for token in told["tokens"]]
    for attacker in attackers:
        await asyncio.to_thread(attacker.add_receivers)
    tasks = []
    for attacker in attackers:
        for deed in (attacker.start_hanging_run, attacker.start_short_run, attacker.upload):
            threading.Thread(target=_forever, args=(deed,), daemon=True).start()
        tasks += [asyncio.ensure_future(attacker.view()) for _ in range(VIEWS)]
        tasks += [
            asyncio.ensure_future(hold_slowly(told["url"], arrived)) for _ in range(SLOW_SOCKETS)
        ]
    sys.stdout.write("attacking\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    sys.stdout.write(json.dumps(arrived) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
