"""The words by which servers say that they only stream, or do not stream."""

from __future__ import annotations

import re
from collections.abc import Sequence

_WANTS = re.compile(
    # "Non-streaming is not supported", "must be false for non-streaming calls"
    r"\bnon[-_ ]?stream"
    # "only support stream mode", "This endpoint is streaming only", "stream-only"
    r"|\bonly\b.{0,40}\bstream|\bstream(?:ing|ed)?[- ]only\b"
    r"|\bstream(?:ing|ed)?\b.{0,30}\b(?:is|are) (?:required|mandatory|the only)"
    # "requires streaming", "please enable the stream parameter", "must use streaming"
    r"|\b(?:requires?|needs?|enabled?|must use|please use)\b.{0,30}\bstream"
    # "stream must be set to true", "must have stream=true", "stream=False is not supported"
    r"|\bstream\b.{0,20}\b(?:must|should|has to|needs to)\b.{0,20}\b(?:true|set|enabled|on)\b"
    r"|\bstream\b\W{0,4}(?:=|:|to)\W{0,4}(?:true|false)\b",
    re.IGNORECASE,
)
_REFUSES = re.compile(
    r"\bstream(?:ing|ed|s)?\b.{0,60}(?:\bnot\b|n't\b|unsupported|unavailable|disabled|forbidden)"
    r"|(?:\bnot\b|n't\b|\bcannot\b|unsupported|disabled?|must be verified)\b.{0,60}"
    r"\bstream(?:ing|ed|s)?\b",
    re.IGNORECASE,
)


def wants_stream(said: str, named: Sequence[str]) -> bool:
    """Return whether the refusal of a request that asked for no stream asks for one."""
    return _is_named(named) or _WANTS.search(said) is not None


def refuses_stream(said: str, named: Sequence[str]) -> bool:
    """Return whether the refusal of a request for a stream is one of the stream."""
    return _is_named(named) or _REFUSES.search(said) is not None


def _is_named(named: Sequence[str]) -> bool:
    """Return whether an error names the parameter ``stream`` as being at fault."""
    return any("stream" in re.split(r"[.\[\]]+", place) for place in named)
