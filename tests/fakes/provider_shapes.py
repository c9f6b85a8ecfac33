"""Answers and errors in the shapes that each provider really sends, odd ones included.

``SHAPES`` holds them by name, ``provider/case``. A server that speaks all of them lists the names
as its models, so that a page can be tried with any of them; another model gets ``text`` plainly::

    with ProviderServer(text="ANSWER: B") as server:
        ...                    # the model "vllm/only_reasoning" answers as vLLM does with a parser

For one shape, whatever the model: ``ModelServer(answer=shaped("gemini/recitation"))``.

A shape is a function of the text that the model is to say, and of the call. Add one by decorating
it with ``@shape("provider/case")``. Sources: the providers' API references, and the sources of the
servers (vLLM ``entrypoints/openai``, llama.cpp ``tools/server``, Ollama ``openai``, LiteLLM).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.fakes.model_server import Answer, Call, ModelServer

Shape = Callable[[str, Call], Answer]

SHAPES: dict[str, Shape] = {}

THOUGHT = "Alright. Both readings fit at first. ANSWER: C would be wrong."
"""What a model thinks in these shapes: it holds letters that must not be read as its answer."""


def shape(name: str) -> Callable[[Shape], Shape]:
    """Add a shape to the table."""

    def add(made: Shape) -> Shape:
        if name in SHAPES:
            raise ValueError(f"the shape {name} is there twice")
        SHAPES[name] = made
        return made

    return add


def shaped(name: str, text: str = "ANSWER: A") -> Callable[[Call], Answer]:
    """Return a script of ``ModelServer`` that answers every call in one shape."""
    made = SHAPES[name]
    return lambda call: made(text, call)


class ProviderServer(ModelServer):
    """A server whose models are the shapes.

    Args:
        text: What the models say.
        **behaviour: Further fields of ``Behaviour``.
    """

    def __init__(self, text: str = "ANSWER: A", **behaviour: Any) -> None:
        behaviour.setdefault("models", tuple(sorted(SHAPES)))
        super().__init__(answer=lambda call: self._speak(text, call), **behaviour)

    @staticmethod
    def _speak(text: str, call: Call) -> Answer:
        made = SHAPES.get(call.model)
        return made(text, call) if made else Answer(text=text)


# Envelopes


def send(body: Any, status: int = 200, *headers: tuple[str, str]) -> Answer:
    """Return a JSON answer."""
    return Answer(status=status, body=json.dumps(body).encode(), headers=headers)


def completion(
    call: Call,
    message: Any,
    finish: str | None = "stop",
    *,
    model: str | None = None,
    usage: Mapping[str, Any] | None = None,
    choice: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Answer:
    """Return a chat completion; ``fields`` are the provider's own beside the usual ones."""
    body = {
        "id": "chatcmpl-shape",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": model or call.model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish, **(choice or {})}],
        "usage": usage or counted(20, 10),
        **fields,
    }
    return send(body)


def counted(prompt: int, answer: int, **more: Any) -> dict[str, Any]:
    """Return OpenAI's usage."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": answer,
        "total_tokens": prompt + answer,
        **more,
    }


def said(text: str | None, **fields: Any) -> dict[str, Any]:
    """Return the message of an assistant."""
    return {"role": "assistant", "content": text, **fields}


def refuse(
    status: int, message: str, kind: str | None, code: Any, *headers: tuple[str, str]
) -> Answer:
    """Return an error in OpenAI's shape."""
    error = {"message": message, "type": kind, "param": None, "code": code}
    return send({"error": error}, status, *headers)


def anthropic_message(
    call: Call, blocks: list[dict[str, Any]], stop: str | None = "end_turn", **usage: int
) -> Answer:
    """Return a message of Anthropic's API."""
    body = {
        "id": "msg_shape",
        "type": "message",
        "role": "assistant",
        "model": call.model,
        "content": blocks,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": 20, "output_tokens": 10, **usage},
    }
    return send(body)


