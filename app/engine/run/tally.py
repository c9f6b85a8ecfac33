"""Counters of a run, which show when continuing is pointless."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

from app.engine.clients.classify import TRANSIENT
from app.net.call_errors import CallError

_FREE_RETRIES = 50


@dataclass(slots=True)
class Tally:
    """Counts of calls, retries and failures in a row. Used from many threads.

    Attributes:
        max_retry_share: Retries allowed per call, beyond ``free_retries`` at the start.
        free_retries: So many are allowed whatever the share.
        calls: Attempts made.
        retries: Repetitions, of whatever reason.
        transient_in_row: Samples given up for transient failures, since the last success.
        errors_in_row: Samples with other errors, since the last success.
        truncated: Replies that hit the limit of tokens.
        without_answer: As above, before there was an answer: the model thought, or wrote nothing.
        empty: Replies without any text that came to their end.
        only_reasoning: Replies whose answer the server took for thinking.
        answered: Replies with an answer.
    """

    max_retry_share: float
    free_retries: int = _FREE_RETRIES
    calls: int = 0
    retries: int = 0
    transient_in_row: int = 0
    errors_in_row: int = 0
    truncated: int = 0
    without_answer: int = 0
    empty: int = 0
    only_reasoning: int = 0
    answered: int = 0
    _charged: int = 0
    _seen: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def count_call(self) -> None:
        """Count one attempt."""
        with self._lock:
            self.calls += 1

    def may_retry(self, error: CallError) -> bool:
        """Return whether the retry budget allows another retry, and count it.

        Rate limits are free: the throttle slows the whole run down for them.
        """
        with self._lock:
            if error.code != "rate_limit":
                if self._charged >= self.free_retries + self.max_retry_share * self.calls:
                    return False
                self._charged += 1
            self.retries += 1
        return True

    def count_success(self) -> None:
        """Count a sample that was answered and scored."""
        self.answered += 1  # a lost count is no harm: only whether there was one matters
        if self.transient_in_row or self.errors_in_row:
            with self._lock:
                self.transient_in_row = self.errors_in_row = 0

    def count_failure(self, code: str) -> None:
        """Count a failed sample; over-long prompts do not count towards the streak."""
        with self._lock:
            if code in TRANSIENT:
                self.transient_in_row += 1
            elif code != "context_length":
                self.errors_in_row += 1

    def count_truncated(self, *, has_answer: bool) -> None:
        """Count a reply that hit the limit of tokens, perhaps before there was an answer."""
        with self._lock:
            self.truncated += 1
            self.without_answer += not has_answer

    def count_empty(self) -> None:
        """Count a reply without any text."""
        with self._lock:
            self.empty += 1

    def count_only_reasoning(self) -> int:
        """Count a reply whose answer the server took for thinking; returns how many there are."""
        with self._lock:
            self.only_reasoning += 1
            return self.only_reasoning

    def first(self, code: str) -> bool:
        """Return whether ``code`` is new, for warnings given once per run."""
        if code in self._seen:
            return False
        with self._lock:
            new = code not in self._seen
            self._seen.add(code)
        return new
