"""Why samples of a run ended in an error, grouped by cause; and what helps a run that stopped."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select

from app.db import db
from app.engine.run.missing_answers import ONLY_REASONING
from app.models import Run, SampleRow
from app.queries.run_records import RunRecord

_STATUS = re.compile(r"\bstatus (\d{3})\b")
_SAID_CHARS = 240
_REASONS = {
    "auth": "no key that {provider} accepts",
    "bad_reply": "malformed answers from {provider}",
    "bad_request": "requests that {provider} did not accept",
    "connection": "no connection to {provider}",
    "context_length": "prompts too long for the model",
    "empty_reply": "answers without a completion from {provider}",
    "generation_failed": "generations that broke off at {provider}",
    "judge_failed": "answers that the judge did not judge",
    "malformed_generation": "generations that {provider} could not use",
    "only_reasoning": "replies of reasoning and no answer",
    "proxy_error": "a proxy answered instead of {provider}",
    "rate_limit": "rate limits of {provider}",
    "scoring_failed": "answers that could not be scored",
    "timeout": "no answer in time from {provider}",
    "tool_call": "calls of a tool instead of answers",
    "tls": "no secure connection to {provider}",
    "too_large": "answers larger than any model writes",
    "web_page": "web pages instead of answers from {provider}",
}
_PASSING = frozenset(
    {"bad_reply", "connection", "empty_reply", "generation_failed", "judge_failed", "overloaded"}
    | {"only_reasoning", "proxy_error", "rate_limit", "scoring_failed", "server_error", "timeout"}
    | {"tls", "web_page"}
)
"""Codes of errors that asking again may help against."""
_MENDED_AT_THE_SERVER = frozenset({"tool_call"})
"""Codes of errors that asking again helps against once their action is done."""

_OF_CONNECTION = frozenset(
    {"auth", "permission", "connection_gone", "connection_deleted", "wrong_path", "web_page"}
    | {"redirect", "bad_url", "policy_block", "tls", "sealed_secret_unreadable", "unknown_kind"}
    | {"price_unknown"}
)
_OF_REQUEST = frozenset(
    {"unknown_model", "bad_request", "benchmark_gone", "judge_missing", "scorer_unavailable"}
    | {"context_length", "server_memory", "max_tokens_too_large", "sample_unknown"}
)


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Samples that ended in an error for the same reason.

    Attributes:
        code: Of the errors.
        reason: For readers, in a few words: ``status 502 from local``.
        n: How many there are.
        message: What the first of them said.
        action: What it said to do.
        position: Of the first.
    """

    code: str
    reason: str
    n: int
    message: str
    action: str | None
    position: int

    @property
    def passes(self) -> bool:
        """Whether asking again may help."""
        return self.code in _PASSING

    @property
    def can_pass(self) -> bool:
        """Whether it may, perhaps after something was changed at the server."""
        return self.passes or self.code in _MENDED_AT_THE_SERVER

    def view(self) -> dict[str, Any]:
        """Return the group as pages and API show it."""
        return {
            "code": self.code,
            "reason": self.reason,
            "n": self.n,
            "message": self.message,
            "action": self.action,
        }


def error_groups(run: Run | RunRecord) -> list[ErrorGroup]:
    """Return why samples of a run ended in an error, the most frequent cause first."""
    if not run.error:
        return []
    code, message, action = (SampleRow.error[key].as_string() for key in _PARTS)
    rows = db.session.execute(
        select(code, message, action, func.count(), func.min(SampleRow.position))
        .where(SampleRow.run_id == run.id, SampleRow.outcome == "error")
        .group_by(code, message, action)
        .order_by(func.min(SampleRow.position))
    )
    provider = run.model.partition("/")[0]
    groups: dict[str, ErrorGroup] = {}
    for code_, said, advice, n, position in rows:
        reason = _reason(code_ or "error", said or "", provider)
        known = groups.get(reason)
        if known is None:
            groups[reason] = ErrorGroup(code_ or "error", reason, n, said or "", advice, position)
        else:
            groups[reason] = replace(known, n=known.n + n)
    return sorted(groups.values(), key=lambda group: -group.n)


_PARTS = ("code", "message", "action")


def _reason(code: str, message: str, provider: str) -> str:
    status = _STATUS.search(message)
    if status:
        return f"status {status.group(1)} from {provider}"
    known = _REASONS.get(code)
    return known.format(provider=provider) if known else code.replace("_", " ")


def explanation(run: Run | RunRecord) -> dict[str, Any]:
    """Return what a run by itself says of its errors: their causes, and what helps."""
    return {
        "error_groups": [group.view() for group in error_groups(run)],
        "remedy": remedy_of(run),
    }


def cause_of(groups: list[ErrorGroup]) -> str:
    """Return the causes of a run's errors as the end of a sentence."""
    first = min(groups, key=lambda group: group.position)
    said = first.message if len(first.message) <= _SAID_CHARS else first.message[:_SAID_CHARS] + "…"
    if len(groups) == 1:
        reasons = groups[0].reason
    else:
        reasons = ", ".join(f"{group.n} × {group.reason}" for group in groups[:3])
        rest = sum(group.n for group in groups[3:])
        reasons += f", {rest} for other reasons" if rest else ""
    if first.code == ONLY_REASONING:  # the run's notice tells it already
        return f"{reasons}."
    return f"{reasons}; the first said: {said}{'' if said.endswith(('.', '…')) else '.'}"


def remedy_of(run: Run | RunRecord) -> str | None:
    """Return the one step that most likely helps a run that failed or paused.

    ``resume``, ``retry_errors``, ``raise_budget``, ``edit_connection`` or ``duplicate``; ``None``
    where there is nothing to do but wait, or nothing is wrong.
    """
    code = (run.failure or {}).get("code")
    if run.status == "completed":
        return "retry_errors" if run.error else None
    if run.status == "canceled":
        return "resume"
    if run.status not in ("failed", "paused") or code == "disk_full":
        return None
    if code == "too_many_errors":
        groups = error_groups(run)
        return "retry_errors" if any(group.can_pass for group in groups) else "duplicate"
    if code == "only_reasoning":
        return "retry_errors"  # its message says so; resuming would leave what failed
    if code == "budget_reached":
        return "raise_budget"
    if code in _OF_CONNECTION:
        return "edit_connection"
    return "duplicate" if code in _OF_REQUEST else "resume"


def connection_to_mend(run: Run | RunRecord) -> str:
    """Return the connection that a failure is about: the model's, or the judge's."""
    judge = run.config.get("judge")
    message = (run.failure or {}).get("message", "")
    return (judge if judge and judge in message else run.model).partition("/")[0]
