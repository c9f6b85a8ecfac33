"""Runs on servers that answer in the odd shapes of each provider, from request to page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from app.services.accounts.accounts import Account
from app.services.connections import store
from tests.app_fixtures import ApiClient, Browser
from tests.fakes.provider_shapes import THOUGHT, ProviderServer
from tests.run_fixtures import add_run, add_samples

Start = Callable[..., str]
Work = Callable[..., dict[str, Any]]


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


@pytest.fixture
def shapes(app: Flask, owner: Account) -> Iterator[ProviderServer]:
    """A server whose models are shapes, behind connections of both kinds."""
    server = ProviderServer(text="ANSWER: 1", latency_s=0.01)
    with server:
        with app.app_context():
            for name, kind in (("local", "openai_compatible"), ("claude", "anthropic")):
                fields: Any = {"kind": kind, "base_url": server.base_url, "max_retries": 0}
                store.save_connection(owner.id, True, name, fields)
        yield server


@pytest.fixture
def run_on(
    shapes: ProviderServer, start_run: Start, work: Work, api: ApiClient
) -> Callable[..., dict[str, Any]]:
    """Runs a benchmark on a shape and returns the run as the API shows it."""

    def run(shape: str, **options: Any) -> dict[str, Any]:
        connection = "claude" if shape.startswith("anthropic/") else "local"
        run_id = start_run(model=f"{connection}/{shape}", **options)
        work(run_id)
        view: dict[str, Any] = api.get(f"/runs/{run_id}").json
        return view

    return run


def first_sample(api: ApiClient, run: dict[str, Any]) -> dict[str, Any]:
    sample: dict[str, Any] = api.get(f"/runs/{run['run_id']}/samples").json["items"][0]
    return sample


def sample_page(browser: Browser, run: dict[str, Any], sample: dict[str, Any]) -> str:
    return browser.get(f"/runs/{run['run_id']}/samples/{sample['sample_id']}").text


@pytest.mark.parametrize(
    "shape", ["vllm/only_reasoning", "llamacpp/only_reasoning", "ollama/only_reasoning"]
)
def test_a_server_that_eats_the_answers_ends_the_run_early_with_the_remedy(
    run_on: Any, api: ApiClient, signed_in: Browser, shapes: ProviderServer, shape: str
) -> None:
    run = run_on(shape, limit=40)

    assert (run["status"], run["error"]["code"]) == ("failed", "only_reasoning")
    assert shapes.calls < 40
    assert (run["score"], run["counts"]["unparsable"]) == (None, 0)
    page = signed_in.get(f"/runs/{run['run_id']}").text
    assert "reasoning parser eats the answers" in page
    sample = first_sample(api, run)
    assert (sample["outcome"], sample["score"]) == ("error", None)
    assert THOUGHT in sample["reasoning"]
    assert "and no answer" in sample_page(signed_in, run, sample)


@pytest.mark.parametrize("shape", ["vllm/reasoned", "mistral/thinking", "anthropic/thinking"])
def test_reasoning_is_kept_beside_the_answer_shown_folded_and_exported(
    run_on: Any, api: ApiClient, signed_in: Browser, shape: str
) -> None:
    run = run_on(shape, limit=2)
    sample = first_sample(api, run)

    assert (sample["completion"], sample["reasoning"]) == ("ANSWER: 1", THOUGHT)
    page = sample_page(signed_in, run, sample)
    assert "What it thought before" in page
    assert THOUGHT in page
    for file_format in ("csv", "jsonl", "json"):
        text = api.get(f"/runs/{run['run_id']}/export?format={file_format}").text
        assert THOUGHT in text


@pytest.mark.parametrize("shape", ["vllm/think_in_text", "vllm/lone_closing"])
def test_what_was_thought_within_the_answer_is_shown_as_reasoning_too(
    run_on: Any, api: ApiClient, signed_in: Browser, shape: str
) -> None:
    run = run_on(shape, limit=1)
    sample = first_sample(api, run)

    assert sample["reasoning"] == THOUGHT
    assert "</think>" in sample["completion"]
    assert sample["answer"] == "1"
    page = sample_page(signed_in, run, sample)
    assert "What it thought before" in page
    assert "&lt;/think&gt;" not in page


def test_an_answer_that_is_all_thinking_says_so(
    run_on: Any, api: ApiClient, signed_in: Browser
) -> None:
    run = run_on("vllm/cut_thinking", limit=2, max_tokens=10)
    sample = first_sample(api, run)

    assert (sample["outcome"], sample["score"]) == ("truncated", 0.0)
    assert "10 of 10 tokens went into thinking" in sample["explanation"]
    assert "10 of 10 tokens went into thinking" in sample_page(signed_in, run, sample)
    assert "before there was an answer" in signed_in.get(f"/runs/{run['run_id']}").text


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        ("deepseek/out_of_resources", "generation_failed"),
        ("gemini/malformed_function_call", "malformed_generation"),
        ("gemini/no_message", "empty_reply"),
        ("gateway/unknown_and_empty", "empty_reply"),
        ("vllm/tool_call", "tool_call"),
    ],
)
def test_a_generation_that_did_not_happen_is_an_error(
    run_on: Any, api: ApiClient, shape: str, code: str
) -> None:
    run = run_on(shape, limit=3)

    assert (run["status"], run["counts"]["error"], run["score"]) == ("failed", 3, None)
    assert first_sample(api, run)["error"]["code"] == code


def test_of_a_failed_generation_a_page_does_not_say_what_the_model_sent(
    run_on: Any, api: ApiClient, signed_in: Browser
) -> None:
    failed = run_on("deepseek/out_of_resources", limit=1)
    page = sample_page(signed_in, failed, first_sample(api, failed))
    assert "There is no answer; what happened instead is said above." in page
    assert "sent no text" not in page


@pytest.mark.parametrize("shape", ["gemini/recitation", "gemini/prohibited", "gemini/spii"])
def test_what_a_provider_withholds_is_refused(run_on: Any, shape: str) -> None:
    run = run_on(shape, limit=2)
    assert (run["status"], run["counts"]["refused"]) == ("completed", 2)


def test_the_model_that_answered_is_told_on_page_api_and_compare(
    run_on: Any, api: ApiClient, signed_in: Browser
) -> None:
    other, same = run_on("llamacpp/answer", limit=3), run_on("ollama/answer", limit=3)

    served = "/models/qwen2.5-0.5b-instruct-q4_k_m.gguf"
    assert other["served_models"] == [{"model": served, "fingerprint": "b6121-e92d53b2", "n": 3}]
    page = signed_in.get(f"/runs/{other['run_id']}").text
    assert page.count(served) >= 2
    assert "another model answered" in page
    sample = first_sample(api, other)
    assert sample["reply"] == {
        "id": "req-fake", "model": served, "fingerprint": "b6121-e92d53b2"
    }  # fmt: skip
    assert served in sample_page(signed_in, other, sample)
    ids = f"{other['run_id']},{same['run_id']}"
    warnings = api.get(f"/compare?run_ids={ids}").json["warnings"]
    assert sum("another model answered" in each for each in warnings) == 1
    assert "another model answered" in signed_in.get(f"/compare?run_ids={ids}").text
    line = api.get(f"/runs/{other['run_id']}/export?format=jsonl").text.splitlines()[0]
    assert json.loads(line)["reply"]["model"] == served


def test_who_answered_is_counted_on_after_a_resume(
    run_on: Any, api: ApiClient, work: Work, shapes: ProviderServer
) -> None:
    shapes.fail("server_error", every=2)
    run = run_on("openai/answer", limit=4, max_connections=1)
    assert run["served_models"][0]["n"] == 2
    shapes.recover()

    api.post(f"/runs/{run['run_id']}/resume", json={"retry_errors": True})
    work(run["run_id"])
    assert api.get(f"/runs/{run['run_id']}").json["served_models"] == [
        {"model": "gpt-4o-2024-08-06", "fingerprint": "fp_50cad350e4", "n": 4}
    ]


def test_runs_of_before_have_nobody_to_name(app: Flask, owner: Account, api: ApiClient) -> None:
    with app.app_context():
        run_id = add_run(owner.id, status="completed")
        add_samples(run_id, {})
    assert api.get(f"/runs/{run_id}").json["served_models"] == []
    sample = api.get(f"/runs/{run_id}/samples").json["items"][0]
    assert (sample["reply"], sample["reasoning"]) == (None, None)


MANY_WAYS_TO_THINK = {
    "never closed": f"<think>{THOUGHT}",
    "never closed, after a blank": f"\n\n <think>\n{THOUGHT}\n",
    "never closed, with an attribute": f'<think signature="x">{THOUGHT}',
    "closed, and nothing behind": f"<think>{THOUGHT}</think>\n\n",
    "a lone closing tag at the end": f"{THOUGHT}\n</think>",
    "two blocks": f"<think>{THOUGHT}</think>\n<think>Once more.</think>",
    "a block, then an open one": f"<think>{THOUGHT}</think><think>Or is it",
    "nested": f"<think>{THOUGHT}<think>deeper</think></think>",
    "thinking": f"<thinking>{THOUGHT}",
    "thought": f"<thought>{THOUGHT}",
    "reasoning": f"<reasoning>{THOUGHT}</reasoning>",
    "Seed": f"<seed:think>{THOUGHT}",
    "Magistral": f"[THINK]{THOUGHT}",
    "Magistral, closed": f"[THINK]{THOUGHT}[/THINK]",
    "Kimi": f"◁think▷{THOUGHT}",
    "OpenThinker": f"<|begin_of_thought|>{THOUGHT}<|end_of_thought|>",
    "Cohere": f"<|START_THINKING|>{THOUGHT}<|END_THINKING|>",
    "gpt-oss, raw": f"<|channel|>analysis<|message|>{THOUGHT}<|end|>",
    "gpt-oss, with its start": f"<|start|>assistant<|channel|>analysis<|message|>{THOUGHT}",
    "in capitals": f"<THINK>{THOUGHT}",
}


@pytest.mark.parametrize("stream", [False, True], ids=["at once", "streamed"])
@pytest.mark.parametrize("text", MANY_WAYS_TO_THINK.values(), ids=MANY_WAYS_TO_THINK.keys())
def test_a_text_that_is_all_thinking_is_told_as_that(
    run_on: Any, api: ApiClient, signed_in: Browser, shapes: ProviderServer, text: str, stream: bool
) -> None:
    shapes.behaviour.answer = text
    run = run_on("openai/answer", limit=2, stream=stream)

    assert (run["status"], run["counts"]["error"], run["score"]) == ("failed", 2, None)
    [notice] = run["notices"]
    assert notice["code"] == "only_reasoning"
    assert "all thinking" in notice["message"]
    sample = first_sample(api, run)
    assert (sample["outcome"], sample["score"]) == ("error", None)
    assert sample["error"]["code"] == "only_reasoning"
    assert "all thinking" in sample["error"]["message"]
    assert "not counted as wrong" in sample["error"]["message"]
    assert "all thinking" in sample_page(signed_in, run, sample)


def test_a_run_whose_answers_are_all_thinking_ends_early(
    run_on: Any, shapes: ProviderServer
) -> None:
    shapes.behaviour.answer = f"<think>{THOUGHT}"
    run = run_on("openai/answer", limit=40)
    assert (run["status"], run["error"]["code"]) == ("failed", "only_reasoning")
    assert shapes.calls < 40
    assert "end before the model answers" in run["error"]["message"]


def test_some_texts_that_are_all_thinking_do_not_end_a_run(
    run_on: Any, shapes: ProviderServer
) -> None:
    shapes.behaviour.answer = lambda call: "ANSWER: 1" if call.number % 2 else f"<think>{THOUGHT}"
    run = run_on("openai/answer", limit=20, max_connections=1, max_error_rate=1)
    assert (run["status"], run["counts"]["error"], run["score"]["n"]) == ("completed", 10, 10)
    assert [each["code"] for each in run["notices"]] == ["only_reasoning"]


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("<think>short</think>ANSWER: 1", "answered"),
        ("ANSWER: 1 <think>was that right?</think>", "answered"),
        ("<think></think>ANSWER: 1", "answered"),
        ("If x > 3, it is [y]", "another"),
        ("<b>It is 1.</b>", "another"),
        ("analysis is a branch of mathematics.\nANSWER: 1", "answered"),
        (
            "<|channel|>analysis<|message|>Hm.<|end|><|channel|>final<|message|>ANSWER: 1",
            "answered",
        ),
        ("<think></think>", "empty"),
        ("<think>\n\n</think>\n\n", "empty"),
        ("[THINK][/THINK]", "empty"),
        ("   ", "empty"),
    ],
)
def test_a_text_with_an_answer_or_with_nothing_is_not_all_thinking(
    run_on: Any, api: ApiClient, shapes: ProviderServer, text: str, outcome: str
) -> None:
    shapes.behaviour.answer = text
    run = run_on("openai/answer", limit=2)
    sample = first_sample(api, run)
    assert sample["error"] is None
    if outcome != "empty":
        assert sample["answer"] == ("1" if outcome == "answered" else None)
        assert run["notices"] == []
    else:
        assert sample["outcome"] == "unparsable"
        assert [each["code"] for each in run["notices"]] == ["empty_answers"]


@pytest.mark.parametrize("limit", [2, 40])
@pytest.mark.parametrize("shape", ["vllm/only_reasoning", "thinking"])
def test_the_page_of_such_a_run_tells_it_once(
    run_on: Any, signed_in: Browser, shapes: ProviderServer, shape: str, limit: int
) -> None:
    if shape == "thinking":
        shapes.behaviour.answer = f"<think>{THOUGHT}"
    run = run_on(shape, limit=limit)
    page = signed_in.get(f"/runs/{run['run_id']}").text
    eaten, unanswered = "reasoning parser eats the answers", "end before the model answers"
    assert page.count(unanswered if shape == "thinking" else eaten) == 1
    for phrase in (
        "--reasoning-parser",
        "chat template is another",
        "takes the answer for thinking",
    ):
        assert page.count(phrase) <= 1
    assert "replies of reasoning and no answer" in page
