"""vLLM's server on a CPU, with both APIs."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.net.guard import EgressPolicy
from app.services.connections.local_servers import inspect_port
from app.services.connections.server_kinds import Recognised
from tests.interop.servers import APIS, HERE, environment_of, running
from tests.interop.site import Site


@pytest.fixture(scope="module")
def vllm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of vLLM with the model ``tiny-random``."""
    folder: Path = tmp_path_factory.mktemp("vllm")
    writer = [str(environment_of("vllm")), str(HERE / "vllm_model.py"), "model"]
    subprocess.run(writer, cwd=folder, check=True, capture_output=True, timeout=300)
    program = ["-m", "vllm.entrypoints.openai.api_server", "--model", "model"]
    program += ["--served-model-name", "tiny-random", "--max-model-len", "1024"]
    program += ["--enforce-eager", "--dtype", "float32", "--host", "127.0.0.1", "--port", "{port}"]
    program += ["--gpu-memory-utilization", "0.1"]  # of the machine's memory, on a CPU too
    with running("vllm", program, "/health", folder, deadline_s=600.0) as address:
        yield address


@APIS
def test_a_run_is_answered_and_its_tokens_are_counted(site: Site, vllm: str, kind: str) -> None:
    site.answered(f"vllm-{kind}", kind, f"{vllm}/v1", "tiny-random", api_key="none")


def test_more_tokens_than_its_context_has_are_named(site: Site, vllm: str) -> None:
    site.connect("vllm-long", "openai_compatible", f"{vllm}/v1")
    run = site.finish("vllm-long/tiny-random", limit=2, max_tokens=5_000)
    errors = [sample["error"] for sample in site.samples(run["run_id"])]
    assert run["status"] == "failed"
    assert all("max_tokens" in error["message"] for error in errors), errors


def test_a_model_that_it_does_not_have_is_named(site: Site, vllm: str) -> None:
    site.connect("vllm-other", "openai_compatible", f"{vllm}/v1")
    run = site.finish("vllm-other/another", limit=2)
    assert (run["status"], run["error"]["code"]) == ("failed", "unknown_model")


def test_it_is_recognised_on_its_port(vllm: str) -> None:
    port = int(vllm.rpartition(":")[2])
    found = inspect_port(port, EgressPolicy(allow_private=True))
    assert found == Recognised("vllm", ("tiny-random",))
