"""Names of models as strangers may read them."""

from __future__ import annotations

import pytest

from app.queries.public_names import public_model, public_models, public_served_model


@pytest.mark.parametrize(
    ("model", "public"),
    [
        ("openai/gpt-4o-mini", "openai/gpt-4o-mini"),
        ("simulated/expert", "simulated/expert"),
        ("openrouter/meta-llama/llama-3-8b:free", "openrouter/meta-llama/llama-3-8b:free"),
        ("fireworks/accounts/fireworks/models/llama", "fireworks/accounts/fireworks/models/llama"),
        ("my-box/llama-3", "llama-3"),
        ("my-box/Qwen/Qwen3-8B", "Qwen/Qwen3-8B"),
        ("my-box//home/ada/models/llama.gguf", "llama.gguf"),
        ("my-box/models/llama.gguf", "llama.gguf"),
        ("my-box/home/ada/models/llama", "llama"),
        ("my-box/C:\\models\\llama", "llama"),
        ("my-box/~/models/llama/", "llama"),
        ("my-box/10.0.0.3:8000/llama", "llama"),
        ("my-box/gpu.internal/llama", "llama"),
        ("my-box/10.0.0.3/llama", "llama"),
        ("my-box/ada@gpu/llama", "llama"),
        ("my-box/localhost/llama", "llama"),
        ("my-box/[fd00::1]/llama", "llama"),
        ("my-box/llama-3.1", "llama-3.1"),
        ("groq/a.b/llama", "groq/a.b/llama"),
        ("vllm//home/ada/llama", "vllm/llama"),
        ("openai/http://10.0.0.3/v1/llama", "openai/llama"),
        ("my-box/", "model"),
        ("llama", "llama"),
    ],
)
def test_connections_hosts_and_paths_are_left_out(model, public):
    assert public_model(model) == public


def test_a_name_of_nothing_but_steps_is_still_a_name():
    assert public_served_model("///") == "model"


def test_different_models_that_read_alike_get_letters():
    assert public_models(["a-box/llama", "b-box/llama", "openai/gpt-4o"]) == [
        "llama (A)",
        "llama (B)",
        "openai/gpt-4o",
    ]
    assert public_models(["a-box/llama", "a-box/llama"]) == ["llama", "llama"]
