"""Connections whose address is not quite right: found at save and at test, told in runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from app.services.connections import model_lists
from tests.app_fixtures import ApiClient, Browser
from tests.fakes.model_server import ModelServer

KEY = "sk-canary-0123456789abcdef"


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


@pytest.fixture
def server() -> Iterator[ModelServer]:
    model_lists._kept.clear()
    with ModelServer() as running:
        yield running


def root(server: ModelServer) -> str:
    return server.base_url.removesuffix("/v1")


def save(api: ApiClient, url: str) -> dict[str, Any]:
    answer = api.put("/connections/mine", json={"base_url": url, "api_key": KEY})
    assert answer.status_code == 201, answer.text
    return dict(answer.json)


@pytest.mark.parametrize("prefix", ["/v1", "/api/v1", "/openai/v1", "/v1/openai"])
def test_a_path_that_is_missing_is_found_when_the_address_is_saved(
    api: ApiClient, server: ModelServer, prefix: str
) -> None:
    server.behaviour.prefix = prefix
    assert save(api, root(server))["base_url"] == root(server) + prefix
    tested = api.post("/connections/mine/test").json
    assert (tested["ok"], tested["moved_to"]) == (True, None)


@pytest.mark.parametrize(
    "ending", ["/v1/chat/completions", "/v1/models", "/v1/", "/v1/completions"]
)
def test_an_endpoints_address_becomes_the_base_url(
    api: ApiClient, server: ModelServer, ending: str
) -> None:
    server.behaviour.prefix = "/v1"
    assert save(api, root(server) + ending)["base_url"] == server.base_url


def test_an_address_without_a_path_that_works_is_kept(api: ApiClient, server: ModelServer) -> None:
    server.behaviour.prefix = ""
    assert save(api, root(server))["base_url"] == root(server)


def test_a_server_that_is_away_is_saved_as_typed_and_found_by_the_test(
    api: ApiClient, server: ModelServer
) -> None:
    server.behaviour.prefix = "/elsewhere"
    assert save(api, root(server))["base_url"] == root(server)
    server.behaviour.prefix = "/api/v1"
    tested = api.post("/connections/mine/test").json
    assert (tested["ok"], tested["moved_to"]) == (True, root(server) + "/api/v1")
    shown = api.get("/connections/mine").json
    assert shown["base_url"] == root(server) + "/api/v1"
    assert shown["last_test"]["ok"]
    assert shown["has_key"]


@pytest.mark.parametrize("not_found", [b'{"detail":"Not Found"}', b"404 page not found", b""])
def test_a_wrong_version_is_found_by_the_test(
    api: ApiClient, server: ModelServer, not_found: bytes
) -> None:
    server.behaviour.prefix, server.behaviour.not_found = "/api/v1", not_found
    assert save(api, server.base_url)["base_url"] == server.base_url
    assert api.post("/connections/mine/test").json["moved_to"] == root(server) + "/api/v1"


def test_where_nothing_is_found_the_address_stays(api: ApiClient, server: ModelServer) -> None:
    server.behaviour.prefix = "/hidden/away"
    save(api, server.base_url)
    tested = api.post("/connections/mine/test").json
    assert (tested["ok"], tested["moved_to"]) == (False, None)
    assert tested["error"]["code"] == "no_model_list"
    assert api.get("/connections/mine").json["base_url"] == server.base_url


def test_a_refused_key_moves_nothing(api: ApiClient, server: ModelServer) -> None:
    server.behaviour.api_key = "another"
    save(api, root(server))
    assert api.post("/connections/mine/test").json["error"]["code"] == "auth"
    assert api.get("/connections/mine").json["base_url"] == root(server)


def test_the_pages_say_which_address_works(signed_in: Browser, server: ModelServer) -> None:
    server.behaviour.prefix = "/v1"
    form = {"name": "mine", "kind": "openai_compatible", "base_url": root(server), "api_key": KEY}
    limits = {"max_retries": "5", "max_connections": "4", "timeout_s": "60"}
    signed_in.submit("/settings/connections/new", {**form, **limits})
    page = signed_in.get("/settings/connections").text
    assert "Its API is at <a " in page
    assert f">{server.base_url}</a>." in page


def test_the_studios_own_address_is_refused_with_the_remedy(api: ApiClient) -> None:
    refused = api.put("/connections/mine", json={"base_url": "http://localhost:8000/v1"})
    assert refused.status_code == 422
    assert "the Studio itself" in refused.json["errors"]["base_url"][0]
    preset = api.put("/connections/vllm", json={})
    assert (preset.status_code, preset.json["base_url"]) == (201, "http://127.0.0.1:8001/v1")


def test_a_wrong_path_is_not_blamed_on_the_model(
    api: ApiClient,
    server: ModelServer,
    start_run: Callable[..., str],
    work: Callable[..., dict[str, Any]],
) -> None:
    save(api, server.base_url)
    server.behaviour.prefix = "/api/v1"
    failure = work(start_run(model="mine/fake-large"))["failure"]
    assert failure["code"] == "wrong_path"
    assert server.base_url in failure["message"]
    assert "fake-large not found" not in failure["message"]
    assert "Test the connection" in failure["action"]
