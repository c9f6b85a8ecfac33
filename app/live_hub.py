"""The hub: one subscription per web process, handed on to all its viewers."""

from __future__ import annotations

import contextlib
import enum
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from redis import Redis
from redis.client import PubSub
from redis.exceptions import RedisError

from app.errors import Unavailable

_POLL_S = 1.0
_PING_EVERY_S = 15.0
_PATIENCE_S = 5.0  # so long may the queue server be away before viewers are sent to polling
_INBOX_SIZE = 200
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a run; ``data`` is JSON."""

    id: str
    name: str
    data: str


class Signal(enum.Enum):
    """What a viewer finds in its inbox besides events."""

    REPLAY = enum.auto()  # something may have been missed
    STOP = enum.auto()  # no more will come from this process
    IDLE = enum.auto()  # nothing came for a while


STOP = Signal.STOP
Inbox = queue.Queue[Event | Signal]


class Hub:
    """Listens, in one thread that exists only while there are viewers.

    Args:
        connect: Makes a connection that does not reconnect by itself.
        pattern: The channels to listen to.
        capacity: Viewers at the same time; each holds a thread of the web server.
    """

    process_is_alive: ClassVar[Callable[[], bool]] = staticmethod(lambda: True)

    def __init__(self, connect: Callable[[], Redis], *, pattern: str, capacity: int) -> None:
        self._connect = connect
        self._pattern = pattern
        self._capacity = capacity
        self._lock = threading.Lock()
        self._inboxes: dict[str, set[Inbox]] = {}
        self._thread: threading.Thread | None = None

    def viewers(self) -> int:
        """Return how many streams are open."""
        with self._lock:
            return self._count()

    def enter(self, channel: str) -> Inbox:
        """Return a new inbox for the events of ``channel``.

        Raises:
            Unavailable: All places are taken.
        """
        inbox: Inbox = queue.Queue(_INBOX_SIZE)
        with self._lock:
            if self._count() >= self._capacity:
                raise Unavailable(
                    "Too many live views are open; this page refreshes itself instead.",
                    code="live_full",
                    retry_after_s=10,
                )
            self._inboxes.setdefault(channel, set()).add(inbox)
            if self._thread is None:  # not at import: the web server forks before it serves
                self._thread = threading.Thread(target=self._listen, name="live-hub", daemon=True)
                self._thread.start()
        return inbox

    def leave(self, channel: str, inbox: Inbox) -> None:
        """Give the place back; again is harmless."""
        with self._lock:
            inboxes = self._inboxes.get(channel, set())
            inboxes.discard(inbox)
            if not inboxes:
                self._inboxes.pop(channel, None)

    def _count(self) -> int:
        return sum(map(len, self._inboxes.values()))

    def _listen(self) -> None:
        lost_at: float | None = None
        while self._goes_on():
            try:
                with self._connect() as connection, connection.pubsub() as pubsub:
                    pubsub.psubscribe(self._pattern)
                    lost_at = None
                    self._follow(pubsub)
            except RedisError as error:
                lost_at = lost_at or time.monotonic()
                if time.monotonic() - lost_at > _PATIENCE_S:
                    _log.warning("live views stopped", extra={"reason": str(error)})
                    self._tell_all(Signal.STOP)
                time.sleep(_POLL_S)

    def _goes_on(self) -> bool:
        """Return whether to listen on; the thread's end is decided under the lock of `enter`."""
        alive = Hub.process_is_alive()
        with self._lock:
            if alive and self._inboxes:
                return True
            self._thread = None
        if not alive:
            self._tell_all(Signal.STOP)
        return False

    def _follow(self, pubsub: PubSub) -> None:
        pinged_at = time.monotonic()
        while True:
            message = pubsub.get_message(timeout=_POLL_S)
            if message is not None:
                self._hand_on(message)
            if time.monotonic() - pinged_at > _PING_EVERY_S:
                pinged_at = time.monotonic()
                pubsub.ping()  # a connection that died in silence fails here
            if not Hub.process_is_alive() or not self.viewers():
                return

    def _hand_on(self, message: dict[str, Any]) -> None:
        if message["type"] == "psubscribe":
            # Only from here on nothing is missed.
            self._tell_all(Signal.REPLAY)
        elif message["type"] == "pmessage":
            id_, name, data = message["data"].decode().split(" ", 2)
            with self._lock:
                inboxes = list(self._inboxes.get(message["channel"].decode(), ()))
            for inbox in inboxes:
                _put(inbox, Event(id_, name, data))

    def _tell_all(self, signal: Signal) -> None:
        with self._lock:
            inboxes = [inbox for of_channel in self._inboxes.values() for inbox in of_channel]
        for inbox in inboxes:
            _put(inbox, signal)


def stop_streams_unless(alive: Callable[[], bool]) -> None:
    """End all streams of this process soon after ``alive`` turns false.

    The web server sets it: otherwise an open stream would hold up a restart until it is killed.
    """
    Hub.process_is_alive = staticmethod(alive)


def _put(inbox: Inbox, message: Event | Signal) -> None:
    try:
        inbox.put_nowait(message)
    except queue.Full:
        # A slow viewer: its backlog is dropped, it reads what it missed from the stream.
        with contextlib.suppress(queue.Empty):
            while True:
                inbox.get_nowait()
        inbox.put_nowait(message if isinstance(message, Signal) else Signal.REPLAY)
