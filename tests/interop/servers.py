"""Starts real model servers, each in the environment that ``scripts/interop`` made for it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.faults.studio import free_port
from tests.interop.site import until

HERE = Path(__file__).parent
APIS = pytest.mark.parametrize("kind", ["openai_compatible", "anthropic"])
"""Both APIs that each of the servers speaks, under ``/v1``."""


def environment_of(server: str) -> Path:
    """Return the Python of a server's environment; skips the test where there is none."""
    python = Path(os.environ.get("INTEROP_DIR", "")) / server / "bin" / "python"
    if not python.is_file():
        pytest.skip(f"{server} is not installed: scripts/interop {server}")
    return python


@contextmanager
def running(
    server: str, arguments: list[str], path: str, folder: Path, deadline_s: float = 180.0
) -> Iterator[str]:
    """Run a server until the block ends; gives its address.

    Args:
        server: Its environment.
        arguments: For its Python; ``{port}`` is replaced.
        path: Of a page that it serves once it is ready; an answer of 401 will do.
        folder: For what it writes.
        deadline_s: For its start.
    """
    python, port = environment_of(server), free_port()
    address = f"http://127.0.0.1:{port}"
    log = folder / f"{server}.log"
    environment = {
        **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME")},
        "HF_HUB_OFFLINE": "1",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_CPU_KVCACHE_SPACE": "1",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(python), *(argument.replace("{port}", str(port)) for argument in arguments)],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    def is_ready() -> bool:
        assert process.poll() is None, log.read_text(errors="replace")[-3000:]
        try:
            return requests.get(f"{address}{path}", timeout=5).status_code in (200, 401)
        except requests.RequestException:
            return False

    try:
        until(is_ready, server, deadline_s)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
