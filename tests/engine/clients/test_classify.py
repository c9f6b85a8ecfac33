"""One recorded shape of a failure per row: what a provider sends, and what it means."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest
from urllib3 import HTTPHeaderDict

from app.engine.clients.classify import classify_reply, from_call_error
from app.engine.clients.classify_parts import page_title, quote
from app.engine.clients.classify_rules import Endpoint
from app.net.call_errors import CallError
from app.net.http import HttpReply
from tests.fakes.model_server import Call
from tests.fakes.provider_shapes import SHAPES

CALL = Call("POST", "/v1/chat/completions", {}, b"{}", 0, 0.0)
ENDPOINT = Endpoint("Acme", "acme-1", "https://api.acme.example/v1")


@dataclass
class Row:
    name: str
    status: int
    body: object
    code: str
    scope: str = "sample"
    retryable: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    retry_after_s: float | None = None
    refusal: bool = False


def openai(
    message: str, code: object = None, kind: str = "invalid_request_error", **extra: object
) -> object:
    return {"error": {"message": message, "type": kind, "param": None, "code": code, **extra}}


def anthropic(kind: str, message: str, **extra: object) -> object:
    error = {"type": kind, "message": message, **extra}
    return {"type": "error", "error": error, "request_id": "req_1"}


def gemini(code: int, status: str, message: str, *details: object) -> object:
    return [{"error": {"code": code, "status": status, "message": message, "details": details}}]


def quota_failure(quota: str, value: str) -> object:
    violations = [{"quotaId": quota, "quotaValue": value}]
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": violations}


PER_DAY = quota_failure("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "50")
PER_MINUTE = quota_failure("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "15")
NO_QUOTA = quota_failure("GenerateContentInputTokensPerModelPerMinute-FreeTier", "0")
RETRY_INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34s"}
BAD_KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
GEMINI_429 = "You exceeded your current quota, please check your plan and billing details."
HTML = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head></html>"
CONTEXT = "This model's maximum context length is 8192 tokens. However, you requested 9,001 tokens."

ROWS = [
    # Keys
    Row("OpenAI bad key", 401, openai("Incorrect API key provided: sk-abc***", "invalid_api_key"),
        "auth", "fail"),
    Row("Anthropic bad key", 401, anthropic("authentication_error", "invalid x-api-key"),
        "auth", "fail"),
    Row("Gemini bad key is 400", 400,
        gemini(400, "INVALID_ARGUMENT", "API key not valid.", BAD_KEY), "auth", "fail"),
    Row("xAI bad key is 400", 400,
        {"code": "invalid argument", "error": "Incorrect API key provided: xa***"},
        "auth", "fail"),
    Row("LiteLLM bad key", 400, openai("No connected db.", "400", "no_db_connection"),
        "auth", "fail"),
    Row("401 without a body", 401, "", "auth", "fail"),
    Row("Mistral bad key", 401, {"message": "Unauthorized", "request_id": "x"}, "auth", "fail"),
    # Permission
    Row("OpenAI project", 403, openai("Project does not have access to model"), "permission",
        "fail"),
    Row("Anthropic permission", 403, anthropic("permission_error", "Not allowed"), "permission",
        "fail"),
    Row("Gemini region is 400", 400,
        gemini(400, "FAILED_PRECONDITION", "User location is unsupported for the API use."),
        "permission", "fail"),
    # Model
    Row("OpenAI model", 404, openai("The model `x` does not exist", "model_not_found"),
        "unknown_model", "fail"),
    Row("Anthropic model", 404, anthropic("not_found_error", "model: claude-x"), "unknown_model",
        "fail"),
    Row("Mistral model is 400", 400,
        {"object": "error", "message": "Invalid model: x", "type": "invalid_model", "code": "1500"},
        "unknown_model", "fail"),
    Row("Mistral unknown_model tag", 400, openai("x", "unknown_model"), "unknown_model", "fail"),
    Row("Ollama model", 404, openai('model "x" not found, try pulling it first', None,
        "not_found_error"), "unknown_model", "fail"),
    Row("a path", 404, {"detail": "Not Found"}, "wrong_path", "fail"),
    Row("Go's path", 404, "404 page not found", "wrong_path", "fail"),
    Row("Express' path", 404, {"error": "Cannot POST /models/chat/completions"}, "wrong_path",
        "fail"),
    Row("llama.cpp's path", 404, {"error": {"code": 404, "message": "File Not Found",
        "type": "not_found_error"}}, "wrong_path", "fail"),
    Row("Azure deployment", 404, {"error": {"code": "DeploymentNotFound",
        "message": "The API deployment for this resource does not exist."}}, "unknown_model",
        "fail"),
    Row("OpenRouter endpoints", 404, {"error": {"code": 404,
        "message": "No endpoints found for acme-1."}}, "unknown_model", "fail"),
    Row("Ollama's own API", 404, {"error": "model 'x' not found"}, "unknown_model", "fail"),
    Row("old vLLM, flat", 404, {"object": "error", "message": "The model `x` does not exist.",
        "type": "NotFoundError", "param": None, "code": 404}, "unknown_model", "fail"),
    Row("OpenRouter model is 400", 400, {"error": {"message": "x is an invalid model id",
        "code": 400}}, "unknown_model", "fail"),
    # Credit
    Row("OpenAI quota", 429, openai(GEMINI_429, "insufficient_quota", "insufficient_quota"),
        "quota", "pause"),
    Row("402", 402, {"error": {"message": "Insufficient credits", "code": 402}}, "quota", "pause"),
    Row("DeepSeek balance", 402, openai("Insufficient Balance"), "quota", "pause"),
    Row("OpenRouter 402 that passes", 402, {"error": {"message": "busy", "code": 402}},
        "rate_limit", "sample", True, {"Retry-After": "3"}, 3.0),
    Row("Anthropic credit is 400", 400, anthropic("invalid_request_error",
        "Your credit balance is too low to access the Anthropic API."), "quota", "pause"),
    Row("Anthropic own limit is 400", 400, anthropic("invalid_request_error",
        "You have reached your specified API usage limits. You will regain access on 2026-04-01."),
        "quota", "pause"),
    Row("Anthropic spend limit", 429, anthropic("rate_limit_error", "spend", details={
        "error_code": "enforced_spend_limit_reached"}), "quota", "pause"),
    Row("Gemini per day", 429, gemini(429, "RESOURCE_EXHAUSTED", GEMINI_429, PER_DAY, RETRY_INFO),
        "quota", "pause"),
    Row("Gemini limit 0", 429, gemini(429, "RESOURCE_EXHAUSTED", GEMINI_429, NO_QUOTA),
        "quota", "pause"),
    Row("xAI credits are 403", 403, {"code": "x", "error": "Your team has no credits yet."},
        "quota", "pause"),
    # Context
    Row("OpenAI context", 400, openai(CONTEXT, "context_length_exceeded"), "context_length"),
    Row("vLLM context", 400, {"error": {"message": CONTEXT, "type": "BadRequestError",
        "code": 400}}, "context_length"),
    Row("Anthropic context", 400, anthropic("invalid_request_error",
        "prompt is too long: 210000 tokens > 200000 maximum"), "context_length"),
    Row("Anthropic bytes", 413, anthropic("request_too_large", "Request exceeds the maximum size"),
        "context_length"),
    Row("Gemini context", 400, gemini(400, "INVALID_ARGUMENT",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048575)."),
        "context_length"),
    Row("Gemini context as 500", 500, gemini(500, "INTERNAL", "Your input context is too long: "
        "the context window is exceeded"), "context_length"),
    Row("Together context is 403", 403, openai("Input validation error: `inputs` tokens + "
        "max_new_tokens must be <= 8193"), "context_length"),
    Row("Groq request too large", 413, openai("Request too large for model `x` on tokens per "
        "minute (TPM): Limit 6000, Requested 9001", "rate_limit_exceeded", "tokens"),
        "context_length"),
    Row("llama.cpp context", 400, {"error": {"code": 400, "message": "the request exceeds the "
        "available context size", "type": "exceed_context_size_error", "n_ctx": 4096}},
        "context_length"),
    Row("llama.cpp context as 500", 500, {"error": {"code": 500, "message": "context length "
        "exceeded", "type": "server_error"}}, "context_length"),
    Row("Mistral context", 400, {"object": "error", "message": "Prompt contains 40000 tokens, "
        "too large for model with 32768 maximum context length", "type": "invalid_request_error",
        "code": "3051"}, "context_length"),
    # Filter
    Row("Azure filter", 400, openai("The response was filtered due to the prompt triggering "
        "Azure OpenAI's content management policy.", "content_filter", innererror={
            "code": "ResponsibleAIPolicyViolation"}), "content_filter", refusal=True),
    Row("OpenAI policy", 400, openai("x", "content_policy_violation"), "content_filter",
        refusal=True),
    Row("OpenRouter moderation is 403", 403, {"error": {"code": 403, "message": "Input was flagged",
        "metadata": {"reasons": ["violence"], "flagged_input": "…"}}}, "content_filter",
        refusal=True),
    Row("Anthropic output blocked", 400, anthropic("invalid_request_error",
        "Output blocked by content filtering policy"), "content_filter", refusal=True),
    # Rate
    Row("OpenAI rate", 429, openai("Rate limit reached for x", "rate_limit_exceeded", "tokens"),
        "rate_limit", "sample", True, {"retry-after-ms": "250", "Retry-After": "1"}, 0.25),
    Row("OpenAI rate by reset", 429, openai("Rate limit reached", "rate_limit_exceeded"),
        "rate_limit", "sample", True, {"x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "1m30s"}, 90.0),
    Row("Anthropic rate", 429, anthropic("rate_limit_error", "exceed your rate limit"),
        "rate_limit", "sample", True, {"retry-after": "12"}, 12.0),
    Row("Gemini per minute", 429, gemini(429, "RESOURCE_EXHAUSTED", GEMINI_429, PER_MINUTE,
        RETRY_INFO), "rate_limit", "sample", True, {}, 34.0),
    Row("Mistral rate", 429, {"object": "error", "message": "Service tier capacity exceeded",
        "type": "service_tier_capacity_exceeded", "code": "3505"}, "rate_limit", "sample", True),
    Row("429 as a web page", 429, HTML, "rate_limit", "sample", True),
    # Server
    Row("500", 500, openai("The server had an error", None, "server_error"), "server_error",
        "sample", True),
    Row("502", 502, {"error": {"code": 502, "message": "Bad gateway"}}, "server_error", "sample",
        True),
    Row("OpenAI 503", 503, openai("The engine is overloaded", None, "server_error"), "overloaded",
        "sample", True),
    Row("Groq 498", 498, openai("Flex tier capacity exceeded", "capacity_exceeded"), "overloaded",
        "sample", True),
    Row("Anthropic 529", 529, anthropic("overloaded_error", "Overloaded"), "overloaded", "sample",
        True),
    Row("504", 504, "", "server_error", "sample", True),
    Row("408", 408, "", "server_error", "sample", True),
    Row("llama.cpp loading", 503, {"error": {"code": 503, "message": "Loading model",
        "type": "unavailable_error"}}, "overloaded", "sample", True),
    Row("OpenRouter 503 with a wait", 503, {"error": {"code": 503, "message": "none"}},
        "overloaded", "sample", True, {"Retry-After": "2"}, 2.0),
    Row("Ollama out of memory", 500, openai("CUDA error: out of memory", None, "api_error"),
        "server_memory", "fail"),
    Row("proxy", 502, HTML, "proxy_error", "sample", True),
    Row("Cloudflare 520", 520, HTML, "proxy_error", "sample", True),
    # 2xx with an error, web pages, redirects
    Row("OpenRouter 200 with 502", 200, {"error": {"code": 502, "message": "Provider error"}},
        "server_error", "sample", True),
    Row("OpenRouter 200 with 429", 200, {"error": {"code": 429, "message": "slow"}},
        "rate_limit", "sample", True),
    Row("OpenRouter error in a choice", 200, {"choices": [{"finish_reason": "error", "error": {
        "code": 502, "message": "Upstream"}}]}, "server_error", "sample", True),
    Row("200 with an error without code", 200, {"error": "boom"}, "server_error", "sample", True),
    Row("200 list with an error", 200, gemini(503, "UNAVAILABLE", "The model is overloaded."),
        "overloaded", "sample", True),
    Row("200 with a text code", 200, {"error": {"code": "400", "message": CONTEXT}},
        "context_length"),
    Row("web page", 200, HTML, "web_page", "fail", True),
    Row("web page as 404", 404, HTML, "web_page", "fail"),
    Row("no JSON", 200, "ok", "bad_reply", "sample", True),
    Row("empty body", 200, "", "bad_reply", "sample", True),
    Row("truncated JSON", 200, '{"choices": [{"mess', "bad_reply", "sample", True),
    Row("redirect", 307, "", "redirect", "fail"),
    # The rest
    Row("parameter", 400, openai("Unsupported parameter: 'seed'", "unsupported_parameter"),
        "bad_request"),
    Row("FastAPI", 422, {"detail": [{"loc": ["body", "top_k"], "msg": "extra fields"}]},
        "bad_request"),
    Row("405", 405, {"detail": "Method Not Allowed"}, "bad_request"),
    Row("400 without a body", 400, "", "bad_request"),
]  # fmt: skip


def reply(row):
    body = row.body if isinstance(row.body, str) else json.dumps(row.body)
    lower = {name.lower(): value for name, value in row.headers.items()}
    return HttpReply(row.status, lower, body.encode(), 0.1)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_failure_is_recognised_by_its_shape(row):
    error = classify_reply(reply(row), ENDPOINT, "q7")
    assert error is not None
    assert (error.code, error.scope, error.retryable) == (row.code, row.scope, row.retryable)
    assert error.retry_after_s == row.retry_after_s
    assert error.counts_as_refusal is row.refusal
    assert error.message


@pytest.mark.parametrize(
    "payload",
    [
        {"choices": [{"message": {"content": "hi"}}]},
        {"choices": [{"message": {"content": "error: no"}}], "error": None},
        {"content": [{"type": "text", "text": "hi"}], "type": "message"},
        {"choices": []},
    ],
)
def test_an_answer_without_an_error_is_no_failure(payload):
    assert (
        classify_reply(HttpReply(200, {}, json.dumps(payload).encode(), 0.1), ENDPOINT, "q") is None
    )


def test_a_server_that_asks_for_a_key_is_not_said_to_reject_one():
    reply = HttpReply(401, {}, b'{"error": "Unauthorized"}', 0.1)
    error = classify_reply(reply, Endpoint("mine", "x", "http://box/v1", has_key=False), "q")
    assert error is not None
    assert error.code == "auth"
    assert error.message.startswith("The server mine asks for an API key.")
    assert error.action == "Enter it in Settings → Connections."


def by_name(name):
    return next(row for row in ROWS if row.name == name)


@pytest.mark.parametrize(
    ("name", "message", "action"),
    [
        ("OpenAI bad key", "Acme rejected the API key.", "Settings → Connections."),
        ("OpenAI project", "This key may not use acme-1.", "Check project, region or plan."),
        (
            "OpenAI model",
            "The model acme-1 was not found at https://api.acme.example/v1.",
            "Pick a model from the list.",
        ),
        ("a path", "There is no API at https://api.acme.example/v1 (status 404).", "end in /v1"),
        (
            "OpenAI quota",
            "Acme has no credit left, or its spending cap was reached.",
            "Resume keeps the finished",
        ),
        ("OpenAI context", "Sample q7 needs 9,001 tokens; acme-1 allows 8,192.", "Shorten it"),
        (
            "OpenAI rate",
            "Acme limits the rate",
            "Lower the number of parallel calls, or ask the provider for a higher limit.",
        ),
        ("OpenAI 503", "Acme is overloaded or down", "status page and Resume later."),
        (
            "proxy",
            "A proxy answered instead of Acme (status 502): 502 Bad Gateway.",
            "Resume later.",
        ),
        ("web page", "returned a web page", "ends in /v1"),
        ("parameter", "Unsupported parameter: 'seed'", "parameters"),
    ],
)
def test_messages_say_what_happened_and_what_to_do(name, message, action):
    error = classify_reply(reply(by_name(name)), ENDPOINT, "q7")
    assert error is not None
    assert message in error.message
    assert action in (error.action or "")


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        (
            "This model's maximum context length is 8192 tokens. However, you requested 9001 "
            "tokens (8001 in the messages, 1000 in the completion).",
            "needs 9,001 tokens; acme-1 allows 8,192",
        ),
        (
            "prompt is too long: 210000 tokens > 200000 maximum",
            "needs 210,000 tokens; acme-1 allows 200,000",
        ),
        (
            "The input token count (1200000) exceeds the maximum number of tokens allowed "
            "(1048575).",
            "needs 1,200,000 tokens; acme-1 allows 1,048,575",
        ),
        ("the request exceeds the available context size", "is too long for acme-1"),
        (
            "You passed 64554 characters and requested 16 output tokens. However, the model's "
            "context length is only 2048 tokens, resulting in a maximum input length of 2032.",
            "is too long for acme-1, which allows 2,048 tokens.",
        ),
        (
            "This model's maximum context length is 2048 tokens. However, your prompt contains at "
            "least 2049 input tokens.",
            "is too long for acme-1, which allows 2,048 tokens.",
        ),
    ],
)
def test_a_sample_that_is_too_long_is_told_by_how_much(text, needs):
    body = json.dumps(openai(text, "context_length_exceeded")).encode()
    error = classify_reply(HttpReply(400, {}, body, 0.1), ENDPOINT, "q7")
    assert error is not None
    assert needs in error.message


def test_what_llama_cpp_tells_beside_its_message_is_read():
    answer = SHAPES["llamacpp/too_long"]("", CALL)
    found = classify_reply(HttpReply(400, {}, answer.body or b"", 0.1), ENDPOINT, "q7")
    assert found is not None
    assert "Sample q7 needs 5,012 tokens; acme-1 allows 4,096." in found.message


@pytest.mark.parametrize("name", ["litellm/rate_limit", "litellm/no_deployments"])
def test_what_a_gateway_asks_to_wait_is_waited(name):
    answer = SHAPES[name]("", CALL)
    body = answer.body or b""
    found = classify_reply(
        HttpReply(answer.status, dict(answer.headers), body, 0.1), ENDPOINT, "q7"
    )
    assert found is not None
    assert (found.code, found.retry_after_s) == ("rate_limit", 2.0)


def test_words_that_begin_like_a_key_are_no_keys():
    text = "unexpected keyword_argument skateboarding"
    assert quote(text) == text


def test_a_filtered_sample_says_that_it_counts_as_refusal():
    error = classify_reply(reply(by_name("Azure filter")), ENDPOINT, "q7")
    assert error is not None
    assert error.message.startswith("Acme filtered sample q7; counted as refusal.")


def test_the_provider_s_request_id_is_added():
    row = by_name("500")
    answer = HttpReply(row.status, {"x-request-id": "req_42"}, reply(row).body, 0.1)
    error = classify_reply(answer, ENDPOINT, "q")
    assert error is not None
    assert "(request req_42)" in error.message


def test_keys_in_a_provider_s_text_are_redacted_and_long_texts_cut():
    text = "Incorrect API key: sk-proj-abcdefghijklmnop, Bearer abc.def, " + "x" * 500
    shown = quote(text)
    assert "abcdefgh" not in shown
    assert "abc.def" not in shown
    assert len(shown) == 300


def test_a_page_s_title_is_read_with_its_entities():
    assert page_title(b"<html><title>A &amp; B</title>") == "A & B"
    assert page_title(b"  <!doctype html><p>x") == ""
    assert page_title(b'{"a": "<html>"}') is None


@pytest.mark.parametrize(
    ("code", "retryable", "scope"),
    [
        ("timeout", True, "sample"),
        ("connection", True, "sample"),
        ("too_large", False, "sample"),
        ("tls", True, "sample"),
        ("tls", False, "fail"),
        ("policy_block", False, "fail"),
        ("bad_url", False, "fail"),
    ],
)
def test_transport_failures_keep_their_code_and_get_a_scope(code, retryable, scope):
    error = from_call_error(CallError(code, "No answer.", retryable=retryable), ENDPOINT)
    assert (error.code, error.scope, error.retryable) == (code, scope, retryable)
    assert error.message == "Acme: No answer."


@pytest.mark.parametrize(
    ("provider", "base_url", "said", "pulls"),
    [
        ("Ollama", "http://10.0.0.7/v1", "model 'x' not found", True),
        ("box", "http://10.0.0.7:11434/v1", "model 'x' not found", True),
        ("box", "http://10.0.0.7/v1", 'model "x" not found, try pulling it first', True),
        ("vLLM", "http://127.0.0.1:8001/v1", "The model `x` does not exist.", False),
        ("OpenAI", "https://api.openai.com/v1", "The model `x` does not exist", False),
    ],
)
def test_only_ollama_pulls_models(provider, base_url, said, pulls):
    endpoint = Endpoint(provider, "x", base_url)
    error = classify_reply(reply(Row("", 404, {"error": {"message": said}}, "")), endpoint, "q7")
    assert error is not None
    assert error.code == "unknown_model"
    assert ("ollama pull x" in (error.action or "")) is pulls


TOO_LONG = [
    "The decoder prompt (length 5000) is longer than the maximum model length of 4096.",
    "This model's maximum prompt length is 131072 but the request contains 140000 tokens.",
    "Input prompt is too big compared to KV size. Please try increasing KV size.",
    "Invalid request: Your request exceeded model token limit: 8192",
    "Prompt length (5000) exceeds maximum input length (4096).",
    "Range of input length should be [1, 30720]",
    "`inputs` must have less than 4095 tokens. Given: 5000",
    "context size exceeded",
    "Prompt exceeds max length",
    "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
    "This endpoint's maximum context length is 8192 tokens. However, you requested about 9020 "
    "tokens (9000 of text input, 20 in the output).",
]
LIMIT_TOO_LARGE = [
    "max_tokens=32000 cannot be greater than max_model_len=max_total_tokens=4096. Please request "
    "fewer output tokens.",
    "max_tokens=32000cannot be greater than max_model_len=4096. Please request fewer output "
    "tokens. (parameter=max_tokens, value=32000)",
    "max_completion_tokens=32000 cannot be greater than max_model_len=max_total_tokens=4096.",
    "'max_tokens' or 'max_completion_tokens' is too large: 32000. This model's maximum context "
    "length is 4096 tokens and your request has 20 input tokens (32000 > 4096 - 20).",
    "This endpoint's maximum context length is 8192 tokens. However, you requested about 32020 "
    "tokens (20 of text input, 32000 in the output).",
    "Requested token count exceeds the model's maximum context length of 4096 tokens. You "
    "requested a total of 32020 tokens: 20 tokens from the input messages and 32000 tokens for the "
    "completion.",
    "This model's maximum context length is 4096 tokens. However, you requested 32000 output "
    "tokens and your prompt contains 20 input tokens, for a total of 32020 tokens.",
]


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("code", ["context_length", "max_tokens_too_large"])
def test_a_long_prompt_and_a_limit_that_is_too_large_are_told_apart(code: str, status: int) -> None:
    for said in TOO_LONG if code == "context_length" else LIMIT_TOO_LARGE:
        reply = HttpReply(status, HTTPHeaderDict(), json.dumps(openai(said)).encode(), 0.1)
        error = classify_reply(reply, ENDPOINT, "s1")
        assert (error and error.code, said) == (code, said)


@pytest.mark.parametrize(
    "extra",
    [
        {"retry_after": 7},
        {"metadata": {"retry_after_seconds": 7.0}},
        {"metadata": {"headers": {"Retry-After": "7"}}},
        {"details": [RETRY_INFO | {"retryDelay": "7s"}]},
    ],
)
def test_a_wait_may_stand_in_the_body(extra: dict[str, object]) -> None:
    body = json.dumps({"error": {"message": "Slow down", **extra}}).encode()
    error = classify_reply(HttpReply(429, HTTPHeaderDict(), body, 0.1), ENDPOINT, "s1")
    assert error is not None
    assert error.retry_after_s == 7.0


@pytest.mark.parametrize(
    ("status", "said", "code"),
    [
        (400, "Your request was rejected as a result of our safety system.", "moderation_blocked"),
        (400, "Input data may contain inappropriate content.", "data_inspection_failed"),
        (400, "Content Exists Risk", None),
        (400, "The request was rejected because it was considered high risk", None),
        (403, "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO", None),
        (400, "The prompt was blocked due to safety reasons.", None),
        (400, "Request blocked by guardrail policy", None),
        (400, "litellm.ContentPolicyViolationError: blocked", None),
        (400, "系统检测到输入或生成内容可能包含不安全或敏感内容", "1301"),
        (446, "Model has blocked the request due to copyright", None),
    ],
)
def test_what_a_provider_withholds_is_a_refusal(status: int, said: str, code: object) -> None:
    body = json.dumps(openai(said, code)).encode()
    error = classify_reply(HttpReply(status, HTTPHeaderDict(), body, 0.1), ENDPOINT, "s1")
    assert error is not None
    assert (error.code, error.scope, error.counts_as_refusal) == ("content_filter", "sample", True)