# OpenAI


@shape("openai/answer")
def _(text: str, call: Call) -> Answer:
    usage = counted(
        20,
        10,
        prompt_tokens_details={"cached_tokens": 16, "audio_tokens": 0},
        completion_tokens_details={"reasoning_tokens": 4, "audio_tokens": 0},
    )
    message = said(text, refusal=None, annotations=[])
    return completion(
        call,
        message,
        model="gpt-4o-2024-08-06",
        usage=usage,
        choice={"logprobs": None},
        service_tier="default",
        system_fingerprint="fp_50cad350e4",
    )


@shape("openai/refusal")
def _(text: str, call: Call) -> Answer:
    return completion(call, said(None, refusal="I'm sorry, I can't help with that."))


@shape("openai/cut_thinking")
def _(text: str, call: Call) -> Answer:
    usage = counted(20, 10, completion_tokens_details={"reasoning_tokens": 10})
    return completion(call, said(""), "length", usage=usage)


@shape("azure/filtered")
def _(text: str, call: Call) -> Answer:
    results = {"content_filter_results": {"violence": {"filtered": True, "severity": "high"}}}
    return completion(call, said(None), "content_filter", choice=results)


# Anthropic


@shape("anthropic/answer")
def _(text: str, call: Call) -> Answer:
    return anthropic_message(call, [{"type": "text", "text": text}])


@shape("anthropic/thinking")
def _(text: str, call: Call) -> Answer:
    blocks = [
        {"type": "thinking", "thinking": THOUGHT, "signature": "EqQB"},
        {"type": "text", "text": text},
    ]
    return anthropic_message(call, blocks)


@shape("anthropic/cut_thinking")
def _(text: str, call: Call) -> Answer:
    blocks = [{"type": "thinking", "thinking": THOUGHT, "signature": "EqQB"}]
    return anthropic_message(call, blocks, "max_tokens")


@shape("anthropic/refusal")
def _(text: str, call: Call) -> Answer:
    return anthropic_message(call, [], "refusal")


@shape("anthropic/tool_use")
def _(text: str, call: Call) -> Answer:
    block = {"type": "tool_use", "id": "toolu_1", "name": "answer", "input": {"letter": "A"}}
    return anthropic_message(call, [block], "tool_use")


# Gemini, through its OpenAI-compatible endpoint


@shape("gemini/answer")
def _(text: str, call: Call) -> Answer:
    usage = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 90}
    return completion(call, said(text), usage=usage, model=f"models/{call.model}")


@shape("gemini/recitation")
def _(text: str, call: Call) -> Answer:
    return completion(call, {"role": "assistant"}, "content_filter: RECITATION")


@shape("gemini/prohibited")
def _(text: str, call: Call) -> Answer:
    return completion(call, {"role": "assistant"}, "PROHIBITED_CONTENT")


@shape("gemini/spii")
def _(text: str, call: Call) -> Answer:
    return completion(call, {"role": "assistant"}, "content_filter: SPII")


@shape("gemini/malformed_function_call")
def _(text: str, call: Call) -> Answer:
    return completion(call, {"role": "assistant"}, "function_call_filter: MALFORMED_FUNCTION_CALL")


@shape("gemini/other")
def _(text: str, call: Call) -> Answer:
    return completion(call, {"role": "assistant"}, "OTHER")


@shape("gemini/cut_thinking")
def _(text: str, call: Call) -> Answer:
    usage = {"prompt_tokens": 20, "completion_tokens": 0, "total_tokens": 30}
    return completion(call, {"role": "assistant"}, "length", usage=usage)


@shape("gemini/no_message")
def _(text: str, call: Call) -> Answer:
    return completion(call, None)


# xAI: thinking is beside completion_tokens


@shape("xai/answer")
def _(text: str, call: Call) -> Answer:
    usage = {
        "prompt_tokens": 20,
        "completion_tokens": 10,
        "total_tokens": 130,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 100},
    }
    message = said(text, reasoning_content=THOUGHT, refusal=None)
    return completion(call, message, usage=usage, system_fingerprint="fp_3813298403")


