from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import urllib3

from tests.fakes import model_server
from tests.fakes.model_server import Answer, ModelServer

POOL = urllib3.PoolManager(retries=False, timeout=30)


def ask(
    base_url: str, text: str = "hi", path: str = "/chat/completions", **extra: object
) -> urllib3.BaseHTTPResponse:
    body = {"model": "m", "messages": [{"role": "user", "content": text}], **extra}
    return POOL.request("POST", base_url + path, body=json.dumps(body).encode())


def test_it_answers_in_the_shape_that_was_asked_for():
    with ModelServer(answer=lambda call: call.prompt.upper()) as server:
        openai = ask(server.base_url).json()
        anthropic = ask(server.base_url, path="/messages").json()
    assert openai["choices"][0]["message"]["content"] == "HI"
    assert anthropic["content"][0]["text"] == "HI"
    assert server.calls == 2
    assert server.requests[0].model == "m"


def test_faults_last_as_long_as_they_were_asked_to():
    with ModelServer() as server:
        server.fail("rate_limit", times=1)
        server.fail("quota", match="seven")
        statuses = [ask(server.base_url, text).status for text in ("a", "b", "seven")]
    assert statuses == [429, 200, 429]


def test_a_model_named_after_a_fault_always_gets_it():
    with ModelServer() as server:
        assert ask(server.base_url, model="fault:context").status == 400


def test_a_running_server_can_be_changed_over_http():
    with ModelServer() as server:
        root = server.base_url.removesuffix("/v1")
        POOL.request("POST", f"{root}/_control", body=b'{"answer": "new", "api_key": "k"}')
        assert ask(server.base_url).status == 401
        assert POOL.request("GET", f"{root}/_stats").json()["calls"] == 1


def test_a_script_may_choose_status_and_finish_reason():
    with ModelServer(answer=lambda call: Answer(text="x", finish_reason="length")) as server:
        assert ask(server.base_url).json()["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize("fault", sorted(set(model_server.FAULTS) - {"hang", "drip", "reset"}))
def test_every_fault_can_be_sent(fault):
    with ModelServer() as server:
        server.fail(fault)
        try:
            reply = POOL.request(
                "POST", f"{server.base_url}/chat/completions", body=b"{}", preload_content=False
            )
            assert reply.status >= 200
            reply.close()
        except urllib3.exceptions.ProtocolError:
            assert fault == "short_body"


def test_it_runs_as_a_process_that_prints_its_port():
    with subprocess.Popen(  # noqa: S603
        [sys.executable, Path(model_server.__file__), "--answer", "own process"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        reply = ask(f"http://127.0.0.1:{port}/v1").json()
        process.terminate()
    assert reply["choices"][0]["message"]["content"] == "own process"
