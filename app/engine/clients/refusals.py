"""Finds what of a request a model refuses, in the words of its provider.

Providers say it in some forty ways ("is deprecated for this model", "only 1 is allowed",
"Extra inputs are not permitted", "Unknown name"), so what counts is that a field which was sent
is named in a sentence of refusal, or by the error's own ``param`` or ``loc``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from app.engine.clients.answer_limits import NAMES_OF_LIMIT, largest_answer
from app.engine.clients.request_changes import Change
from app.engine.clients.stream_words import refuses_stream, wants_stream

_KEPT = {"model", "messages", "system", "stream", *NAMES_OF_LIMIT}
"""What no call goes without; the limit of an answer bounds what it costs."""

_REFUSED = re.compile(
    r"unsupported|n[o']t support|unrecogni[sz]ed|unknown|unexpected|deprecated|no longer|invalid"
    r"|not (?:a )?(?:be )?(?:allowed|permitted|accepted|enabled|available|valid|compatible"
    r"|recogni[sz]ed|implemented|configurable|adjustable|set|used|specified|one of|in)\b"
    r"|n[o']t (?:accept|allow|take|have|work|use|exist|both)|\bonly (?:specify )?one\b"
    r"|expected one of|\bretired\b|\blocked\b|\bomit\b"
    r"|immutable|\bfixed\b|\bignored\b|incorrect|\bunset\b|requires? (?:the )?default"
    r"|only\b.{0,60}\b(?:allowed|supported|accepted|valid|available|works?|permitted)"
    r"|\bonly (?:be|the|with|when|one)\b|must (?:be|not|have|equal|contain)|should be|has to be"
    r"|can ?not|can't|extra(?:neous)?[_ ](?:inputs?|fields?|key|forbidden)"
    r"|mutually exclusive|incompatible|conflict|out of range|too (?:large|high|low|small|many|long)"
    r"|greater than|less than|at (?:most|least)|exceeds?|disabled|forbidden|remove|removed",
    re.IGNORECASE,
)
_ONE_OF_TWO = re.compile(
    r"\bboth\b|only (?:specify )?one|\beither\b|mutually exclusive|together"
    r"|at the same time|simultaneous",
    re.IGNORECASE,
)
_SYSTEM = re.compile(
    r"system[- _](?:role|message|prompt|instruction|field)s?\b.{0,80}?"
    r"(?:not|n't|unsupported|invalid|only)"
    r"|(?:not|n't|unsupported|invalid|unexpected|unknown|remove|illegal|disallow\w{0,8})\b.{0,80}?"
    r"(?:system[- _](?:role|message|prompt|instruction|field)|role\W{0,3}\s*\W{0,3}system"
    r"|['\"`]system['\"`])"
    r"|role\W{0,3}\s*['\"`]?(?:system|developer)['\"`]?.{0,40}(?:not|n't|unsupported|invalid)"
    r"|(?:developer|system) instruction\w{0,8}.{0,30}(?:not|n't)"
    r"|only\b.{0,20}\buser\W{1,4}(?:and\W{1,3})?assistant\b.{0,20}\b(?:roles?|messages)"
    r"|valid role\W{1,3}user\b|must start with a user|message role must be.{0,4}user"
    r"|roles must alternate|must alternate (?:between )?user"
    r"|messages\W{0,2}\d{1,6}\W{0,2}\.?role"
    r"|['\"`]system['\"`].{0,60}(?:not|n't)"
    r"|first message must (?:be|have|come).{0,30}user",
    re.IGNORECASE | re.DOTALL,
)
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_OTHER_WORDS: Mapping[str, str] = {
    "presence_penalty": "penalty|penalties",
    "frequency_penalty": "penalty|penalties",
    "reasoning_effort": r"effort|thinking|reasoning|think value|thinking[ _]level",
    "output_config": "effort",
    "reasoning": "effort|thinking",
    "thinking": r"thinking|budget[ _]tokens|thinking[ _]budget",
    "thinking_token_budget": r"thinking[ _]budget|thinking",
    "extra_body": r"thinking[ _]?budget|thinking[ _]?config|thinking|budget",
    "stop_sequences": r"stop[ _]sequences?",
}
_OTHER_NAMES = {
    name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for name, words in _OTHER_WORDS.items()
}
_KEPT_OF_TWO = ("temperature",)


def find_change(
    said: str, named: Sequence[str], status: int | None, sent: Mapping[str, Any]
) -> Change | None:
    """Return how to change a request that was refused; ``None`` where nothing helps.

    Args:
        said: The provider's words.
        named: The parameters that its error names as being at fault.
        status: Of the answer.
        sent: The body.
    """
    if status is None or status < 400 or status in (401, 402, 403, 429):
        return None
    if "stream" not in sent and wants_stream(said, named):
        return Change("stream", "stream", True)
    if _has_system(sent) and _SYSTEM.search(" ".join((said, *named))):
        return Change("merge_system")
    if status not in (400, 404, 405, 415, 422, 501):
        return None  # a server's own fault, whatever it names
    limit = _limit_change(said, set(named), sent)
    if limit is not None:
        return limit
    name = _refused_name(said, list(named), [name for name in sent if name not in _KEPT])
    if name is None:
        refuses = "stream" in sent and refuses_stream(said, named)
        return Change("stream", "stream", False) if refuses else None
    if name == "thinking" and "adaptive" in said and sent[name].get("type") == "enabled":
        return Change("set", name, {"type": "adaptive"})
    return Change("drop", name)


def _has_system(sent: Mapping[str, Any]) -> bool:
    messages = sent.get("messages") or ()
    return bool(sent.get("system")) or any(
        message["role"] in ("system", "developer") for message in messages
    )


def _limit_change(said: str, named: set[str], sent: Mapping[str, Any]) -> Change | None:
    """Return how the limit of an answer must be sent, where that was refused."""
    name = next((name for name in NAMES_OF_LIMIT if name in sent), None)
    if name is None:
        return None
    most = largest_answer(said)
    if most is not None and most < sent[name]:
        return Change("limit", name, most)
    other = "max_tokens" if name == "max_completion_tokens" else "max_completion_tokens"
    if "system" in sent or "stop_sequences" in sent:  # Anthropic's shape has one name
        return None
    wants_other = re.search(rf"\b(?:use|try|set|instead|favou?r of)\b.{{0,40}}\b{other}\b", said)
    is_unknown = re.search(
        r"unsupported param|unrecognized|unknown (?:param|name|field|arg)|extra_forbidden"
        r"|extra inputs|extraneous key|not support",
        said,
        re.IGNORECASE,
    )
    mentions = name in named or _mention(name).search(said)
    if mentions and (wants_other or (is_unknown and "too large" not in said)):
        return Change("rename", name, other)
    return None


def _refused_name(said: str, named: list[str], names: list[str]) -> str | None:
    """Return the field among ``names`` that the provider refuses."""
    for place in named:
        parts = re.split(r"[.\[\]]+", place)
        for name in names:
            if name in parts:
                return name
    for sentence in _SENTENCE.split(said):
        if not _REFUSED.search(sentence):
            continue
        found = _mentioned(sentence, names)
        if not found:
            continue
        if len(found) > 1 and _ONE_OF_TWO.search(sentence):
            rest = [name for *_, name in found if name not in _KEPT_OF_TWO]
            return rest[-1] if rest else found[-1][-1]
        return found[0][-1]
    return None


def _mentioned(sentence: str, names: list[str]) -> list[tuple[int, int, str]]:
    """Return where each field is mentioned; by another name only if none is by its own.

    Sorted by place, and at the same place the longer mention comes first.
    """
    own = {name: _mention(name) for name in names}
    others = {name: _OTHER_NAMES[name] for name in names if name in _OTHER_NAMES}
    for patterns in (own, others):
        hits = [(name, pattern.search(sentence)) for name, pattern in patterns.items()]
        found = [(hit.start(), -len(hit[0]), name) for name, hit in hits if hit]
        if found:
            return sorted(found)
    return []


@cache
def _mention(name: str) -> re.Pattern[str]:
    """Return the pattern of a field's name: as it is, spaced, or in camel case.

    A name that is an everyday word (``stop``, ``seed``) counts only where it stands as a name.
    """
    if "_" in name or name in ("temperature",):
        spelled = r"[_\- ]?".join(map(re.escape, name.split("_")))
        return re.compile(rf"(?<![a-z0-9_]){spelled}(?![a-z0-9_])", re.IGNORECASE)
    word = re.escape(name)
    return re.compile(
        rf"['\"`\[(.]{word}['\"`\]).=]|\b{word}\s*[=:]|:\s*{word}\b"
        rf"|(?:param(?:eter)?|argument|field|property|key|option|name)s?\W{{1,4}}{word}\b"
        rf"|\b{word} (?:param|argument|field|option|sequences?\b|is (?:not|un|deprecated|no ))",
        re.IGNORECASE,
    )
