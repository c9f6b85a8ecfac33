"""What a provider's words say about a request that it refused."""

from __future__ import annotations

from typing import Any

import pytest

from app.engine.clients.refusals import find_change
from app.engine.clients.request_changes import Change, RequestChanges, read_changes

SENT: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "user", "content": "x"}],
    "temperature": 0.0,
    "top_p": 0.9,
    "max_tokens": 32_000,
    "seed": 1,
    "stop": ["a"],
    "top_k": 5,
    "presence_penalty": 0.1,
    "reasoning_effort": "low",
    "thinking_token_budget": 5,
}
WITH_SYSTEM = {
    **SENT,
    "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "x"}],
}

DROPPED = [
    ("Unsupported value: 'temperature' does not support 0 with this model. "
     "Only the default (1) value is supported.", "temperature"),
    ("`temperature` is deprecated for this model.", "temperature"),
    ("The model returned the following errors: temperature is deprecated for this model.",
     "temperature"),
    ("invalid temperature: only 1 is allowed for this model", "temperature"),
    ("`temperature` may only be set to 1 when thinking is enabled.", "temperature"),
    ("litellm.UnsupportedParamsError: gpt-5 models (including gpt-5-codex) don't support "
     "temperature=0.0. Only temperature=1 is supported.", "temperature"),
    ("temperature must be between 0 and 2", "temperature"),
    ("The parameter temperature specified in the request is not valid: it is fixed at 1",
     "temperature"),
    ("`temperature` and `top_p` cannot both be specified for this model. "
     "Please use only one.", "top_p"),
    ("invalid top_p: only 0.95 is allowed for this model", "top_p"),
    ("`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled.", "top_p"),
    ("Unrecognized request argument supplied: top_k", "top_k"),
    ("property 'top_k' is unsupported", "top_k"),
    ("Unknown name \"topK\": Cannot find field.", "top_k"),
    ("#: extraneous key [top_k] is not permitted", "top_k"),
    ("Extra inputs are not permitted, field: 'top_k'", "top_k"),
    ("`top_k` must be unset when thinking is enabled.", "top_k"),
    ("Unknown name \"seed\": Cannot find field.", "seed"),
    ("seed: Extra inputs are not permitted", "seed"),
    ("[{'type': 'extra_forbidden', 'loc': ('body', 'seed'), 'msg': 'Extra inputs are not "
     "permitted', 'input': 1}]", "seed"),
    ("Argument not supported on this model: stop", "stop"),
    ("This model does not support the `stop` parameter.", "stop"),
    ("Penalty is not enabled for models/gemini-2.5-flash", "presence_penalty"),
    ("Model grok-4 does not support parameter presencePenalty.", "presence_penalty"),
    ("litellm.UnsupportedParamsError: xai does not support parameters: ['presence_penalty'], "
     "for model=grok-4", "presence_penalty"),
    ("Model grok-4 does not support parameter reasoningEffort.", "reasoning_effort"),
    ("`reasoning_effort` must be one of `none` or `default`", "reasoning_effort"),
    ("This model does not support the effort parameter.", "reasoning_effort"),
    ("Thinking budget is not supported for this model.", "thinking_token_budget"),
    ("The 'temperature' parameter is fixed for this model", "temperature"),
    ("Sampling parameters (temperature, top_p) are not configurable for this model", "temperature"),
    ("'temperature' is immutable for this model", "temperature"),
    ("Model requires default temperature", "temperature"),
    ("reasoning models do not use temperature", "temperature"),
    ("temperature (=0.0) has to be a strictly positive float", "temperature"),
    ("Please specify either temperature or top_p, not both", "top_p"),
    ("You may only specify one of temperature and top_p", "top_p"),
    ("`seed` is not a valid parameter", "seed"),
    ("got an unexpected keyword argument 'seed'", "seed"),
    ("Stop sequences must contain non-whitespace", "stop"),
    ("json: unknown field \"top_k\"", "top_k"),
    ("property top_k should not exist", "top_k"),
    ("Param Incorrect: top_k", "top_k"),
    ("Additional properties are not allowed ('top_k' was unexpected)", "top_k"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "name"), DROPPED)
@pytest.mark.parametrize("status", [400, 422])
def test_a_refused_parameter_is_found_whatever_words_refuse_it(said, name, status):
    assert find_change(said, (), status, SENT) == Change("drop", name)


def test_a_parameter_that_the_error_names_by_itself_needs_no_words():
    said = "Invalid value: 'xhigh'. Supported values are: 'low', 'medium'."
    assert find_change(said, ["reasoning_effort"], 400, SENT) == Change("drop", "reasoning_effort")
    assert find_change("Nope", ["body.top_k"], 422, SENT) == Change("drop", "top_k")


@pytest.mark.parametrize(
    "said",
    [
        "The prompt was filtered",
        "We stop here: unknown error",
        "The model m does not exist",
        "Could not finish the message because max_tokens or model output limit was reached. "
        "Please try again with higher max_tokens.",
        "This model's maximum context length is 4097 tokens. However, you requested 32005 tokens "
        "(5 in the messages, 32000 in the completion). Please reduce the length.",
        "Unsupported parameter: 'min_p' is not supported with this model.",
    ],
)
def test_what_names_nothing_that_was_sent_changes_nothing(said):
    assert find_change(said, (), 400, SENT) is None


