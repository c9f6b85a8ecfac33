"""A run's live events as an HTTP answer."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable

from flask import Response, request
from redis.exceptions import RedisError

from app.broker.client import get_broker
from app.broker.live import channel_of, stream
from app.models import ACTIVE, Run

_SEND_BUFFER_BYTES = 64 * 1024
_STUCK_S = 10


def live_answer(run: Run, last_event_id: str | None) -> Response:
    """Return the run's events after ``last_event_id`` as a stream that no proxy buffers.

    Raises:
        Unavailable: There are too many viewers, or the queue server does not answer.
    """
    return Response(
        stream(
            run.id,
            last_event_id,
            account_id=run.user_id,
            finished=run.status not in ACTIVE,
            cut=_bound_connection(),
        ),
        mimetype="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def newest_event_id(run_id: str) -> str | None:
    """Return the id of the run's latest event; ``None`` without one or without an answer."""
    try:
        newest = get_broker().xrevrange(channel_of(run_id), count=1)
    except RedisError:
        return None
    return newest[0][0].decode() if newest else None  # type: ignore[union-attr]


def _bound_connection() -> Callable[[], None] | None:
    """Limit the buffer of a slow reader, and return a function that cuts its connection.

    The kernel keeps little of what was not read, and a send that gets on for nothing for ten
    seconds fails, which frees the thread. ``None`` where the web server is not gunicorn.
    """
    connection = request.environ.get("gunicorn.socket")
    if not isinstance(connection, socket.socket):
        return None
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        patience = struct.pack("ll", _STUCK_S, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, patience)

    def cut() -> None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    return cut
