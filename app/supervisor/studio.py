"""Starts queue server, web server and worker pool, watches them, and ends them together."""

from __future__ import annotations

import errno
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from app import disk
from app.broker import queue_server
from app.config import Settings
from app.errors import ConfigError
from app.lifeline import die_with_parent
from app.supervisor import readiness
from app.supervisor.service import GaveUp, Service
from app.supervisor.terminal import complain, say

ROOT = Path(__file__).parents[2]
READY_TIMEOUT_S = 180.0  # a small or busy machine takes a minute; what died is told at once
STOP_TIMEOUT_S = 30.0
_POLL_S = 0.2
_QUEUE_CHECK_S = 2.0
_QUEUE_SILENCE_S = 30.0  # a server that runs may be busy, or stopped for a moment
_NO_ROOM_PAUSE_S = 5.0


class Stopped(Exception):
    """A signal asked to stop."""


class Studio:
    """All programs of one installation on one machine."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._queue: subprocess.Popen[bytes] | None = None
        self._queue_checked_at = 0.0
        self._queue_heard_at = 0.0
        self._short_of_room = False
        self._started = False
        self._services: list[Service] = []
        self._signals = 0

    @property
    def address(self) -> str:
        """The URL of the Studio for a browser on this machine."""
        return self._settings.local_address

    def start(self) -> None:
        """Start all programs; returns once the Studio answers.

        Raises:
            ConfigError: The port is taken, the queue server or the migration failed.
            GaveUp: A program ends again and again, or does not become ready.
            Stopped: Asked to stop meanwhile.
        """
        self._take_signals()
        check_port(self._settings.host, self._settings.port)
        self._wait_for_room(self._tend_queue)
        self._wait_for_room(self._migrate)
        self._started = True
        for service in self._services:
            service.start()
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not readiness.answers(self._settings, "/ready"):
            if time.monotonic() > deadline and not self._lacks_room():
                raise GaveUp(f"The Studio was not ready within {READY_TIMEOUT_S:.0f} s.")
            self.tend()

    def tend(self) -> None:
        """Check all programs once, then wait a little.

        Raises:
            GaveUp: One of them ended too often.
            ConfigError: The queue server cannot be started again.
            Stopped: A signal asked to stop.
        """
        if self._signals:
            raise Stopped
        if time.monotonic() - self._queue_checked_at > _QUEUE_CHECK_S:
            self._tend_queue()
        for service in self._services:
            news = service.tend()
            if news:
                complain(news)
        time.sleep(_POLL_S)

    def stop(self) -> None:
        """Stop everything: runs checkpoint, the queue server stops last. A second Ctrl-C kills."""
        asked = self._signals
        for service in self._services:
            service.ask_to_stop()
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while any(service.is_running() for service in self._services):
            if time.monotonic() > deadline or self._signals > max(asked, 1):
                break
            time.sleep(0.05)
        for service in self._services:
            service.kill()
        if self._queue is not None:
            queue_server.stop(self._queue)

    def _tend_queue(self) -> None:
        moment = self._queue_checked_at = time.monotonic()
        folder = self._settings.queue_dir
        if self._settings.redis_url is not None:
            return
        if queue_server.is_alive(folder):
            self._queue_heard_at = moment
            queue_server.trim_log(folder)
            return
        if self._queue is not None:
            if self._queue.poll() is None and moment - self._queue_heard_at < _QUEUE_SILENCE_S:
                return
            complain("The queue server ended; starting it again.")
            queue_server.stop(self._queue)
            self._queue = None
        try:
            self._queue = queue_server.ensure(
                folder, in_child=lambda: die_with_parent(signal.SIGTERM)
            )
        except (ConfigError, OSError) as error:
            if not self._started or not self._lacks_room(error):
                raise
        self._queue_heard_at = time.monotonic()

    def _wait_for_room(self, step: Callable[[], None]) -> None:
        """Do a step of the start, retrying it while the disk is full."""
        while True:
            try:
                return step()
            except (ConfigError, OSError) as error:
                if not self._lacks_room(error):
                    raise
                disk.release_reserve(self._settings.data_dir)
            deadline = time.monotonic() + _NO_ROOM_PAUSE_S
            while time.monotonic() < deadline:
                if self._signals:
                    raise Stopped
                time.sleep(_POLL_S)

    def _lacks_room(self, error: BaseException | None = None) -> bool:
        """Return whether a full disk explains the error; tells the operator once."""
        settings = self._settings
        room = disk.measure(settings.data_dir, settings.min_free_disk_bytes)
        lacking = room.level != "ok" or disk.is_full(error)
        if lacking and not self._short_of_room:
            complain(
                f"The disk of DATA_DIR ({settings.data_dir}) is full: "
                f"{room.free_bytes // 10**6} MB are left. Free some space; the Studio then "
                "continues by itself."
            )
        self._short_of_room = lacking
        return lacking

    def _migrate(self) -> None:
        """Prepare the database in a process of its own, and import the application meanwhile."""
        command = [sys.executable, "-m", "app.supervisor.migration"]
        with subprocess.Popen(command, cwd=ROOT) as migration:  # noqa: S603 - our own command
            if not self._services:
                self._services = self._make_services()
        if self._signals:
            raise Stopped
        if migration.returncode:
            raise ConfigError("The database could not be prepared; see the messages above.")

    def _make_services(self) -> list[Service]:
        from app.supervisor import programs  # a second's work, done beside the migration

        app = programs.build_image(self._settings, pages=True)
        return programs.make_services(app, self._settings, self._lacks_room)

    def _take_signals(self) -> None:
        signal.signal(signal.SIGINT, self._note_signal)
        signal.signal(signal.SIGTERM, self._note_signal)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup
            signal.signal(signal.SIGHUP, self._note_signal)

    def _note_signal(self, signum: int, frame: FrameType | None) -> None:
        self._signals += 1


def check_port(host: str, port: int) -> None:
    """Make sure that the web server can listen there.

    Raises:
        ConfigError: It cannot; the text says why and what to do.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise ConfigError(
                    f"Port {port} on {host} is in use, perhaps by a Studio that is already "
                    "running. Choose another: "
                    f"PORT={port + 1 if port < 65535 else 8000} scripts/start"
                ) from None
            raise ConfigError(
                f"Cannot listen on {host}:{port}: {error.strerror}. Check HOST and PORT."
            ) from None


def announce(studio: Studio, settings: Settings, remark: str | None) -> None:
    """Print the Studio's address, how to stop it, and a remark."""
    say(f"\n  OpenBench Studio is ready: {studio.address}")
    say(f"  Data: {settings.data_dir.resolve()}   Press Ctrl-C to stop it.\n")
    if remark:
        say(remark)
