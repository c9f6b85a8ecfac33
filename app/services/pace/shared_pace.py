"""The pace that all workers share, kept in the queue server."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from redis import Redis

from app.engine.run.pace_law import LAW

_LAW = json.dumps(asdict(LAW))


@dataclass(frozen=True, slots=True)
class Report:
    """A run's calls since its last report, and how many it wants to start.

    Attributes:
        episode: The newest episode of refusals that the run knew of.
        started: Calls.
        started_earlier: More calls, before the run knew of that episode.
        answered: Of them or of earlier ones.
        refused: For their rate.
        retry_after_s: The longest wait that the refusals asked for, if any did.
        wanted: Turns.
        rate_per_s: The pace as far as known, for a server that has lost it.
    """

    episode: int = 0
    started: int = 0
    started_earlier: int = 0
    answered: int = 0
    refused: int = 0
    retry_after_s: float | None = None
    wanted: int = 0
    rate_per_s: float | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast calls may start; all times count from the moment of the answer.

    Attributes:
        rate_per_s: Calls started per second by all runs together; ``None``: not paced.
        episode: Number of the newest episode of refusals.
        pause_s: No call may start for so long.
        runs: That take part, this one included.
        ask_in_s: Asking again sooner gives no turns.
        turns_s: When calls may start.
    """

    rate_per_s: float | None
    episode: int
    pause_s: float
    runs: int
    ask_in_s: float
    turns_s: tuple[float, ...]


@cache
def _script() -> str:
    return Path(__file__).with_suffix(".lua").read_text(encoding="utf-8")


class SharedPace:
    """The shared pace of one model and key.

    Time is the server's alone, so clocks of workers do not matter. A run that dies holds
    nothing but the turns of the next quarter of a second.

    Args:
        broker: With short timeouts: a thread that has a call to make waits for it.
        secret: Keeps provider keys out of the queue server.
        base_url: Of the connection.
        api_key: Of the connection; ``None`` where it needs none.
        model: The provider's name of it.
        requests_per_minute: What the connection allows itself, for all of its models.
    """

    def __init__(
        self,
        broker: Redis,
        *,
        secret: str,
        base_url: str,
        api_key: str | None,
        model: str,
        requests_per_minute: int | None = None,
    ) -> None:
        account = _digest(secret, base_url.rstrip("/"), api_key or "")
        pace = f"pace:{{{account}}}:{_digest(secret, model)}"
        self.broker = broker
        self.requests_per_minute = requests_per_minute
        self._keys = [pace, f"pace:{{{account}}}:quota", f"{pace}:runs"]
        self._run = secrets.token_hex(8)
        self._exchange = broker.register_script(_script())

    def exchange(self, report: Report) -> Pace:
        """Send a report and return the pace from now on.

        Raises:
            RedisError: The queue server does not answer; it may or may not have the report.
        """
        arguments: list[Any] = [
            self._run,
            report.started,
            report.started_earlier,
            report.answered,
            report.refused,
            -1 if report.retry_after_s is None else report.retry_after_s,
            report.wanted,
            self.requests_per_minute or 0,
            report.rate_per_s or 0,
            report.episode,
            _LAW,
        ]
        answer = self._exchange(keys=self._keys, args=arguments)
        rate, episode, pause_us, runs, ask_us, *turns_us = cast("list[int]", answer)
        return Pace(
            rate_per_s=None if rate < 0 else rate / 1e3,
            episode=episode,
            pause_s=pause_us / 1e6,
            runs=runs,
            ask_in_s=ask_us / 1e6,
            turns_s=tuple(turn_us / 1e6 for turn_us in turns_us),
        )


def _digest(secret: str, *parts: str) -> str:
    text = "\n".join(parts).encode()
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()[:32]
