"""Simulated models: the whole application without a key, a network or a cost.

A simulated model knows the right answer and gives it with a probability that depends on its
skill and on the difficulty of the sample, the same for the same seed. Runs against it are
marked as simulated everywhere; their scores say nothing about any real model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from threading import Event, Lock
from types import MappingProxyType

from app.engine.clients.simulated_replies import (
    CHARS_PER_TOKEN,
    REFUSAL,
    right_answer,
    token_count,
    write_reply,
    wrong_answer,
)
from app.engine.engine_errors import ModelCallError
from app.engine.types import FinishReason, ModelReply, ModelRequest, Sample, TokenUsage
from app.net.call_errors import Canceled

_LEVEL_SHIFT = {"easy": 0.9, "medium": 0.0, "hard": -0.9}
"""How much a level moves the log-odds of a right answer."""

_MESSAGE_TOKENS = 4
"""Tokens that a chat format adds to each message."""


@dataclass(frozen=True, slots=True)
class _Character:
    """How a simulated model behaves.

    Attributes:
        ability: Log-odds of a right answer to a sample of medium difficulty.
        latency_s: Shortest and longest time to answer.
        failing: Share of calls whose first attempt fails and may be retried.
        refusing: Share of samples that it declines.
        truncated: Share of samples whose answer is cut off.
        unlabelled: Share of samples where it forgets the form of the answer.
    """

    description: str
    ability: float
    latency_s: tuple[float, float]
    failing: float = 0.0
    refusing: float = 0.0
    truncated: float = 0.0
    unlabelled: float = 0.0


_CHARACTERS: Mapping[str, _Character] = {
    "expert": _Character(
        "Right about 93 % of the time, answers within 150 ms.",
        ability=3.2,
        latency_s=(0.04, 0.15),
    ),
    "novice": _Character(
        "Right about 55 % of the time, sometimes forgets the form of the answer.",
        ability=0.32,
        latency_s=(0.03, 0.1),
        unlabelled=0.02,
    ),
    "flaky": _Character(
        "Rate limits, server errors and timeouts on about 15 % of calls, some refusals.",
        ability=1.8,
        latency_s=(0.05, 0.3),
        failing=0.15,
        refusing=0.03,
        truncated=0.04,
    ),
    "slow": _Character(
        "As good as the expert, but takes one to three seconds.",
        ability=3.2,
        latency_s=(1.0, 3.0),
    ),
}

SIMULATED_MODELS: Mapping[str, str] = MappingProxyType(
    {name: character.description for name, character in _CHARACTERS.items()}
)
"""What each simulated model is like, by its name."""


class SimulatedClient:
    """A ``ModelClient`` that makes no network calls.

    Args:
        model: A name in ``SIMULATED_MODELS``.
        seed: Another seed answers other samples right.
        time_scale: Multiplies every latency; 0 answers at once.

    Raises:
        ValueError: There is no such simulated model.
    """

    def __init__(self, model: str, *, seed: int = 0, time_scale: float = 1.0) -> None:
        if model not in _CHARACTERS:
            raise ValueError(
                f"There is no simulated model {model!r}; choose from: {', '.join(_CHARACTERS)}."
            )
        self._model = model
        self._character = _CHARACTERS[model]
        self._seed = seed
        self._time_scale = time_scale
        self._failed: set[tuple[str, int]] = set()
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"SimulatedClient({self._model!r}, seed={self._seed})"

    def complete(self, request: ModelRequest, cancel: Event) -> ModelReply:
        """Wait as long as the model would, then answer, or fail if the first attempt does.

        Raises:
            ModelCallError: A simulated rate limit, server error or timeout; retryable.
            Canceled: ``cancel`` was set while waiting.
        """
        key = f"{self._model}:{request.sample.id}:{request.epoch}:{self._seed}"
        rng = Random(key)  # noqa: S311 - a simulation
        failure = self._first_failure(request, rng)
        self._wait(rng.uniform(*self._character.latency_s), request.timeout_s, cancel)
        if failure is not None:
            raise failure
        return self._reply(request, rng)

    def close(self) -> None:
        """Do nothing: there are no connections."""

    def _wait(self, latency_s: float, timeout_s: float, cancel: Event) -> None:
        wait_s = latency_s * self._time_scale
        if cancel.wait(min(wait_s, timeout_s)):
            raise Canceled
        if wait_s > timeout_s:
            raise _timeout(timeout_s)

    def _first_failure(self, request: ModelRequest, rng: Random) -> ModelCallError | None:
        """Return the failure of a first attempt; the second attempt gets ``None``.

        Remembers only calls that failed and were not tried again yet.
        """
        if rng.random() >= self._character.failing:
            return None
        kind = rng.random()
        call = (request.sample.id, request.epoch)
        with self._lock:
            if call in self._failed:
                self._failed.remove(call)
                return None
            self._failed.add(call)
        return _failure(kind, request.timeout_s, self._time_scale)

    def _reply(self, request: ModelRequest, rng: Random) -> ModelReply:
        character, sample = self._character, request.sample
        knows = rng.random() < _chance(character.ability, sample)
        mood = rng.random()
        if mood < character.refusing:
            return _model_reply(request, REFUSAL, "refusal")
        answer = right_answer(sample) if knows else wrong_answer(sample, rng)
        labelled = rng.random() >= character.unlabelled
        text = write_reply(request, answer, rng, labelled=labelled)
        if mood < character.refusing + character.truncated:
            return _model_reply(request, text[: len(text) // 2], "length")
        return _model_reply(request, text, "stop")


def _chance(ability: float, sample: Sample) -> float:
    """Return the probability of a right answer (a Rasch model of item difficulty).

    Every model finds the same samples hard, as real models do; this is what makes a paired
    comparison sharper than an unpaired one.
    """
    level = str(sample.metadata.get("level", sample.category))
    difficulty = Random(sample.id).gauss(0.0, 1.0)  # noqa: S311 - a simulation
    return 1 / (1 + math.exp(-(ability + _LEVEL_SHIFT.get(level, 0.0) - difficulty)))


def _model_reply(request: ModelRequest, text: str, reason: FinishReason) -> ModelReply:
    prompt = request.sample.messages
    limit = request.generation.max_tokens
    if limit is not None and token_count(text) > limit:
        text, reason = text[: limit * CHARS_PER_TOKEN], "length"
    return ModelReply(
        text=text,
        finish_reason=reason,
        usage=TokenUsage(
            sum(token_count(m["content"]) + _MESSAGE_TOKENS for m in prompt), token_count(text)
        ),
        request_id=f"sim-{request.sample.id}-{request.epoch}",
    )


def _failure(kind: float, timeout_s: float, time_scale: float) -> ModelCallError:
    if kind < 0.5:
        return ModelCallError(
            "rate_limit",
            "Simulated: the rate limit is reached.",
            retryable=True,
            retry_after_s=0.2 * time_scale,
            status=429,
        )
    if kind < 0.8:
        return ModelCallError(
            "server_error", "Simulated: the server failed.", retryable=True, status=500
        )
    return _timeout(timeout_s)


def _timeout(timeout_s: float) -> ModelCallError:
    return ModelCallError(
        "timeout", f"Simulated: no answer within {timeout_s:g} s.", retryable=True
    )