# DeepSeek


@shape("deepseek/out_of_resources")
def _(text: str, call: Call) -> Answer:
    return completion(call, said(text[:4]), "insufficient_system_resource")


# Mistral: thinking is a part of the content


@shape("mistral/thinking")
def _(text: str, call: Call) -> Answer:
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]},
        {"type": "text", "text": text},
    ]
    return completion(call, {"role": "assistant", "content": parts})


@shape("mistral/error")
def _(text: str, call: Call) -> Answer:
    return completion(call, said(text[:4]), "error")


# vLLM


def _vllm(call: Call, message: dict[str, Any], finish: str | None = "stop", **more: Any) -> Answer:
    message = {"tool_calls": [], "reasoning_content": None, **message}
    return completion(call, message, finish, choice={"stop_reason": None}, **more)


@shape("vllm/answer")
def _(text: str, call: Call) -> Answer:
    return _vllm(call, said(text))


@shape("vllm/reasoned")
def _(text: str, call: Call) -> Answer:
    return _vllm(call, said(text, reasoning_content=THOUGHT))


@shape("vllm/only_reasoning")
def _(text: str, call: Call) -> Answer:
    return _vllm(call, said(None, reasoning_content=f"{THOUGHT}\n{text}"))


@shape("vllm/think_in_text")
def _(text: str, call: Call) -> Answer:
    return _vllm(call, said(f"<think>\n{THOUGHT}\n</think>\n\n{text}"))


@shape("vllm/lone_closing")
def _(text: str, call: Call) -> Answer:
    return _vllm(call, said(f"{THOUGHT}\n</think>\n\n{text}"))


@shape("vllm/cut_thinking")
def _(text: str, call: Call) -> Answer:
    return _vllm(call, said(None, reasoning_content=THOUGHT), "length")


@shape("vllm/abort")
def _(text: str, call: Call) -> Answer:
    return _vllm(call, said(""), "abort")


@shape("vllm/tool_call")
def _(text: str, call: Call) -> Answer:
    function = {"name": "answer", "arguments": '{"letter": "A"}'}
    calls = [{"id": "call-1", "type": "function", "function": function}]
    return _vllm(call, said(None, tool_calls=calls), "tool_calls")


@shape("vllm/too_long")
def _(text: str, call: Call) -> Answer:
    message = (
        "This model's maximum context length is 2048 tokens. However, you requested 1024 output "
        "tokens and your prompt contains at least 1025 input tokens, for a total of at least 2049 "
        "tokens. Please reduce the length of the input prompt or the number of requested output "
        "tokens. (parameter=input_tokens, value=1025)"
    )
    return refuse(400, message, "BadRequestError", 400)


@shape("vllm/too_many_characters")
def _(text: str, call: Call) -> Answer:
    message = (
        "You passed 64554 characters and requested 16 output tokens. However, the model's context "
        "length is only 2048 tokens, resulting in a maximum input length of 2032 tokens. Please "
        "reduce the length of the input prompt. (parameter=input_text, value=64554)"
    )
    return refuse(400, message, "BadRequestError", 400)


# llama.cpp: any model name is answered by the one that is loaded


def _llamacpp(call: Call, message: dict[str, Any], finish: str = "stop") -> Answer:
    return completion(
        call,
        message,
        finish,
        model="/models/qwen2.5-0.5b-instruct-q4_k_m.gguf",
        system_fingerprint="b6121-e92d53b2",
        timings={"prompt_n": 20, "predicted_n": 10, "predicted_per_second": 41.5},
    )


@shape("llamacpp/answer")
def _(text: str, call: Call) -> Answer:
    return _llamacpp(call, said(text))


@shape("llamacpp/only_reasoning")
def _(text: str, call: Call) -> Answer:
    return _llamacpp(call, said("", reasoning_content=f"{THOUGHT}\n{text}"))


