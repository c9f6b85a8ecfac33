"""LiteLLM's proxy before llama.cpp's server, with both APIs, its keys and its limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.net.guard import EgressPolicy
from app.services.connections.local_servers import inspect_port
from tests.interop.servers import APIS, running
from tests.interop.site import Site

KEY = "sk-interop-0123456789abcdef"
START = "from litellm.proxy.proxy_cli import run_server; run_server()"


@pytest.fixture(scope="module")
def litellm(llama_cpp: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the proxy; its models are ``tiny`` and the rate-limited ``limited``."""
    target = {"model": "openai/tiny-random", "api_base": f"{llama_cpp}/v1", "api_key": "none"}
    away = {**target, "api_base": "http://127.0.0.1:9/v1"}
    config = {
        "model_list": [
            {"model_name": "tiny", "litellm_params": target},
            {"model_name": "limited", "litellm_params": {**target, "rpm": 6}},
            {"model_name": "away", "litellm_params": away},
        ],
        "litellm_settings": {"num_retries": 0, "telemetry": False},
        "general_settings": {"master_key": KEY},
    }
    folder: Path = tmp_path_factory.mktemp("litellm")
    (folder / "config.yaml").write_text(json.dumps(config))
    options = ["--config", "config.yaml", "--host", "127.0.0.1", "--port", "{port}"]
    with running("litellm", ["-c", START, *options], "/health/liveliness", folder) as address:
        yield address


@APIS
def test_a_run_is_answered_and_its_tokens_are_counted(site: Site, litellm: str, kind: str) -> None:
    site.answered(f"litellm-{kind}", kind, f"{litellm}/v1", "tiny", api_key=KEY)


def test_its_models_are_found(site: Site, litellm: str) -> None:
    tested = site.connect("litellm-list", "openai_compatible", f"{litellm}/v1", api_key=KEY)
    assert (tested["ok"], tested["models_found"]) == (True, 3), tested


def test_a_wrong_key_is_named(site: Site, litellm: str) -> None:
    tested = site.connect("litellm-key", "openai_compatible", f"{litellm}/v1", api_key="sk-wrong")
    assert (tested["ok"], tested["error"]["code"]) == (False, "auth"), tested


def test_its_limit_per_minute_loses_no_sample(site: Site, litellm: str) -> None:
    site.connect("litellm-limit", "openai_compatible", f"{litellm}/v1", api_key=KEY)
    run = site.finish("litellm-limit/limited", limit=9)
    assert (run["status"], run["counts"]["error"]) == ("completed", 0), run["error"]
    assert run["retries"] > 0  # or the limit was not met


def test_a_model_that_is_away_is_no_wrong_answer(site: Site, litellm: str) -> None:
    site.connect("litellm-away", "openai_compatible", f"{litellm}/v1", api_key=KEY)
    run = site.finish("litellm-away/away", limit=2, max_retries=0)
    assert run["status"] == "failed"
    assert run["counts"]["error"] == run["counts"]["done"]


@APIS
def test_its_streams_are_read_and_timed(site: Site, litellm: str, kind: str) -> None:
    name = f"litellm-stream-{kind}"
    fields = {"kind": kind, "base_url": f"{litellm}/v1", "api_key": KEY, "stream": True}
    site.call("PUT", f"/connections/{name}", fields)
    run = site.finish(f"{name}/tiny", limit=4)
    samples = site.samples(run["run_id"])
    assert (run["status"], run["counts"]["error"]) == ("completed", 0), samples[0]
    assert run["speed"]["first_token_s"]["p50"] > 0


def test_it_is_not_taken_for_the_server_behind_it(litellm: str) -> None:
    port = int(litellm.rpartition(":")[2])
    assert inspect_port(port, EgressPolicy(allow_private=True)) in ("other", "silent")
