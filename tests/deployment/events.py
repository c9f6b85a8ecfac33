"""Reads a stream of server-sent events as they arrive."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.deployment.site import Client


@dataclass(frozen=True, slots=True)
class Arrived:
    """An event and when it came, in seconds since the epoch."""

    at: float
    id: str
    name: str
    data: Any


@dataclass(slots=True)
class Listener:
    """Follows a run's events in a thread, and connects again when cut, as a browser does."""

    client: Client
    path: str
    reconnect: bool = False
    events: list[Arrived] = field(default_factory=list)
    cuts: int = 0
    refusals: list[int] = field(default_factory=list)
    _thread: threading.Thread | None = None
    _over: bool = False

    def start(self) -> Listener:
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()
        return self

    def wait_done(self, timeout_s: float) -> None:
        """Wait for the run's last event, or for the cut where none reconnects."""
        assert self._thread is not None
        self._thread.join(timeout_s)
        assert not self._thread.is_alive(), (
            f"{len(self.events)} events, not done; the last: {self.events[-4:]}"
        )

    def stop(self) -> None:
        self._over = True

    def _follow(self) -> None:
        while not self._over:
            try:
                self._read()
            except requests.RequestException:
                self.refusals.append(0)
            if not self.reconnect or any(event.name == "done" for event in self.events):
                return
            self.cuts += 1
            time.sleep(0.2)

    def _read(self) -> None:
        headers = {"Accept": "text/event-stream"}
        if self.events:
            headers["Last-Event-ID"] = self.events[-1].id
        with self.client.get(self.path, headers=headers, stream=True, timeout=60) as answer:
            if answer.status_code != 200:
                self.refusals.append(answer.status_code)
                return
            event: dict[str, str] = {}
            for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
                if self._over:
                    return
                name, _, value = line.partition(": ")
                if line:
                    event[name] = value
                elif "data" in event:
                    self.events.append(
                        Arrived(
                            time.time(),
                            event.get("id", ""),
                            event.get("event", ""),
                            json.loads(event["data"]),
                        )
                    )
                    event = {}
                else:
                    event = {}
