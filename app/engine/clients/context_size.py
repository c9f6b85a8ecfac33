"""Reads from a provider's words how long a prompt is and how long it may be, in tokens.

A number counts only where the provider calls it tokens and knows it exactly: vLLM also names the
prompt's characters, and "at least" so many tokens where it stopped counting.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_N = r"[`'\"(]?(?<![\d,])(\d[\d,]*)"


def _patterns(*texts: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(text, re.IGNORECASE) for text in texts)


_SUM = _patterns(
    rf"exceeds? context limit: {_N} \+ {_N}",  # Anthropic
    rf"given: {_N} `?inputs`? tokens and {_N}",  # Together, TGI
    rf"passed {_N} input tokens and requested {_N}",
    rf"prompt contains {_N} input tokens and you requested {_N}",
    rf"request has {_N} input tokens plus {_N}",
    rf"request has {_N} input tokens .{{0,80}}?\({_N} > ",
)
_WHOLE = _patterns(
    rf"(?<!least )requested(?: about)? {_N} tokens",
    rf"resulted in {_N} tokens",
    rf"(?:prompt|request|input) is too long: {_N} tokens",
    rf"(?:prompt|input|request|messages) (?:contains?|has|have|is|of) {_N} (?:input )?tokens",
    rf"token count {_N}\)? exceeds",
    rf"request \({_N} tokens\)",
    rf"requested tokens {_N}\)?",
    rf"prompt \({_N} tokens\)",
    rf"(?:prompt|input) (?:length )?\((?:length )?{_N}(?: tokens)?\)",
    rf"too long: {_N}",
    rf"request contains {_N} tokens",
    rf"request input token count: {_N}",
    rf"current length is {_N}",
    rf"less than \d[\d,]* tokens\. given: {_N}",
    rf"{_N} tokens > ",
    rf"total of {_N} tokens",
    rf"n_prompt_tokens\W+{_N}",
    rf"input length {_N}",
)
_ALLOWED = _patterns(
    rf"context (?:limit|window): {_N} \+ {_N} > {_N}",
    rf"context (?:length|window|limit|size)(?: is| of|:)?(?: only)? \(?{_N}",
    rf"tokens > {_N}",
    rf"maximum number of (?:input )?tokens allowed {_N}",
    rf"with {_N} maximum context length",
    rf"must be <= {_N}",
    rf"context window of {_N}",
    rf"limit(?: of|:)? {_N} tokens",
    rf"maximum of {_N} tokens",
    rf"maximum (?:allowed )?(?:input |prompt |model )?length(?: is| of)? \(?{_N}",
    rf"less than {_N} tokens",
    rf"limit is {_N}",
    rf"max input tokens: {_N}",
    rf"token limit: {_N}",
    rf"range of input length should be \[\d+, ?{_N}",
    rf"n_ctx\W+{_N}",
)
_INEXACT = re.compile(r"\bat least \d[\d,]*(?: \w+){0,2} tokens|\d characters", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ContextSize:
    """Tokens of a call, its answer included where the provider counts it, and the most allowed.

    What is not said, or is not exact, is ``None``.
    """

    needed: int | None
    allowed: int | None


def read_context_size(said: str) -> ContextSize:
    """Return the sizes in what a provider says about a prompt that is too long."""
    allowed = _last_number(_ALLOWED, said)
    needed = None if _INEXACT.search(said) else _sum(said) or _last_number(_WHOLE, said)
    if needed is not None and allowed is not None and needed <= allowed:
        needed = None  # it is another number
    return ContextSize(needed, allowed)


def _sum(said: str) -> int | None:
    for pattern in _SUM:
        found = pattern.search(said)
        if found:
            return sum(map(_count, found.groups()))
    return None


def _last_number(patterns: tuple[re.Pattern[str], ...], said: str) -> int | None:
    for pattern in patterns:
        found = pattern.search(said)
        if found:
            return _count(found.groups()[-1])
    return None


def _count(number: str) -> int:
    return int(number.replace(",", "").rstrip(","))
