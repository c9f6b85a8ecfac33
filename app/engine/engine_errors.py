"""Errors of the engine, with what the run must do about them."""

from __future__ import annotations

from typing import Literal, Unpack

from app.engine.types import TokenUsage
from app.net.call_errors import CallDetails, CallError

Scope = Literal["sample", "pause", "fail"]
"""What a failure concerns: only this sample, or the run, which pauses or fails."""


class ModelCallError(CallError):
    """A model call failed for good (retries included), or may be retried.

    Attributes:
        scope: ``sample``: outcome ``error`` and the run goes on. ``pause``: the account must
            act (credit, a reset time), then resume. ``fail``: nothing can succeed.
        counts_as_refusal: The provider filtered the sample: outcome ``refused``.
        said: The provider's own words, for decisions: unredacted, so never shown.
        named: The parameters that it names as being at fault.
        usage: Tokens of a generation that failed, which may be billed; ``None`` where nothing was
            generated.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        scope: Scope = "sample",
        counts_as_refusal: bool = False,
        said: str = "",
        named: tuple[str, ...] = (),
        usage: TokenUsage | None = None,
        **details: Unpack[CallDetails],
    ) -> None:
        super().__init__(code, message, **details)
        self.scope = scope
        self.counts_as_refusal = counts_as_refusal
        self.said = said
        self.named = named
        self.usage = usage


class DatasetError(Exception):
    """Records cannot be loaded, or one does not fit its schema.

    Attributes:
        code: ``dataset_unavailable``, ``dataset_gated``, ``dataset_token``, ``dataset_digest``
            or ``dataset_invalid``.
        message: Names the file, line and field where there is one.
        action: What to do next.
    """

    def __init__(self, code: str, message: str, action: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.action = action
