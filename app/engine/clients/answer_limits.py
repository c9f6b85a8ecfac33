"""Reads what a provider says about the longest answer that it allows."""

from __future__ import annotations

import re

NAMES_OF_LIMIT = ("max_tokens", "max_completion_tokens")
"""What the setting ``max_tokens`` is called in requests."""

LIMIT_WORDS = (
    r"max(?:imum)?[_ -]?(?:completion|new|output)?[_ -]?tokens|maximum tokens|output tokens"
    r"|completion tokens"
)
_LIMIT = re.compile(rf"{LIMIT_WORDS}|number of tokens you requested|output limit", re.IGNORECASE)
_NUMBER = r"`?(\d[\d,]*)`?"
_OWN_LIMIT = tuple(
    re.compile(text, re.IGNORECASE)
    for text in (
        # of the model, whatever the prompt
        rf"at most {_NUMBER} (?:completion|output|new)? ?tokens",
        rf"less than or equal to {_NUMBER}",
        rf"valid range of \W?max_\w*tokens\W? is \[\d+, ?{_NUMBER}\]",
        rf"> {_NUMBER}, which is the maximum allowed",
        rf"exceeds the (?:model |model's )?limit of {_NUMBER}",
        rf"max(?:imum)?[_ ](?:completion|output|new)[_ ]tokens (?:allowed )?(?:is|of) {_NUMBER}",
        rf"(?:must|should) be (?:between|in) \W?\d+ ?(?:and|to|,|-) ?{_NUMBER}",
        rf"supports? (?:up to|a maximum of|only) {_NUMBER}",
        rf"(?:must|should) (?:not exceed|be at most|be <=|be less than) {_NUMBER}",
        r"(?:cannot|can't|can not|may not) (?:be (?:greater|larger|more|higher) than|exceed) "
        rf"{_NUMBER}",
        rf"expected a value <= {_NUMBER}",
        rf"range of \W?max_\w*tokens\W? should be \[\d+, ?{_NUMBER}\]",
        rf"(?:output|completion|answer) limit is {_NUMBER}",
    )
)
_EXCLUSIVE = re.compile(
    rf"supported range is from \d+ \(inclusive\) to {_NUMBER} \(exclusive\)", re.IGNORECASE
)
_WITH_PROMPT = re.compile(
    r"input tokens|prompt|inputs\b|in the messages|context (?:length|limit|size)", re.IGNORECASE
)
_TOO_LARGE = re.compile(
    rf"(?:{LIMIT_WORDS}).{{0,60}}"
    r"(?:too large|cannot be greater than max_(?:model_len|total_tokens))",
    re.IGNORECASE | re.DOTALL,
)
_SHARED = re.compile(
    rf"{_TOO_LARGE.pattern}"
    rf"|(?:input|prompt)[\w` +,.']{{0,60}}(?:{LIMIT_WORDS})[`']? (?:exceeds?|must be|tokens must)"
    r"|\(\d[\d,]* in the messages, \d[\d,]* in the completion\)"
    r"|\(\d[\d,]* of text input, \d[\d,]* in the output\)"
    r"|(?<![\d,])\d[\d,]*+ tokens for the (?:completion|output|answer)"
    r"|requested \d[\d,]* output tokens"
    r"|input tokens plus \d[\d,]*+ \W?max_tokens",
    re.IGNORECASE | re.DOTALL,
)
_IN_MESSAGES = re.compile(
    r"(?<![\d,])(?:(\d[\d,]*+) in the messages|(\d[\d,]*+) input tokens)"
    r"|\((\d[\d,]*) of text input"
    r"|(?<![\d,])(\d[\d,]*+) tokens from the input"
    r"|passed (\d[\d,]*) input tokens"
    r"|exceeds? context limit: (\d[\d,]*) \+"
    r"|given: (\d[\d,]*) `?inputs`? tokens",
    re.IGNORECASE,
)
_CONTEXT = re.compile(
    r"(?:context length (?:is|of)(?: only)?|context (?:size|window) (?:is|of)"
    r"|context limit: \d[\d,]* \+ \d[\d,]* >|must be <=) (\d[\d,]*)|\bmax_total_tokens=(\d[\d,]*)",
    re.IGNORECASE,
)


def largest_answer(said: str) -> int | None:
    """Return the most output tokens that a model allows for any prompt; ``None``: not said."""
    if not _LIMIT.search(said):
        return None
    exclusive = _EXCLUSIVE.search(said)
    if exclusive:
        return _count(exclusive[1]) - 1
    for pattern in _OWN_LIMIT:
        found = pattern.search(said)
        if found and not _WITH_PROMPT.search(said):
            return _count(found[1])
    return None


def context_for_both(said: str) -> int | None:
    """Return the context that prompt and longest answer do not share, where that is the cause.

    The cause is ``max_tokens`` if the provider says so and the prompt alone would fit, or if
    the prompt takes less than half. 0: the size is not said. ``None``: it is not the cause.
    """
    if not _SHARED.search(said):
        return None
    context = _CONTEXT.search(said)
    most = _count(context[1] or context[2]) if context else 0
    is_named = _TOO_LARGE.search(said) is not None
    prompt = _IN_MESSAGES.search(said)
    if prompt is None or "at least" in said:
        return most if is_named else None
    tokens = _count(next(filter(None, prompt.groups())))
    return most if tokens < (most if is_named else most / 2) else None


def _count(number: str) -> int:
    return int(number.replace(",", ""))