@pytest.mark.parametrize("status", [401, 402, 403, 429, 500, 503, None])
def test_only_a_refusal_of_the_request_changes_it(status):
    assert find_change("`temperature` is deprecated for this model.", (), status, SENT) is None


@pytest.mark.parametrize(
    ("said", "most"),
    [
        ("max_tokens is too large: 32000. This model supports at most 16384 completion tokens, "
         "whereas you provided 32000.", 16_384),
        ("max_tokens: 32000 > 8192, which is the maximum allowed number of output tokens for m",
         8_192),
        ("`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` "
         "is less than the `context_window` for this model", 8_192),
        ("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", 8_192),
        ("Unable to submit request because it has a maxOutputTokens value of 32000 but the "
         "supported range is from 1 (inclusive) to 8193 (exclusive).", 8_192),
        ("The maximum tokens you requested exceeds the model limit of 4,096.", 4_096),
        ("The maximum number of tokens you requested (32000) exceeds the model limit of 4096",
         4_096),
        ("Range of max_tokens should be [1, 8192]", 8_192),
        ("max_tokens cannot be greater than 8192", 8_192),
        ("Invalid 'max_tokens': integer above maximum value. Expected a value <= 4096, but got "
         "32000 instead.", 4_096),
        ("Model output limit is 4096 tokens; requested 32000", 4_096),
        ("too many tokens: max tokens must be less than or equal to 4096, the maximum output "
         "length for this model - received 32000.", 4_096),
    ],
)  # fmt: skip
def test_a_limit_of_answers_that_the_model_names_is_kept_to(said, most):
    assert find_change(said, ["max_tokens"], 400, SENT) == Change("limit", "max_tokens", most)


def test_the_limit_of_an_answer_gets_its_other_name_and_is_never_left_out():
    said = (
        "Unsupported parameter: 'max_tokens' is not supported with this model. "
        "Use 'max_completion_tokens' instead."
    )
    renamed = Change("rename", "max_tokens", "max_completion_tokens")
    assert find_change(said, ["max_tokens"], 400, SENT) == renamed
    newer = {"model": "m", "messages": [], "max_completion_tokens": 5}
    said = "Unknown parameter: 'max_completion_tokens'."
    older = Change("rename", "max_completion_tokens", "max_tokens")
    assert find_change(said, (), 400, newer) == older


@pytest.mark.parametrize(
    "said",
    [
        "System role not supported",
        "Error rendering prompt with jinja template: \"System role not supported\".",
        "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
        "Developer instruction is not enabled for models/gemma-3-27b-it",
        "Conversation roles must alternate user/assistant/user/assistant/...",
        "Only user and assistant roles are supported!",
        "This model doesn't support the system field. Remove the system field and try again.",
        "invalid role: system",
        "role 'system' is not allowed, must be user or assistant",
        "'system' is not one of ['user', 'assistant'] - 'messages.0.role'",
        "Input tag 'system' found using 'role' does not match any of the expected tags",
        "Model does not support system prompts",
        "Only 'user' and 'assistant' roles are allowed",
        "This model only supports user and assistant messages",
        "Conversations must start with a user prompt",
        "first message role must be user",
        "Please use a valid role: user, model.",
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [400, 422, 500])
def test_a_refused_system_role_is_merged(said, status):
    assert find_change(said, (), status, WITH_SYSTEM) == Change("merge_system")
    again = find_change(said, (), status, SENT)
    assert again is None or again.kind != "merge_system"


@pytest.mark.parametrize(
    "said", ["Internal system error", "The system is overloaded", "Our system is not available"]
)
def test_a_system_that_is_down_is_no_refused_role(said):
    assert find_change(said, (), 500, WITH_SYSTEM) is None


def test_a_thinking_budget_that_newer_models_refuse_becomes_adaptive():
    said = (
        '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" '
        'and "output_config.effort" to control thinking behavior.'
    )
    thinking = {"type": "enabled", "budget_tokens": 2_000}
    sent = {**SENT, "thinking": thinking, "output_config": {"effort": "low"}}
    change = find_change(said, (), 400, sent)
    assert change == Change("set", "thinking", {"type": "adaptive"})


def test_system_texts_begin_the_first_user_message():
    body = {
        "messages": (
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "1+1?"},
            {"role": "assistant", "content": "2"},
            {"role": "user", "content": "2+2?"},
        )
    }
    changes = RequestChanges()
    changes.learn(Change("merge_system"))
    assert changes.apply(body)["messages"] == [
        {"role": "user", "content": "Be brief.\n\n1+1?"},
        {"role": "assistant", "content": "2"},
        {"role": "user", "content": "2+2?"},
    ]
    top = {"system": "Be brief.", "messages": [{"role": "user", "content": "hi"}]}
    assert changes.apply(top) == {"messages": [{"role": "user", "content": "Be brief.\n\nhi"}]}
    alone = {"messages": [{"role": "system", "content": "Go."}]}
    assert changes.apply(alone)["messages"] == [{"role": "user", "content": "Go."}]


