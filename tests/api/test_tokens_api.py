"""``/api/v1/tokens``."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.db import db, now
from tests.app_fixtures import ApiClient


def test_a_token_is_shown_once(app, api):
    answer = api.post("/tokens", json={"name": "CI", "scopes": ["read"]})
    assert answer.status_code == 201
    token = answer.json["token"]
    assert token.startswith("obs_")
    assert answer.json["scopes"] == ["read"]
    listed = api.get("/tokens")
    assert token not in listed.text
    assert listed.json["items"][0]["name"] == "CI"
    assert listed.json["total"] == 2
    with app.app_context():
        assert token not in str(db.session.execute(text("SELECT * FROM api_tokens")).all())


def test_without_scopes_a_token_may_do_everything(api):
    assert api.post("/tokens", json={"name": "CI"}).json["scopes"] == ["read", "write"]


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_a_token_that_only_reads_changes_nothing(app, api, method):
    token = api.post("/tokens", json={"name": "CI", "scopes": ["read"]}).json["token"]
    reader = ApiClient(app, token)
    path = {"post": "/tokens", "delete": "/tokens/1"}.get(method, "/connections/mine")
    answer = getattr(reader, method)(path, json={"name": "x"})
    assert (answer.status_code, answer.json["code"]) == (403, "missing_scope")
    assert reader.get("/tokens").status_code == 200


def test_a_token_can_expire(api):
    tomorrow = (now() + timedelta(days=1)).isoformat()
    answer = api.post("/tokens", json={"name": "CI", "expires_at": tomorrow})
    assert answer.status_code == 201
    assert answer.json["expires_at"].endswith("Z")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "CI", "scopes": []}, "scopes"),
        ({"name": "CI", "scopes": ["admin"]}, "scopes.0"),
        ({"name": "CI", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"name": "CI", "expires_at": "2099-01-01T00:00:00"}, "expires_at"),
        ({"name": "CI", "expires_at": "soon"}, "expires_at"),
        ({"name": "a\x00b"}, "name"),
    ],
)
def test_fields_that_do_not_fit_are_named(api, body, field):
    answer = api.post("/tokens", json=body)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [field]


def test_a_deleted_token_is_nobody(app, api):
    created = api.post("/tokens", json={"name": "CI"}).json
    assert api.delete(f"/tokens/{created['id']}").status_code == 204
    assert ApiClient(app, created["token"]).get("/auth/me").status_code == 401
    assert api.delete(f"/tokens/{created['id']}").status_code == 404


@pytest.mark.parametrize("token_id", [0, 2**31, 2**63, 10**40])
def test_a_token_that_cannot_be_is_not_found(api, token_id):
    assert api.delete(f"/tokens/{token_id}").status_code == 404


def test_another_accounts_token_does_not_exist(api, second_api):
    created = api.post("/tokens", json={"name": "CI"}).json
    assert second_api.delete(f"/tokens/{created['id']}").status_code == 404
    assert created["id"] not in {token["id"] for token in second_api.get("/tokens").json["items"]}


def test_lists_have_pages(api):
    for number in range(4):
        api.post("/tokens", json={"name": f"{number}"})
    names: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = api.get(f"/tokens?limit=2&cursor={cursor}").json
        names.extend(token["name"] for token in page["items"])
        cursor = page["next_cursor"]
    assert names == ["3", "2", "1", "0", "tests"]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=nonsense"])
def test_pages_that_cannot_be_are_refused(api, query):
    answer = api.get(f"/tokens?{query}")
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [query.partition("=")[0]]
