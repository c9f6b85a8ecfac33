"""What providers call the end of a generation."""

from __future__ import annotations

import pytest

from app.engine.clients.finish_reasons import read_ending


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("stop", "stop"),
        ("STOP", "stop"),
        ("eos_token", "stop"),
        ("COMPLETE", "stop"),
        ("length", "length"),
        ("MAX_TOKENS", "length"),
        ("FinishReason.MAX_TOKENS", "length"),
        ("model_context_window_exceeded", "length"),
        ("content_filter", "content_filter"),
        ("content_filter: RECITATION", "content_filter"),
        ("content_filter: OTHER", "content_filter"),
        ("RECITATION", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("SPII", "content_filter"),
        ("blocklist", "content_filter"),
        ("FINISH_REASON_SAFETY", "content_filter"),
        ("guardrail_intervened", "content_filter"),
        ("sensitive", "content_filter"),
        ("contentFilter", "content_filter"),
        ("policy_violation", "content_filter"),
        ("blocked_by_safety", "content_filter"),
        ("recitation_error", "content_filter"),
        ("maxTokens", "length"),
        ("max_new_tokens", "length"),
        ("incomplete", "length"),
        ("endTurn", "stop"),
        ("refusal", "refusal"),
        ("tool_calls", "unknown"),
        ("repetition", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
        (7, "unknown"),
    ],
)
def test_each_provider_s_word_has_one_meaning(said: object, reason: str) -> None:
    ending = read_ending(said)
    assert (ending.reason, ending.failure) == (reason, None)


@pytest.mark.parametrize(
    ("said", "failure"),
    [
        ("error", "passing"),
        ("ERROR", "passing"),
        ("abort", "passing"),
        ("upstream_error", "passing"),
        ("user_abort", "passing"),
        ("deadline_exceeded", "passing"),
        ("service_unavailable", "passing"),
        ("rate_limit_exceeded", "passing"),
        ("malformed_tool_call", "malformed"),
        ("cancelled", "passing"),
        ("insufficient_system_resource", "passing"),
        ("network_error", "passing"),
        ("OTHER", "passing"),
        ("MALFORMED_FUNCTION_CALL", "malformed"),
        ("function_call_filter: MALFORMED_FUNCTION_CALL", "malformed"),
        ("malformed_response", "malformed"),
        ("UNEXPECTED_TOOL_CALL", "malformed"),
    ],
)
def test_a_generation_that_failed_is_told_as_such(said: str, failure: str) -> None:
    assert read_ending(said).failure == failure
    assert read_ending(said).said == said
