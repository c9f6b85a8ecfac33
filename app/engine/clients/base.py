"""The seam between the engine and a model."""

from __future__ import annotations

from threading import Event
from typing import Protocol

from app.engine.types import ModelReply, ModelRequest


class ModelClient(Protocol):
    """Calls one model once. Retries are around it, not in it. Used from many threads."""

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
