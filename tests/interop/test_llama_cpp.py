"""llama.cpp's server, with both APIs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.interop.site import Site

APIS = pytest.mark.parametrize(
    ("kind", "path"),
    [("openai_compatible", "/v1"), ("anthropic", "/v1")],
    ids=["openai", "anthropic"],
)


@APIS
def test_a_run_is_answered_and_its_tokens_are_counted(
    site: Site, llama_cpp: str, kind: str, path: str
) -> None:
    name = f"llama-{kind}"
    tested = site.connect(name, kind, llama_cpp + path, api_key="none")
    assert tested["ok"], tested
    run = site.finish(f"{name}/tiny-random", limit=6)
    samples = site.samples(run["run_id"])
    assert run["counts"]["done"] == 6
    assert run["counts"]["error"] == 0, samples[0]
    assert run["status"] == "completed"
    assert all(sample["input_tokens"] > 20 for sample in samples)
    assert all(1 <= sample["output_tokens"] <= 16 for sample in samples)


def test_its_model_is_found(site: Site, llama_cpp: str) -> None:
    tested = site.connect("llama-list", "openai_compatible", f"{llama_cpp}/v1")
    assert (tested["ok"], tested["models_found"]) == (True, 1)
    listed = site.call("GET", "/models?connection=llama-list")["items"]
    assert [model["id"] for model in listed] == ["llama-list/tiny-random"]


@APIS
def test_a_prompt_beyond_its_context_is_named(
    site: Site, llama_cpp: str, kind: str, path: str
) -> None:
    name = f"llama-long-{kind}"
    site.connect(name, kind, llama_cpp + path, api_key="none")
    run = site.finish(f"{name}/tiny-random", benchmark="gen_needle", limit=2)
    errors: list[Any] = [sample["error"] for sample in site.samples(run["run_id"])]
    assert run["status"] == "failed"
    assert {error["code"] for error in errors if error} == {"context_length"}, errors


def test_a_run_on_it_can_be_canceled(site: Site, llama_cpp: str) -> None:
    site.connect("llama-cancel", "openai_compatible", f"{llama_cpp}/v1", max_connections=1)
    run_id = site.start("llama-cancel/tiny-random", limit=200, max_tokens=800)
    site.call("POST", f"/runs/{run_id}/cancel")
    assert site.end_of(run_id)["status"] == "canceled"
