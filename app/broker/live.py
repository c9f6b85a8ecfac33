"""Live events of runs: published by workers, streamed to pages as server-sent events.

Each run has a short Redis stream, bounded in events and bytes, and there are only so many streams:
live events never fill the queue server, whatever models answer. A viewer first replays its run's
from the last event that it saw, then follows the publications. One thread per web process, the hub,
listens for all viewers of that process; whatever it may have missed (a lost connection, a slow
viewer) is replayed. The stream is a convenience: pages that cannot have it poll the database.
"""

from __future__ import annotations

import json
import logging
import queue
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any

from flask import current_app
from redis import Redis
from redis.exceptions import RedisError

from app.broker.client import connect_subscriber, get_broker
from app.broker.live_hub import ENDED, STOP, Event, Inbox, LiveHub, Signal, View
from app.config import Settings
from app.current import get_settings
from app.errors import Unavailable

KEEP_ALIVE_S = 15.0
DONE = "done"
EVENT_BYTES = 8192
STREAM_BYTES = 512 * 1024
STREAMS = 100
_LENGTH = 1000  # events kept per run, about
_KEPT_S = 86_400
_PAGE = 50  # events of a replay that are held in memory at a time
_CUT_LENGTH = 200
_START = "0-0"
_EVENT_ID = re.compile(r"\d{1,15}-\d{1,15}")
_EXTENSION = "live_hub"
_INDEX = "runs:events"  # the streams, by when each was last published to
# KEYS: the stream, the index. ARGV: events, bytes and seconds kept of it, streams kept, then pairs
# of event name and JSON.
_PUBLISH = """
local id
for i = 5, #ARGV, 2 do
  id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'e', ARGV[i], 'd', ARGV[i + 1])
  redis.call('PUBLISH', KEYS[1], id .. ' ' .. ARGV[i] .. ' ' .. ARGV[i + 1])
end
local length = redis.call('XLEN', KEYS[1])
while length > 1 and redis.call('MEMORY', 'USAGE', KEYS[1], 'SAMPLES', 0) > tonumber(ARGV[2]) do
  length = math.floor(length / 2)
  redis.call('XTRIM', KEYS[1], 'MAXLEN', '=', length)
end
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('ZADD', KEYS[2], redis.call('TIME')[1], KEYS[1])
redis.call('EXPIRE', KEYS[2], ARGV[3])
local excess = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[4])
if excess > 0 then
  for _, name in ipairs(redis.call('ZRANGE', KEYS[2], 0, excess - 1)) do redis.call('DEL', name) end
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, excess - 1)
end
return id
"""
_log = logging.getLogger(__name__)


def channel_of(run_id: str) -> str:
    """Return the key of a run's stream, which is also its channel."""
    return f"run:{run_id}:events"


def publish(broker: Redis, run_id: str, event: str, data: Mapping[str, Any]) -> None:
    """Publish one event; ignores an unreachable Redis."""
    publish_many(broker, run_id, [(event, data)])


def publish_many(
    broker: Redis, run_id: str, events: Sequence[tuple[str, Mapping[str, Any]]]
) -> None:
    """Publish a run's events in order in one round trip; ignores an unreachable Redis."""
    if not events:
        return
    arguments: list[str | int] = [_LENGTH, STREAM_BYTES, _KEPT_S, STREAMS]
    for event, data in events:
        arguments += [event, _bounded(data)]
    try:
        broker.eval(_PUBLISH, 2, channel_of(run_id), _INDEX, *arguments)
    except RedisError as error:
        _log.warning("live events dropped", extra={"run_id": run_id, "reason": str(error)})


def _bounded(data: Mapping[str, Any]) -> str:
    """Return ``data`` as JSON of at most ``EVENT_BYTES``: texts that are too long are cut."""
    text = _json(data)
    if len(text) > EVENT_BYTES:
        text = _json(_cut(data))
    return text if len(text) <= EVENT_BYTES else "{}"


