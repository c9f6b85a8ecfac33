"""Metrics in Prometheus' text format 0.0.4, read when asked for.

Everything comes from the database and the queue server, so that each web process gives the same
answer. Requests and their times are the reverse proxy's to count.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from app.broker import queues
from app.db import db
from app.disk import Level
from app.errors import Unavailable
from app.queries import operations
from app.services.operations import queue_view
from app.services.storage.disk_space import room
from app.version import __version__

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
RUN_STATUSES = ("queued", "running", "paused", "completed", "failed", "canceled")
DELIVERY_STATUSES = ("pending", "delivered", "failed")
log = logging.getLogger(__name__)

Sample = tuple[Mapping[str, str], float]


@dataclass(frozen=True, slots=True)
class Gauge:
    """One metric with its samples: labels and value."""

    name: str
    help: str
    samples: Sequence[Sample]


def render() -> str:
    """Return all metrics, leaving out those of parts that do not answer."""
    gauges = [Gauge("studio_build_info", "Version that runs.", [({"version": __version__}, 1)])]
    database = _database()
    queue_state = _queue()
    up = [
        ({"part": "database"}, float(database is not None)),
        ({"part": "queue"}, float(queue_state is not None)),
    ]
    gauges.append(Gauge("studio_up", "Whether a part answers.", up))
    gauges += _disk()
    return "".join(_lines([*gauges, *(database or ()), *(queue_state or ())]))


def _disk() -> list[Gauge]:
    left = room()
    return [
        Gauge("studio_disk_free_bytes", "Room on the disk of DATA_DIR.", [({}, left.free_bytes)]),
        Gauge(
            "studio_disk_level",
            "1 for the level that the room is at: ok, low (nothing new is begun), full.",
            [({"level": level}, float(level == left.level)) for level in get_args(Level)],
        ),
    ]


def _database() -> list[Gauge] | None:
    try:
        runs = operations.runs_by_status()
        deliveries = operations.deliveries_by_status()
    except SQLAlchemyError as error:
        log.warning("no metrics of the database", extra={"error": type(error).__name__})
        db.session.rollback()
        return None
    nothing = (0, 0)
    return [
        Gauge(
            "studio_runs",
            "Runs by status.",
            [({"status": name}, runs.get(name, nothing)[0]) for name in RUN_STATUSES],
        ),
        Gauge(
            "studio_samples_done",
            "Finished samples of all runs that exist, by status of the run.",
            [({"status": name}, runs.get(name, nothing)[1]) for name in RUN_STATUSES],
        ),
        Gauge(
            "studio_webhook_deliveries",
            "Webhook deliveries by status.",
            [({"status": name}, deliveries.get(name, 0)) for name in DELIVERY_STATUSES],
        ),
    ]


def _queue() -> list[Gauge] | None:
    try:
        jobs = queue_view.count_jobs()
        workers = queues.count_workers()
    except (RedisError, Unavailable) as error:
        log.warning("no metrics of the queue", extra={"error": type(error).__name__})
        return None
    return [
        Gauge(
            "studio_queue_jobs",
            "Jobs by queue and state.",
            [
                ({"queue": name, "state": state}, number)
                for name, states in jobs.items()
                for state, number in states.items()
            ],
        ),
        Gauge("studio_workers", "Workers for runs heard of within 30 s.", [({}, workers)]),
    ]


def _lines(gauges: Sequence[Gauge]) -> Iterator[str]:
    for gauge in gauges:
        yield f"# HELP {gauge.name} {gauge.help}\n# TYPE {gauge.name} gauge\n"
        for labels, value in gauge.samples:
            inside = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
            yield f"{gauge.name}{f'{{{inside}}}' if inside else ''} {_number(value)}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
