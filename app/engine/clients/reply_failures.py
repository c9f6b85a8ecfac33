"""Answers that are none: the generation failed, although the server says 200."""

from __future__ import annotations

from typing import Literal

from app.engine.clients.classify_parts import quote
from app.engine.clients.classify_rules import Endpoint
from app.engine.engine_errors import ModelCallError

Kind = Literal["passing", "malformed", "tool_call"]


class ReplyFailed(Exception):  # noqa: N818 - what a reply says, not our mistake
    """A reply says that its generation failed.

    Attributes:
        kind: ``passing``: the server broke off. ``malformed``: it could not read what the model
            wrote. ``tool_call``: it took the answer for the call of a tool.
        said: The finish reason, in the provider's words.
    """

    def __init__(self, kind: Kind, said: str) -> None:
        super().__init__(said)
        self.kind, self.said = kind, said

    def error(self, endpoint: Endpoint, request: str | None) -> ModelCallError:
        """Return the failure as that of a call, for the user."""
        said = f"finish reason {quote(self.said, 80) or 'not given'}"
        if request:
            said = f"{said}, request {request}"
        if self.kind == "tool_call":
            return ModelCallError(
                "tool_call",
                f"{endpoint.server} returned a call of a tool instead of an answer ({said}), "
                "though no tool was offered.",
                action="If the server is yours, start it without a parser of tool calls; then "
                "Retry errors.",
                status=200,
            )
        if self.kind == "malformed":
            return ModelCallError(
                "malformed_generation",
                f"{endpoint.server} could not use what {endpoint.model} generated ({said}).",
                action="Retry errors; if it keeps happening, choose another model.",
                retryable=True,
                status=200,
            )
        return ModelCallError(
            "generation_failed",
            f"{endpoint.server} broke off while {endpoint.model} was answering ({said}).",
            action="Retry errors later; the log of the server may say why.",
            retryable=True,
            status=200,
        )