def test_changes_are_made_in_the_order_in_which_they_were_learned_and_remembered():
    changes = RequestChanges()
    assert changes.learn(Change("rename", "max_tokens", "max_completion_tokens"))
    assert changes.learn(Change("limit", "max_completion_tokens", 100))
    assert not changes.learn(Change("limit", "max_completion_tokens", 100))
    assert changes.learn(Change("drop", "seed"))
    assert changes.apply({"max_tokens": 500, "seed": 1}) == {"max_completion_tokens": 100}
    stored = [
        {
            "kind": "rename",
            "name": "max_tokens",
            "value": "max_completion_tokens",
            "setting": "max_tokens",
        },  # fmt: skip
        {"kind": "merge_system"},
        {"kind": "of a later version"},
    ]
    assert read_changes(stored) == [
        Change("rename", "max_tokens", "max_completion_tokens"),
        Change("merge_system"),
    ]
    assert [change.stored() for change in read_changes(stored)] == stored[:2]


REPORTED = [
    (
        "Parameter 'temperature' is not supported for reasoning models such as this one.",
        "temperature",
    ),
    ("Invalid value for 'temperature': this model only accepts the default.", "temperature"),
    ("temperature: expected one of [1]", "temperature"),
    (
        "Requested temperature 0 but only temperature 1.0 is available for o-series deployments",
        "temperature",
    ),
    ("The 'temperature' setting has been retired for this model family; omit it.", "temperature"),
    ("Sampling parameter temperature cannot be customized", "temperature"),
    (
        "sampling parameters (temperature, top_p, top_k) are not allowed with this model",
        "temperature",
    ),
    ("temperature is locked to 1", "temperature"),
    ("You can't set temperature for this model", "temperature"),
    ("Please omit `temperature`: it is ignored by thinking models", "temperature"),
    ("`top_p` must be unset", "top_p"),
    ("Additional properties are not allowed ('top_k' was unexpected)", "top_k"),
    ("Unrecognized key(s) in object: 'top_k'", "top_k"),
    ("unknown field `top_k`, expected one of `model`, `messages`", "top_k"),
    ('json: unknown field "top_k"', "top_k"),
    ("Failed to deserialize the JSON body into the target type: top_k: unknown field", "top_k"),
    ("body.seed is not allowed", "seed"),
    (
        "Invalid JSON payload received. Unknown name \"presence_penalty\" at 'generation_config': "
        "Cannot find field.",
        "presence_penalty",
    ),
    ("'presencePenalty' is not supported by model grok-4-1", "presence_penalty"),
    (
        "stop: Input should be empty for this model. The parameter 'stop' is not supported with "
        "reasoning.",
        "stop",
    ),
    ("'reasoning_effort' is not a recognized parameter", "reasoning_effort"),
    ("Reasoning is not enabled for this model: remove reasoning_effort", "reasoning_effort"),
    ("`reasoning_effort` is not supported with this model", "reasoning_effort"),
    ("thinking_token_budget: Extra inputs are not permitted", "thinking_token_budget"),
    ("Argument 'seed' is not supported by provider", "seed"),
    ("Setting 'seed' is unsupported on Bedrock", "seed"),
    ("frequency and presence penalties are not supported by this model", "presence_penalty"),
    ("This model does not support stop sequences.", "stop"),
    ("parameter top_k not implemented", "top_k"),
    ("Only one of `temperature` or `top_p` may be set.", "top_p"),
    ("temperature and top_p are mutually exclusive", "top_p"),
]
"""Wordings of public reports, and some that no report has yet."""


@pytest.mark.parametrize(("said", "name"), REPORTED)
def test_wordings_of_public_reports_name_their_parameter(said, name):
    assert find_change(said, (), 400, SENT) == Change("drop", name)


@pytest.mark.parametrize(
    "said",
    [
        "jinja2.exceptions.TemplateError: System role not supported",
        "role 'system' is not supported on this model",
        "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
        "Conversation roles must alternate user/assistant/user/assistant/...",
        'role only allows "user" / "assistant", not "system"',
        "Developer instruction is not enabled for models/gemma-3-27b-it",
        "This model does not accept system prompts",
        "System messages are not allowed for this model",
        "The system prompt is not supported by the selected model.",
        'messages: Unexpected role "system". Allowed roles are user, assistant',
        "Only user and assistant roles are supported!",
        "unsupported role: system",
        "message role must be user or assistant, got system",
    ],
)
def test_wordings_of_public_reports_refuse_the_system_role(said):
    assert find_change(said, (), 400, WITH_SYSTEM) == Change("merge_system")


@pytest.mark.parametrize(
    "said",
    [
        "Rate limit reached for requests",
        "Your prompt contains invalid characters",
        "Internal error",
        "messages: at least one message is required",
        "Invalid 'model': not found",
        "You exceeded your current quota",
    ],
)
def test_what_refuses_something_else_changes_nothing(said):
    assert find_change(said, (), 400, SENT) is None