@shape("llamacpp/too_long")
def _(text: str, call: Call) -> Answer:
    error = {
        "code": 400,
        "message": "the request exceeds the available context size, try increasing it",
        "type": "exceed_context_size_error",
        "n_prompt_tokens": 5012,
        "n_ctx": 4096,
    }
    return send({"error": error}, 400)


# Ollama


@shape("ollama/answer")
def _(text: str, call: Call) -> Answer:
    return completion(
        call, said(text), model=f"{call.model}:latest", system_fingerprint="fp_ollama"
    )


@shape("ollama/reasoned")
def _(text: str, call: Call) -> Answer:
    return completion(call, said(text, reasoning=THOUGHT), system_fingerprint="fp_ollama")


@shape("ollama/only_reasoning")
def _(text: str, call: Call) -> Answer:
    message = said("", reasoning=f"{THOUGHT}\n{text}")
    return completion(call, message, system_fingerprint="fp_ollama")


# LiteLLM's proxy


@shape("litellm/reasoned")
def _(text: str, call: Call) -> Answer:
    blocks = [{"type": "thinking", "thinking": THOUGHT, "signature": "EqQB"}]
    message = said(
        text,
        reasoning_content=THOUGHT,
        thinking_blocks=blocks,
        tool_calls=None,
        function_call=None,
        provider_specific_fields={"citations": None, "thinking_blocks": blocks},
    )
    return completion(call, message, model="claude-sonnet-4-20250514")


@shape("litellm/rate_limit")
def _(text: str, call: Call) -> Answer:
    message = (
        "litellm.RateLimitError: RateLimitError: OpenAIException - Rate limit reached. Received "
        " Model Group=small\nAvailable Model Group Fallbacks=None"
    )
    return refuse(
        429, message, "throttling_error", "429", ("llm_provider-retry-after", "2"),
        ("llm_provider-x-ratelimit-remaining-requests", "0"),
    )  # fmt: skip


@shape("litellm/no_deployments")
def _(text: str, call: Call) -> Answer:
    message = (
        "litellm.proxy.proxy_server.ProxyException: No deployments available for selected model, "
        "Try again in 2 seconds. Passed model=small. pre-call-checks=False"
    )
    return refuse(429, message, "None", "429")


# OpenRouter


def _openrouter(call: Call, message: Any, finish: str | None = "stop", **choice: Any) -> Answer:
    return completion(
        call,
        message,
        finish,
        choice={"native_finish_reason": finish, "logprobs": None, **choice},
        provider="DeepInfra",
    )


@shape("openrouter/reasoned")
def _(text: str, call: Call) -> Answer:
    details = [{"type": "reasoning.text", "text": THOUGHT, "format": "unknown", "index": 0}]
    return _openrouter(call, said(text, refusal=None, reasoning_details=details))


@shape("openrouter/error")
def _(text: str, call: Call) -> Answer:
    error = {"code": 502, "message": "Upstream error from DeepInfra: stream closed"}
    return _openrouter(call, said(text[:4], refusal=None), "error", error=error)


@shape("openrouter/error_without_words")
def _(text: str, call: Call) -> Answer:
    return _openrouter(call, said("", refusal=None), "error")


# Content of other shapes, as gateways pass it on


@shape("gateway/list_of_texts")
def _(text: str, call: Call) -> Answer:
    half = len(text) // 2
    return completion(call, {"role": "assistant", "content": [text[:half], text[half:]]})


@shape("gateway/object")
def _(text: str, call: Call) -> Answer:
    return completion(call, {"role": "assistant", "content": {"type": "text", "text": text}})


@shape("gateway/unknown_and_empty")
def _(text: str, call: Call) -> Answer:
    return completion(call, said(""), None)


@shape("gateway/null_message")
def _(text: str, call: Call) -> Answer:
    return completion(call, None, None)
