"""A run's live events as an HTTP answer."""

from __future__ import annotations

from flask import Response
from redis.exceptions import RedisError

from app.broker import get_broker
from app.live import channel_of, stream
from app.models import ACTIVE, Run


def live_answer(run: Run, last_event_id: str | None) -> Response:
    """Return the run's events from after ``last_event_id``; no proxy may buffer or keep it.

    Raises:
        Unavailable: There are too many viewers, or the queue server does not answer.
    """
    return Response(
        stream(run.id, last_event_id, finished=run.status not in ACTIVE),
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
