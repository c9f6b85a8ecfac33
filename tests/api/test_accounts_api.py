"""``/api/v1/auth``."""

from __future__ import annotations

import pytest

from app.services.accounts import accounts
from tests.app_fixtures import PASSWORD, ApiClient

CREDENTIALS = {"email": "ada@example.org", "password": PASSWORD}


def test_registering_gives_the_account(stranger_api):
    answer = stranger_api.post("/auth/register", json=CREDENTIALS)
    assert answer.status_code == 201
    user = answer.json["user"]
    assert user["email"] == "ada@example.org"
    assert user["is_admin"] is True
    assert user["created_at"].endswith("Z")
    assert PASSWORD not in answer.text


def test_an_address_registers_once(stranger_api, owner):
    answer = stranger_api.post("/auth/register", json=CREDENTIALS)
    assert answer.status_code == 409
    assert answer.json["code"] == "email_taken"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"email", "password"}),
        ({"email": "ada@example.org"}, {"password"}),
        ({"email": 1, "password": PASSWORD}, {"email"}),
        ({"email": "nonsense", "password": PASSWORD}, {"email"}),
        ({"email": "ada@example.org", "password": "short"}, {"password"}),
        ({**CREDENTIALS, "is_admin": True}, {"is_admin"}),
        ({"email": "a\x00@example.org", "password": PASSWORD}, {"email"}),
    ],
)
def test_fields_that_do_not_fit_are_named(stranger_api, body, fields):
    answer = stranger_api.post("/auth/register", json=body)
    assert answer.status_code == 422
    assert set(answer.json["errors"]) == fields


def test_closed_registration_is_forbidden(make_app, make_account):
    make_account("ada@example.org")
    api = ApiClient(make_app(registration_open=False), None)
    answer = api.post("/auth/register", json={**CREDENTIALS, "email": "grace@example.org"})
    assert (answer.status_code, answer.json["code"]) == (403, "registration_closed")
    assert answer.json["action"]


def test_signing_in_gives_a_token_that_signing_out_revokes(app, stranger_api, owner):
    answer = stranger_api.post("/auth/login", json={**CREDENTIALS, "token_name": "laptop"})
    assert answer.status_code == 200
    assert answer.json["user"]["id"] == owner.id
    api = ApiClient(app, answer.json["token"])
    me = api.get("/auth/me").json
    assert me["email"] == me["user"]["email"] == "ada@example.org"
    assert [token["name"] for token in api.get("/tokens").json["items"]] == ["laptop"]
    assert api.post("/auth/logout").status_code == 204
    assert api.get("/auth/me").status_code == 401


def test_a_wrong_password_is_unauthorized(stranger_api, owner):
    answer = stranger_api.post("/auth/login", json={**CREDENTIALS, "password": "wrong"})
    assert (answer.status_code, answer.json["code"]) == (401, "bad_credentials")


def test_a_token_that_only_reads_can_sign_itself_out(app, api):
    token = api.post("/tokens", json={"name": "CI", "scopes": ["read"]}).json["token"]
    reader = ApiClient(app, token)
    assert reader.post("/auth/logout").status_code == 204
    assert reader.get("/auth/me").status_code == 401


def test_the_session_of_a_browser_can_sign_out_too(signed_in):
    headers = {"X-CSRFToken": signed_in.csrf_token()}
    assert signed_in.post("/api/v1/auth/logout", headers=headers).status_code == 204
    assert signed_in.get("/api/v1/auth/me").status_code == 401


@pytest.mark.parametrize("path", ["/auth/login", "/auth/register"])
def test_the_sixth_attempt_in_a_minute_is_refused(stranger_api, owner, path):
    body = {**CREDENTIALS, "password": "wrong"}
    answers = [stranger_api.post(path, json=body) for _ in range(6)]
    assert {answer.status_code for answer in answers[:5]} <= {401, 409, 422}
    refused = answers[5]
    assert refused.status_code == 429
    assert refused.mimetype == "application/problem+json"
    assert refused.json["code"] == "rate_limited"
    wait_s = refused.json["retry_after_s"]
    seconds = "1 second" if wait_s == 1 else f"{wait_s} seconds"
    assert refused.json["action"] == f"Wait {seconds}, then try again."
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.json["retry_after_s"] == int(refused.headers["Retry-After"])


def test_a_new_password_ends_sign_ins_and_leaves_tokens(app, api, stranger_api, owner):
    body = {"email": owner.email, "password": PASSWORD}
    token = stranger_api.post("/auth/login", json=body).json["token"]
    signed_in = ApiClient(app, token)
    assert signed_in.get("/auth/me").status_code == 200
    with app.app_context():
        accounts.change_password(owner.id, PASSWORD, "another fine password", None)
    assert signed_in.get("/auth/me").status_code == 401
    assert api.get("/auth/me").status_code == 200
    assert len(api.get("/tokens").json["items"]) == 1
