"""Connections to the queue server (Valkey or Redis), each with explicit timeouts.

redis-py's own defaults differ between its constructors (a connection made from a URL never
retries, another one retries for a minute), and its pool refuses the 101st connection.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import current_app
from redis import BlockingConnectionPool, Redis
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.exceptions import ConnectionError as BrokerConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, ResponseError
from redis.retry import Retry

from app.config import Settings
from app.current import get_settings

CONNECT_TIMEOUT_S = 1.0
POOL_WAIT_S = 1.0
WORKER_TIMEOUT_S = 13.0  # longer than a worker's blocking wait for a job
WORKER_RETRIES = 120
_EXTENSION = "broker"
_REFUSALS = (OutOfMemoryError, ReadOnlyError)


def connect(settings: Settings, *, timeout_s: float = 2.0) -> Redis:
    """Return a client for web requests, which fails within about a second of silence."""
    pool = BlockingConnectionPool.from_url(
        settings.queue,
        max_connections=settings.web_threads + 8,
        timeout=POOL_WAIT_S,
        socket_timeout=timeout_s,
        socket_connect_timeout=min(CONNECT_TIMEOUT_S, timeout_s),
        health_check_interval=15,
        # One retry: a kept connection may have died with the server that is back by now.
        retry=Retry(NoBackoff(), 1),
    )
    return Redis(connection_pool=pool)


def connect_subscriber(settings: Settings) -> Redis:
    """Return a client for a subscription, which notices a lost connection.

    With retries, redis-py subscribes anew in silence and what was published meanwhile is lost.
    """
    return Redis.from_url(
        settings.queue,
        socket_timeout=5.0,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )


class _WorkerBackoff(ExponentialWithJitterBackoff):
    """Growing pauses between a worker's retries; they end early when the worker must stop."""

    stopping = False

    def compute(self, failures: int) -> float:
        """Return how long to wait before the next try, in seconds."""
        if _WorkerBackoff.stopping:
            raise BrokerConnectionError("the queue server is away and this process stops")
        return super().compute(failures)


class _WorkerRetry(Retry):
    """A worker's retries, which treat a read-only or full server as unreachable."""

    def call_with_retry(
        self,
        do: Callable[[], Any],
        fail: Callable[..., Any],
        is_retryable: Callable[[Exception], bool] | None = None,
        with_failure_count: bool = False,
    ) -> Any:
        """Retry; treats a read-only or full Redis as unavailable."""

        def attempt() -> Any:
            try:
                return do()
            except ResponseError as error:
                if isinstance(error, _REFUSALS) or "MISCONF" in str(error):
                    raise BrokerConnectionError(str(error)) from error
                raise

        return super().call_with_retry(attempt, fail, is_retryable, with_failure_count)


def stop_waiting_for_broker() -> None:
    """Make this process fail at once instead of waiting for the queue server."""
    _WorkerBackoff.stopping = True


def connect_worker(settings: Settings) -> Redis:
    """Return a client for workers, which waits out an outage of about two minutes."""
    return Redis.from_url(
        settings.queue,
        socket_timeout=WORKER_TIMEOUT_S,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        health_check_interval=15,
        retry=_WorkerRetry(_WorkerBackoff(cap=1.0, base=0.05), WORKER_RETRIES),
    )


def get_broker() -> Redis:
    """Return the client of the current app, created on first use."""
    broker: Redis | None = current_app.extensions.get(_EXTENSION)
    if broker is None:
        broker = connect(get_settings())
        current_app.extensions[_EXTENSION] = broker
    return broker


def forget_broker() -> None:
    """Make `get_broker` connect again: a forked child must not use its parent's sockets."""
    current_app.extensions.pop(_EXTENSION, None)
