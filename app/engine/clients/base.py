"""The protocol that every model client implements."""

from __future__ import annotations

from threading import Event
from typing import Protocol

from app.engine.types import ModelReply, ModelRequest


class ModelClient(Protocol):
    """Calls one model, without retries. Thread-safe."""

    def complete(self, request: ModelRequest, cancel: Event) -> ModelReply:
        """Ask the model and return its answer.

        Raises:
            ModelCallError: The call failed; ``retryable`` says whether to try again.
            Canceled: ``cancel`` was set meanwhile.
        """
        ...

    def close(self) -> None:
        """Close the connections."""
        ...