def _cut(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _CUT_LENGTH:
        return f"{value[: _CUT_LENGTH - 1]}…"
    if isinstance(value, Mapping):
        return {name: _cut(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_cut(inner) for inner in value]
    return value


def _json(data: Mapping[str, Any]) -> str:
    return json.dumps(data, separators=(",", ":"), default=str)  # ASCII: a character is a byte


def forget(broker: Redis, run_ids: Iterable[str]) -> None:
    """Delete the stored events of deleted runs; ignores an unreachable Redis."""
    keys = [channel_of(run_id) for run_id in run_ids]
    if not keys:
        return
    try:
        broker.delete(*keys)
        broker.zrem(_INDEX, *keys)
    except RedisError as error:
        _log.warning("live events stay until they expire", extra={"reason": str(error)})


def end_views(broker: Redis, account_id: int) -> None:
    """End the account's live views in all processes: their sign-in may have ended.

    Those that may go on connect again by themselves. While Redis is away nobody sees anything.
    """
    try:
        broker.publish(ENDED, account_id)
    except RedisError as error:
        _log.warning("live views are not told to end", extra={"reason": str(error)})


def stream(
    run_id: str,
    last_event_id: str | None = None,
    *,
    account_id: int,
    finished: bool = False,
    keep_alive_s: float = KEEP_ALIVE_S,
    cut: Callable[[], None] | None = None,
) -> Stream:
    """Return a run's events as ``text/event-stream`` text, starting after the last seen one.

    Args:
        run_id: Whose access the caller has checked.
        last_event_id: The ``Last-Event-ID`` of the request; anything else starts at the oldest.
        account_id: Whose view it is: places are shared by account.
        finished: The run will not go on: replay what is kept, end with ``done``, do not wait.
        keep_alive_s: A comment is sent after so many seconds without an event.
        cut: Ends the viewer's connection when its place goes to somebody else.

    Raises:
        Unavailable: This process has as many viewers as it may, or the queue server does not
            answer; the page polls instead.
    """
    settings = get_settings()
    hub: LiveHub = _hub_of(settings)
    last = last_event_id if last_event_id and _EVENT_ID.fullmatch(last_event_id) else _START
    view = View(channel_of(run_id), account_id)
    if cut is not None:
        view.cut = cut
    return Stream(get_broker(), hub, view, last, finished, keep_alive_s)


class Stream(Iterator[str]):
    """The event stream of one viewer; `close` releases its place, even if it was never read."""

    def __init__(
        self,
        broker: Redis,
        hub: LiveHub,
        view: View,
        last: str,
        finished: bool,
        keep_alive_s: float,
    ) -> None:
        self._broker = broker
        self._hub = hub
        self._view = view
        self._last = last
        self._finished = finished
        self._keep_alive_s = keep_alive_s
        hub.enter(view)
        try:
            first = self._missed()
            # Seen the end and still under way: the run was resumed and will go on.
            over = finished and not first and self._was_done()
        except RedisError as error:
            self.close()
            raise Unavailable(
                "Live updates are not available right now.", code="live_unavailable"
            ) from error
        self._text = self._produce(first, over)

    def __next__(self) -> str:
        return next(self._text)

    def close(self) -> None:
        """Leave the hub; the WSGI server calls this when the viewer has gone."""
        self._hub.leave(self._view)

    def _produce(self, first: list[Event], over: bool) -> Iterator[str]:
        yield "retry: 2000\n\n"
        try:
            ended = (yield from self._replay(first)) or over
            if self._finished and not ended:
                yield f"event: {DONE}\ndata: {{}}\n\n"
                ended = True
            while not ended:
                message = _next_message(self._view.inbox, self._keep_alive_s)
                if message is STOP:
                    return
                if message is Signal.IDLE:
                    yield ": keep-alive\n\n"
                elif isinstance(message, Event):
                    ended = yield from self._send([message])
                else:
                    ended = yield from self._replay(self._missed())
        except RedisError:
            return  # the page asks again, and polls while it is refused

    def _replay(self, events: list[Event]) -> Generator[str, None, bool]:
        """Yield ``events`` and all that follow, page by page; see `_send`."""
        ended = yield from self._send(events)
        while len(events) == _PAGE:
            events = self._missed()
            if events:
                ended = yield from self._send(events)
        return ended

    def _send(self, events: list[Event]) -> Generator[str, None, bool]:
        """Yield the new events; return whether the last one ends the stream.

        A ``done`` in the middle belongs to a run that was resumed later.
        """
        ended = False
        for event in events:
            if _order(event.id) > _order(self._last):
                self._last = event.id
                ended = event.name == DONE
                yield f"id: {event.id}\nevent: {event.name}\ndata: {event.data}\n\n"
        return ended

    def _missed(self) -> list[Event]:
        entries: Any = self._broker.xrange(self._view.channel, f"({self._last}", "+", _PAGE)
        return [_event_of(entry) for entry in entries]

    def _was_done(self) -> bool:
        """Return whether the viewer has already seen the end: browsers reconnect after it."""
        if self._last == _START:
            return False
        newest: Any = self._broker.xrevrange(self._view.channel, count=1)
        return bool(newest) and _event_of(newest[0]).name == DONE


def _hub_of(settings: Settings) -> LiveHub:
    hub: LiveHub = current_app.extensions.setdefault(
        _EXTENSION,
        LiveHub(
            lambda: connect_subscriber(settings),
            pattern=channel_of("*"),
            capacity=settings.web_threads // 2,
        ),
    )
    return hub


def _event_of(entry: tuple[bytes, dict[bytes, bytes]]) -> Event:
    id_, fields = entry
    return Event(id_.decode(), fields[b"e"].decode(), fields[b"d"].decode())


def _next_message(inbox: Inbox, timeout_s: float) -> Event | Signal:
    try:
        return inbox.get(timeout=timeout_s)
    except queue.Empty:
        return Signal.IDLE


def _order(event_id: str) -> tuple[int, int]:
    milliseconds, _, number = event_id.partition("-")
    return int(milliseconds), int(number or 0)
