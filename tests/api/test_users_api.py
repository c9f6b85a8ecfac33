"""``/api/v1/users``: for administrators."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from app.db import db
from app.models import AccountRow
from app.services.accounts import accounts, reset_links
from app.services.accounts.accounts import Account
from tests.app_fixtures import PASSWORD, ApiClient, Browser


def test_accounts_are_listed_by_address(
    api: ApiClient, owner: Account, second_user: Account, make_account: Callable[..., Account]
) -> None:
    make_account("zoe@example.org")
    first = api.get("/users?limit=2").json
    assert [item["email"] for item in first["items"]] == [owner.email, second_user.email]
    assert first["total"] == 3
    rest = api.get(f"/users?cursor={first['next_cursor']}").json
    assert [item["email"] for item in rest["items"]] == ["zoe@example.org"]
    assert rest["next_cursor"] is None
    (found,) = api.get("/users?q=grace").json["items"]
    assert found == api.get(f"/users/{second_user.id}").json
    assert set(found) == {
        *("id", "email", "is_admin", "admin", "disabled"),
        *("created_at", "last_sign_in_at", "runs"),
    }
    assert (found["admin"], found["disabled"], found["runs"]) == (False, False, 0)


def test_members_and_strangers_are_refused(
    second_api: ApiClient, stranger_api: ApiClient, owner: Account, second_user: Account
) -> None:
    calls: list[tuple[str, str, dict[str, object]]] = [
        ("GET", "/users", {}),
        ("GET", f"/users/{second_user.id}", {}),
        ("GET", "/users/999", {}),
        ("PATCH", f"/users/{second_user.id}", {"json": {"admin": True}}),
        ("POST", f"/users/{owner.id}/reset-link", {}),
    ]
    for method, path, how in calls:
        answer = second_api.call(method, path, **how)
        assert (answer.status_code, answer.json["code"]) == (403, "admins_only"), path
        assert stranger_api.call(method, path, **how).status_code == 401
    assert second_api.get("/auth/me").json["is_admin"] is False


def test_a_token_that_only_reads_decides_nothing(
    app: Flask, api: ApiClient, second_user: Account
) -> None:
    token = api.post("/tokens", json={"name": "x", "scopes": ["read"]}).json["token"]
    reader = ApiClient(app, token)
    assert reader.get("/users").status_code == 200
    assert reader.patch(f"/users/{second_user.id}", json={"admin": True}).status_code == 403
    assert reader.post(f"/users/{second_user.id}/reset-link").status_code == 403


def test_role_and_access_change(
    app: Flask, api: ApiClient, second_api: ApiClient, second_user: Account
) -> None:
    path = f"/users/{second_user.id}"
    assert api.patch(path, json={"admin": True}).json["admin"] is True
    assert second_api.get("/users").status_code == 200
    changed = api.patch(path, json={"admin": False, "disabled": True})
    assert changed.status_code == 200
    assert (changed.json["is_admin"], changed.json["disabled"]) == (False, True)
    assert second_api.get("/auth/me").status_code == 401
    credentials = {"email": second_user.email, "password": PASSWORD}
    answer = second_api.post("/auth/login", json=credentials, headers={"Authorization": ""})
    assert answer.status_code == 401
    assert answer.json["code"] == "account_disabled"
    assert api.patch(path, json={"disabled": False}).json["disabled"] is False
    assert ApiClient(app, None).post("/auth/login", json=credentials).status_code == 200
    assert api.patch(path, json={}).status_code == 200


@pytest.mark.parametrize("body", [{"admin": "yes"}, {"disabled": 1}, {"email": "x@y.z"}])
def test_fields_that_do_not_fit_are_named(
    api: ApiClient, second_user: Account, body: dict[str, object]
) -> None:
    answer = api.patch(f"/users/{second_user.id}", json=body)
    assert answer.status_code == 422
    assert set(answer.json["errors"]) == set(body)


@pytest.mark.parametrize("body", [{"admin": False}, {"disabled": True}])
def test_ones_own_account_is_not_changed(
    app: Flask, api: ApiClient, owner: Account, second_user: Account, body: dict[str, bool]
) -> None:
    api.patch(f"/users/{second_user.id}", json={"admin": True})
    answer = api.patch(f"/users/{owner.id}", json=body)
    assert (answer.status_code, answer.json["code"]) == (409, "own_account")
    with app.app_context():
        assert db.session.get_one(AccountRow, owner.id).is_admin


@pytest.mark.parametrize("number", [0, 999, 2**31, 10**17])
def test_an_account_that_is_not_there_is_not_found(api: ApiClient, number: int) -> None:
    for answer in (
        api.get(f"/users/{number}"),
        api.patch(f"/users/{number}", json={"admin": True}),
        api.post(f"/users/{number}/reset-link"),
    ):
        assert (answer.status_code, answer.json["code"]) == (404, "account_not_found")


def test_a_reset_link_sets_a_password(app: Flask, api: ApiClient, second_user: Account) -> None:
    answer = api.post(f"/users/{second_user.id}/reset-link")
    assert answer.status_code == 201
    assert answer.json["expires_at"].endswith("Z")
    with app.app_context():
        reset_links.reset_password(answer.json["url"].partition("#")[2], "a quite different one")
        accounts.authenticate(second_user.email, "a quite different one")


def test_a_browsers_session_needs_the_csrf_header(signed_in: Browser, second_user: Account) -> None:
    path = f"/api/v1/users/{second_user.id}"
    assert signed_in.get(path).status_code == 200
    assert signed_in.patch(path, json={"admin": True}).status_code == 400
    headers = {"X-CSRFToken": signed_in.csrf_token()}
    assert signed_in.patch(path, json={"admin": True}, headers=headers).status_code == 200
