"""llama.cpp's server, with both APIs."""

from __future__ import annotations

from typing import Any

from app.net.guard import EgressPolicy
from app.services.connections.local_servers import inspect_port
from app.services.connections.server_kinds import Recognised
from tests.interop.servers import APIS
from tests.interop.site import Site


@APIS
def test_a_run_is_answered_and_its_tokens_are_counted(
    site: Site, llama_cpp: str, kind: str
) -> None:
    address = f"{llama_cpp}/v1"
    samples = site.answered(f"llama-{kind}", kind, address, "tiny-random", api_key="none")
    assert all(sample["input_tokens"] > 20 for sample in samples)


def test_its_model_is_found(site: Site, llama_cpp: str) -> None:
    tested = site.connect("llama-list", "openai_compatible", f"{llama_cpp}/v1")
    assert (tested["ok"], tested["models_found"]) == (True, 1)
    listed = site.call("GET", "/models?connection=llama-list")["items"]
    assert [model["id"] for model in listed] == ["llama-list/tiny-random"]


@APIS
def test_a_prompt_beyond_its_context_is_named(site: Site, llama_cpp: str, kind: str) -> None:
    name = f"llama-long-{kind}"
    fields = {"kind": kind, "base_url": f"{llama_cpp}/v1", "api_key": "none"}
    site.call("PUT", f"/connections/{name}", fields)
    run = site.finish(f"{name}/tiny-random", benchmark="gen_needle", limit=2)
    errors: list[Any] = [sample["error"] for sample in site.samples(run["run_id"])]
    assert run["status"] == "failed"
    assert {error["code"] for error in errors if error} == {"context_length"}, errors


def test_its_context_is_known_before_the_start(site: Site, llama_cpp: str) -> None:
    site.connect("llama-context", "openai_compatible", f"{llama_cpp}/v1")
    asked = {"benchmark": "gen_needle", "model": "llama-context/tiny-random", "limit": 2}
    checks = {check["name"]: check for check in site.call("POST", "/estimates", asked)["checks"]}
    assert checks["context"]["state"] == "fail"
    assert "room for 1,024 tokens" in checks["context"]["message"]


def test_a_run_on_it_can_be_canceled(site: Site, llama_cpp: str) -> None:
    site.connect("llama-cancel", "openai_compatible", f"{llama_cpp}/v1", max_connections=1)
    run_id = site.start("llama-cancel/tiny-random", limit=200, max_tokens=800)
    site.call("POST", f"/runs/{run_id}/cancel")
    assert site.end_of(run_id)["status"] == "canceled"


@APIS
def test_its_streams_are_read_and_timed(site: Site, llama_cpp: str, kind: str) -> None:
    name = f"llama-stream-{kind}"
    fields = {"kind": kind, "base_url": f"{llama_cpp}/v1", "api_key": "none", "stream": True}
    site.call("PUT", f"/connections/{name}", fields)
    run = site.finish(f"{name}/tiny-random", limit=4)
    samples = site.samples(run["run_id"])
    assert (run["status"], run["counts"]["error"]) == ("completed", 0), samples[0]
    assert {notice["code"] for notice in run["notices"]} == {"truncated"}
    assert run["speed"]["first_token_s"]["p50"] > 0
    assert all(1 <= sample["output_tokens"] <= 16 for sample in samples)
    timed = [sample for sample in samples if sample["first_token_s"] is not None]
    assert all(sample["first_token_s"] <= sample["latency_ms"] / 1000 for sample in timed)


def test_it_is_recognised_on_its_port(llama_cpp: str) -> None:
    port = int(llama_cpp.rpartition(":")[2])
    found = inspect_port(port, EgressPolicy(allow_private=True))
    assert found == Recognised("llamacpp", ("tiny-random",))
