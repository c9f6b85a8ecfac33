"""What must hold while a site is attacked: little memory, quick answers, no process restarted."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time

import psutil

from tests.attacks.site import Site

MEMORY_LIMIT_MB = 430.0
HEALTH_LIMIT_S = 1.0
_MEMORY_EVERY_S = 0.3
_HEALTH_EVERY_S = 0.2
_STALLS = 2
_LONGEST_STALL = 3
"""What the machine may do to single answers: an attack that holds up the site does it to many."""


class Watch:
    """Looks at a site from two threads, from ``start`` to ``stop``.

    Attributes:
        peak_mb: The most memory that all processes of the site held together (each shared page
            counted once), in MB.
        at_peak: What each of them held then.
        health_s: How long each ``GET /health`` on a new connection took.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._watch_memory, daemon=True),
            threading.Thread(target=self._watch_health, daemon=True),
        ]
        self.peak_mb = 0.0
        self.at_peak: list[str] = []
        self.health_s: list[float] = []
        self.health_failures: list[str] = []
        self._lasting: set[psutil.Process] = set()

    def start(self) -> None:
        """Begin to look; what runs now must still run at the end."""
        self._lasting = lasting_processes(self._site)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        for thread in self._threads:
            thread.join(30)

    def check(
        self, *, memory_mb: float = MEMORY_LIMIT_MB, health_s: float = HEALTH_LIMIT_S
    ) -> None:
        """Fail where a bound was passed."""
        story = self._site.story
        assert not self.health_failures, f"{self.health_failures[:3]}\n{story()}"
        assert self.health_s, "no answer of /health was seen"
        held = "\n".join(self.at_peak)
        assert self.peak_mb < memory_mb, f"{self.peak_mb:.0f} MB:\n{held}\n{story()}"
        late = sorted(taken for taken in self.health_s if taken >= health_s)
        assert len(late) <= _STALLS, f"/health took {late} s\n{story()}"
        assert not late or late[-1] < _LONGEST_STALL * health_s, f"/health took {late} s\n{story()}"
        ended = [process for process in self._lasting if not process.is_running()]
        assert not ended, f"restarted: {ended}\n{story()}"

    def _watch_memory(self) -> None:
        while not self._over.is_set():
            held = memory_of_each_mb(self._site)
            if (total := sum(held.values())) > self.peak_mb:
                self.peak_mb = total
                self.at_peak = [f"{mb:.0f} MB {name}" for name, mb in held.items()]
            self._over.wait(_MEMORY_EVERY_S)

    def _watch_health(self) -> None:
        while not self._over.is_set():
            began = time.monotonic()
            try:
                status = _get_health(self._site.port)
            except (OSError, http.client.HTTPException) as error:
                self.health_failures.append(f"{error!r} after {time.monotonic() - began:.1f} s")
            else:
                self.health_s.append(time.monotonic() - began)
                if status != 200:
                    self.health_failures.append(f"status {status}")
            self._over.wait(_HEALTH_EVERY_S)


def _get_health(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    with contextlib.closing(connection):
        connection.request("GET", "/health")
        answer = connection.getresponse()
        answer.read()
        return answer.status


def family(site: Site) -> list[psutil.Process]:
    """Return all living processes of the site: the supervisor and whatever it has started."""
    return site.program.family()


def lasting_processes(site: Site) -> set[psutil.Process]:
    """Return those that only an accident ends: the supervisor, its programs, and their children.

    Processes of single jobs are further down.
    """
    root = psutil.Process(site.program.process.pid)
    programs = root.children()
    return {root, *programs, *(child for each in programs for child in each.children())}


def memory_mb(site: Site) -> float:
    """Return the memory of all processes of the site in MB, each shared page counted once."""
    return sum(memory_of_each_mb(site).values())


def memory_of_each_mb(site: Site) -> dict[str, float]:
    """Return the same by process: its name and number."""
    held = {}
    for process in family(site):
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            held[f"{process.name()} {process.pid}"] = process.memory_full_info().pss / 1e6
    return held
