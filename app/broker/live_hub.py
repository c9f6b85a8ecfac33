"""The hub: one subscription per web process, shared by all its viewers."""

from __future__ import annotations

import contextlib
import enum
import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from redis import Redis
from redis.client import PubSub
from redis.exceptions import RedisError

from app.errors import Unavailable

_POLL_S = 1.0
_PING_EVERY_S = 15.0
_PATIENCE_S = 5.0  # so long may the queue server be away before viewers are sent to polling
_INBOX_SIZE = 64  # what does not fit is read from the stream instead
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a run; ``data`` is JSON."""

    id: str
    name: str
    data: str


class Signal(enum.Enum):
    """Control messages in a viewer's inbox, besides events."""

    REPLAY = enum.auto()  # something may have been missed
    STOP = enum.auto()  # no more will come from this process
    IDLE = enum.auto()  # nothing came for a while


STOP = Signal.STOP
ENDED = "views:ended"
"""The channel that names accounts whose views end."""
Inbox = queue.Queue[Event | Signal]


def _nothing() -> None:
    """Do nothing: the default for a connection that cannot be cut."""


@dataclass(eq=False, slots=True)
class View:
    """One open live view.

    Attributes:
        channel: What it wants to hear of.
        account_id: Whose it is.
        cut: Ends its connection, where its thread is stuck in sending.
        inbox: What it has not sent yet.
    """

    channel: str
    account_id: int
    cut: Callable[[], None] = _nothing
    inbox: Inbox = field(default_factory=lambda: queue.Queue(_INBOX_SIZE))


class LiveHub:
    """Distributes events to viewers from one thread, which exists only while there are any.

    Places are shared by account: when all are taken, the account with the most views gives one to
    an account that has fewer. So it is in every web process, and nobody needs to count all views.

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
        self._views: dict[View, None] = {}  # in the order in which they came
        self._by_channel: dict[str, set[View]] = {}
        self._thread: threading.Thread | None = None

    def viewers(self) -> int:
        """Return how many streams are open."""
        with self._lock:
            return len(self._views)

    def enter(self, view: View) -> None:
        """Add ``view``: its inbox receives the events of its channel from now on.

        Raises:
            Unavailable: All places are taken, and no other account has more than its share.
        """
        with self._lock:
            leaving = self._make_room(view.account_id)
            self._views[view] = None
            self._by_channel.setdefault(view.channel, set()).add(view)
            if self._thread is None:  # not at import: the web server forks before it serves
                self._thread = threading.Thread(target=self._listen, name="live-hub", daemon=True)
                self._thread.start()
        if leaving is not None:
            _dismiss(leaving)

    def leave(self, view: View) -> None:
        """Leave the channel. Idempotent."""
        with self._lock:
            self._remove(view)

    def _make_room(self, account_id: int) -> View | None:
        """Return the view that must make room for ``account_id``, if any."""
        if len(self._views) < self._capacity:
            return None
        numbers = Counter(view.account_id for view in self._views)
        richest, most = max(numbers.items(), key=lambda item: item[1], default=(account_id, 0))
        if most <= numbers[account_id] + 1:
            raise Unavailable(
                "Too many live views are open; this page refreshes itself instead.",
                code="live_full",
                retry_after_s=10,
            )
        oldest = next(view for view in self._views if view.account_id == richest)
        self._remove(oldest)
        return oldest

    def _remove(self, view: View) -> None:
        self._views.pop(view, None)
        others = self._by_channel.get(view.channel, set())
        others.discard(view)
        if not others:
            self._by_channel.pop(view.channel, None)

    def _listen(self) -> None:
        lost_at: float | None = None
        while self._goes_on():
            try:
                with self._connect() as connection, connection.pubsub() as pubsub:
                    pubsub.psubscribe(ENDED, self._pattern)
                    lost_at = None
                    self._follow(pubsub)
            except RedisError as error:
                lost_at = lost_at or time.monotonic()
                if time.monotonic() - lost_at > _PATIENCE_S:
                    _log.warning("live views stopped", extra={"reason": str(error)})
                    self._signal_all(Signal.STOP)
                time.sleep(_POLL_S)
            except Exception:  # noqa: BLE001 - without this thread no page hears anything again
                _log.exception("live hub broke off")
                self._signal_all(Signal.STOP)
                time.sleep(_POLL_S)

    def _goes_on(self) -> bool:
        """Return whether to keep listening; decided under the lock that `enter` takes."""
        alive = LiveHub.process_is_alive()
        with self._lock:
            if alive and self._views:
                return True
            self._thread = None
        if not alive:
            self._signal_all(Signal.STOP)
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
            if not LiveHub.process_is_alive() or not self.viewers():
                return

    def _hand_on(self, message: dict[str, Any]) -> None:
        if message["type"] == "pong":  # the answer to a ping has no channel
            return
        channel = message["channel"].decode()
        if message["type"] == "psubscribe":
            if channel == self._pattern:  # only from here on nothing is missed
                self._signal_all(Signal.REPLAY)
        elif message["type"] == "pmessage" and channel == ENDED:
            self._end_views_of(int(message["data"]))
        elif message["type"] == "pmessage":
            id_, name, data = message["data"].decode().split(" ", 2)
            with self._lock:
                views = list(self._by_channel.get(channel, ()))
            event = Event(id_, name, data)
            for view in views:
                _put(view.inbox, event)

    def _end_views_of(self, account_id: int) -> None:
        with self._lock:
            views = [view for view in self._views if view.account_id == account_id]
            for view in views:
                self._remove(view)
        for view in views:
            _dismiss(view)

    def _signal_all(self, signal: Signal) -> None:
        with self._lock:
            views = list(self._views)
        for view in views:
            _put(view.inbox, signal)


def stop_streams_unless(alive: Callable[[], bool]) -> None:
    """End all streams of this process soon after ``alive`` returns false.

    The web server sets it: otherwise an open stream would hold up a restart until it is killed.
    """
    LiveHub.process_is_alive = staticmethod(alive)


def _dismiss(view: View) -> None:
    """End a view; one whose inbox is full is stuck, and loses its connection."""
    stuck = not view.inbox.empty()
    _put(view.inbox, Signal.STOP)
    if stuck:
        view.cut()


def _put(inbox: Inbox, message: Event | Signal) -> None:
    try:
        inbox.put_nowait(message)
    except queue.Full:
        # A slow viewer: its backlog is dropped, it reads what it missed from the stream.
        with contextlib.suppress(queue.Empty):
            while True:
                inbox.get_nowait()
        inbox.put_nowait(message if isinstance(message, Signal) else Signal.REPLAY)
