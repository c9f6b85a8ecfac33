"""A run's live events as an HTTP answer."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, request
from redis.exceptions import RedisError

from app.broker.client import get_broker
from app.broker.live import channel_of, stream
from app.models import ACTIVE, Run


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
            cut=_cut_connection(),
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


def _cut_connection() -> Callable[[], None] | None:
    """Return what drops the reader and wakes the thread that writes to it.

    ``None`` where the web server is not `app.web_server`, which also bounds what it keeps for slow
    readers, and for how long.
    """
    cut: Callable[[], None] | None = getattr(request.environ.get("gunicorn.socket"), "cut", None)
    return cut
