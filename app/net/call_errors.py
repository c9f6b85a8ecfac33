"""Errors of outgoing calls."""

from __future__ import annotations

from typing import TypedDict


class CallDetails(TypedDict, total=False):
    """What may be said of a failed call besides its code and message: see `CallError`."""

    action: str | None
    retryable: bool
    retry_after_s: float | None
    status: int | None


class CallError(Exception):
    """An outgoing call failed.

    Deliberately neither an ``OSError`` nor a ``requests`` exception: urllib3 would wrap
    such an error into a retryable one.

    Attributes:
        code: Stable, snake_case.
        message: For the user; never holds a body, a header or a key.
        action: What to do next; ``None`` where there is nothing.
        retryable: The same call may succeed later.
        retry_after_s: The server asked to wait so long; ``None`` where it did not say.
        status: The HTTP status; ``None`` where no answer came.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        action: str | None = None,
        retryable: bool = False,
        retry_after_s: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.action = action
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        self.status = status


class Canceled(Exception):  # noqa: N818 - a signal, not an error
    """The caller asked to stop while a call was waiting."""
