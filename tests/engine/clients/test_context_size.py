"""How long a prompt is and how long it may be, in the words of each provider."""

from __future__ import annotations

import pytest

from app.engine.clients.answer_limits import context_for_both
from app.engine.clients.context_size import ContextSize, read_context_size


@pytest.mark.parametrize(
    ("said", "needed", "allowed"),
    [
        # OpenAI and its likes
        ("This model's maximum context length is 8192 tokens. However, you requested 9,001 tokens "
         "(8001 in the messages, 1000 in the completion).", 9001, 8192),
        ("This model's maximum context length is 16385 tokens. However, your messages resulted in "
         "20013 tokens. Please reduce the length of the messages.", 20013, 16385),
        # Anthropic
        ("prompt is too long: 210000 tokens > 200000 maximum", 210_000, 200_000),
        ("input length and `max_tokens` exceed context limit: 198,000 + 4096 > 200000, decrease "
         "input length or `max_tokens` and try again", 202_096, 200_000),
        # Gemini
        ("The input token count (1200000) exceeds the maximum number of tokens allowed (1048575).",
         1_200_000, 1_048_575),
        # Mistral
        ("Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
         40_000, 32_768),
        # Together, TGI
        ("`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 3000 `inputs` tokens and 2000 "
         "`max_new_tokens`", 5000, 4096),
        # vLLM: characters are no tokens, and "at least" is no size
        ("You passed 64554 characters and requested 16 output tokens. However, the model's context "
         "length is only 2048 tokens, resulting in a maximum input length of 2032 tokens. Please "
         "reduce the length of the input prompt. (parameter=input_text, value=64554)", None, 2048),
        ("This model's maximum context length is 2048 tokens. However, you requested 1024 output "
         "tokens and your prompt contains at least 1025 input tokens, for a total of at least 2049 "
         "tokens. Please reduce the length of the input prompt or the number of requested output "
         "tokens. (parameter=input_tokens, value=1025)", None, 2048),
        ("This model's maximum context length is 2048 tokens. However, you requested 0 output "
         "tokens and your prompt contains at least 2049 input tokens", None, 2048),
        # llama.cpp
        ("request (5012 tokens) exceeds the available context size (4096 tokens), try increasing "
         "it", 5012, 4096),
        ("the request exceeds the available context size, try increasing it", None, None),
        # llama-cpp-python
        ("This model's maximum context length is 512 tokens, however you requested 700 tokens (600 "
         "in your prompt; 100 for the completion).", 700, 512),
        ("Requested tokens (600) exceed context window of 512", 600, 512),
        # SGLang
        ("Requested token count exceeds the model's maximum context length of 4096 tokens. You "
         "requested a total of 5000 tokens: 4000 tokens from the input messages and 1000 tokens "
         "for the completion.", 5000, 4096),
        # xAI, Fireworks, Cerebras, Bedrock, DashScope, TGI, vLLM's other words
        ("This model's maximum prompt length is 131072 but the request contains 140000 tokens.",
         140_000, 131_072),
        ("The prompt is too long: 9000, model maximum context length: 8191", 9000, 8191),
        ("Please reduce the length of the messages or completion. Current length is 9000 while "
         "limit is 8192", 9000, 8192),
        ("Too many input tokens. Max input tokens: 8192, request input token count: 9000",
         9000, 8192),
        ("Range of input length should be [1, 30720]", None, 30_720),
        ("`inputs` must have less than 4095 tokens. Given: 5000", 5000, 4095),
        ("The decoder prompt (length 5000) is longer than the maximum model length of 4096.",
         5000, 4096),
        ("The input (5000 tokens) is longer than the model's context length (4096 tokens).",
         5000, 4096),
        # a number that is no size
        ("maximum context length is 8192 tokens (request 1234567890)", None, 8192),
        ("", None, None),
    ],
)  # fmt: skip
def test_the_sizes_are_read_as_tokens(said: str, needed: int | None, allowed: int | None) -> None:
    found = read_context_size(said)
    assert (found.needed, found.allowed) == (needed, allowed)


PLUS = (
    "This model's maximum context length is 2048 tokens. However, your request has {prompt} input "
    "tokens plus {answer} 'max_tokens'. Please reduce one or the other. "
    "(parameter=input_tokens, max_tokens, value=({prompt}, {answer}))"
)


@pytest.mark.parametrize(
    ("prompt", "answer", "is_answer"), [(8, 2045, True), (1000, 1100, True), (2040, 16, False)]
)
def test_prompt_plus_answer_names_what_is_too_large(
    prompt: int, answer: int, is_answer: bool
) -> None:
    said = PLUS.format(prompt=prompt, answer=answer)
    assert read_context_size(said) == ContextSize(prompt + answer, 2048)
    assert (context_for_both(said) == 2048) is is_answer
