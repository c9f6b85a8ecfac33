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


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("EOS", "stop"),
        ("stop_str", "stop"),
        ("FINISH_REASON_STOP", "stop"),
        ("natural_stop", "stop"),
        ("stop_string", "stop"),
        ("eos token", "stop"),
        ("COMPLETE", "stop"),
        ("token limit reached", "length"),
        ("max_tokens_exceeded", "length"),
        ("MODEL_LENGTH", "length"),
        ("length_limit", "length"),
        ("max_seq_len", "length"),
        ("context_window", "length"),
        ("output_limit", "length"),
        ("truncated", "length"),
        ("max_turn_tokens", "length"),
        ("CONTENT_FILTERED", "content_filter"),
        ("content-filter", "content_filter"),
        ("responsible_ai_policy_violation", "content_filter"),
        ("prompt_blocked", "content_filter"),
        ("SAFETY_BLOCK", "content_filter"),
        ("toxicity", "content_filter"),
        ("copyright_violation", "content_filter"),
        ("flagged", "content_filter"),
        ("PROHIBITED", "content_filter"),
        ("image_safety", "content_filter"),
        ("data_inspection_failed", "content_filter"),
        ("risk_control", "content_filter"),
        ("nsfw", "content_filter"),
        ("refusal", "refusal"),
        ("REFUSED", "refusal"),
        ("model_refusal", "refusal"),
        ("refuse", "refusal"),
    ],
)
def test_words_that_no_reference_lists_are_read_by_what_they_mean(said: str, reason: str) -> None:
    ending = read_ending(said)
    assert (ending.reason, ending.failure) == (reason, None)


@pytest.mark.parametrize(
    "said",
    [
        "ERROR_UNSPECIFIED",
        "internal_server_error",
        "timed_out",
        "engine_dead",
        "oom",
        "preempted",
        "gpu_error",
        "stream_error",
        "connection_lost",
        "FAILED",
        "server_shutdown",
        "worker_crashed",
        "killed",
        "aborted_by_server",
    ],
)
def test_a_server_that_broke_off_in_its_own_words_failed(said: str) -> None:
    assert read_ending(said).failure == "passing"


@pytest.mark.parametrize(
    "said",
    [
        "MALFORMED_RESPONSE",
        "invalid_response_format",
        "malformed_json",
        "INVALID_TOOL_CALL",
        "parse_error",
    ],
)
def test_what_could_not_be_read_is_malformed_in_any_words(said: str) -> None:
    assert read_ending(said).failure == "malformed"
