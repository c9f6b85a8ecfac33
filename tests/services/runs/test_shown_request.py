"""The request behind a sample, as pages show it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest
from flask import Flask

from app.models import SampleRow
from app.queries.runs import get_run
from app.services.accounts.accounts import Account
from app.services.connections import store
from app.services.runs.shown_request import ShownRequest, shown_request
from tests.app_fixtures import Browser
from tests.run_fixtures import add_run, add_samples, rows_of

KEY = "sk-very-secret-0123456789"


def connect(owner: Account, name: str, kind: str, base_url: str) -> None:
    store.save_connection(
        owner.id, True, name, {"kind": kind, "base_url": base_url, "api_key": KEY}
    )


def asked(owner: Account, model: str, content: str = "1 + 1?") -> tuple[str, SampleRow]:
    run_id = add_run(owner.id, model=model, config={"temperature": 0.5, "max_tokens": 9})
    add_samples(run_id, {"input": [{"role": "user", "content": content}]})
    return run_id, rows_of(run_id)[0]


def shown(owner: Account, model: str, content: str = "1 + 1?") -> ShownRequest:
    run_id, row = asked(owner, model, content)
    found = shown_request(get_run(run_id, owner.id), row, is_admin=True)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "kind", "path", "variable"),
    [
        ("openai", "openai", "/chat/completions", "Bearer $OPENAI_API_KEY"),
        ("mine", "openai_compatible", "/chat/completions", "Bearer $API_KEY"),
        ("anthropic", "anthropic", "/messages", "$ANTHROPIC_API_KEY"),
    ],
)
def test_it_has_the_settings_of_the_run_and_a_variable_for_the_key(
    app_context: Flask, owner: Account, name: str, kind: str, path: str, variable: str
) -> None:
    connect(owner, name, kind, "https://models.example/v1")
    request = shown(owner, f"{name}/some-model")
    assert request.url == f"https://models.example/v1{path}"
    assert variable in request.headers.values()
    assert (request.body["model"], request.body["max_tokens"]) == ("some-model", 9)
    assert request.body["messages"][-1] == {"role": "user", "content": "1 + 1?"}
    assert KEY not in request.curl() + request.json()


def test_a_shell_reads_the_command_as_it_is_meant(
    app_context: Flask, owner: Account, tmp_path: Path
) -> None:
    connect(owner, "mine", "openai_compatible", "https://models.example/v1")
    content = 'it\'s $HOME `id` "quoted" \\n\n größe'
    command = shown(owner, "mine/m", content).curl()
    fake = tmp_path / "curl"
    fake.write_text('#!/bin/sh\nprintf "%s\\0" "$@"\n')
    fake.chmod(0o755)
    said = subprocess.run(
        ["/bin/sh", "-c", command],
        env={"PATH": f"{tmp_path}{os.pathsep}{os.defpath}", "API_KEY": "put in"},
        capture_output=True,
        check=True,
    ).stdout.decode()
    url, *rest, body, _ = said.split("\0")
    assert url == "https://models.example/v1/chat/completions"
    assert "Authorization: Bearer put in" in rest
    assert json.loads(body)["messages"][0]["content"] == content
    assert shlex.split(command)[0] == "curl"


def test_there_is_none_without_a_call_or_a_connection(app_context: Flask, owner: Account) -> None:
    for model in ("simulated/expert", "gone/m"):
        run_id, row = asked(owner, model)
        assert shown_request(get_run(run_id, owner.id), row, is_admin=True) is None


def test_its_page_shows_request_and_reply_without_the_key(
    app: Flask, signed_in: Browser, owner: Account
) -> None:
    with app.app_context():
        connect(owner, "mine", "openai_compatible", "https://models.example/v1")
        run_id, _ = asked(owner, "mine/m")
        gone, _ = asked(owner, "gone/m")
    here = f"/runs/{run_id}/samples/s0?epoch=1&sort=-latency"
    assert "show=raw" in signed_in.get(here).text
    html = signed_in.get(f"{here}&show=raw").text
    assert "POST https://models.example/v1/chat/completions" in html
    assert "curl https://models.example" in html
    assert "&#34;finish_reason&#34;: &#34;stop&#34;" in html
    assert KEY not in html
    assert "No request to show" in signed_in.get(f"/runs/{gone}/samples/s0?show=raw").text
