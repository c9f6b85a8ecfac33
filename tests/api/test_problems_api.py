"""How the API refuses: credentials, CSRF, bodies, addresses, crashes; and its description."""

from __future__ import annotations

import importlib
import pkgutil
import re
from io import BytesIO

import pytest
from pydantic import BaseModel
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError, NoResultFound, OperationalError
from sqlalchemy.orm.exc import StaleDataError

from app.blueprints.api import schemas
from app.db import db
from app.errors import Conflict, Unavailable

FIELDS = {"type", "title", "status", "detail", "code", "request_id"}


def _assert_problem(answer, status, code):
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.json.keys() >= FIELDS
    assert answer.json["status"] == status
    assert answer.json["code"] == code
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]


def test_without_a_credential_nothing_is_answered(stranger_api):
    answer = stranger_api.get("/auth/me")
    _assert_problem(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json["action"]


@pytest.mark.parametrize(
    "header", ["Bearer obs_wrong", "Bearer ", "Basic YTpi", "obs_wrong", "Bearer é", ""]
)
def test_a_bad_credential_is_unauthorized(stranger_api, header):
    answer = stranger_api.get("/auth/me", headers={"Authorization": header})
    _assert_problem(answer, 401, "invalid_token")


def test_a_bad_token_is_not_rescued_by_a_session(signed_in):
    answer = signed_in.get("/api/v1/auth/me", headers={"Authorization": "Bearer obs_wrong"})
    _assert_problem(answer, 401, "invalid_token")


def test_a_session_reads_without_and_changes_with_its_csrf_token(signed_in):
    assert signed_in.get("/api/v1/auth/me").status_code == 200
    path, body = "/api/v1/tokens", {"name": "CI"}
    _assert_problem(signed_in.post(path, json=body), 400, "csrf")
    wrong = signed_in.post(path, json=body, headers={"X-CSRFToken": "wrong"})
    _assert_problem(wrong, 400, "csrf")
    headers = {"X-CSRFToken": signed_in.csrf_token()}
    assert signed_in.post(path, json=body, headers=headers).status_code == 201


def test_a_token_needs_no_csrf_token_and_ignores_cookies(api):
    assert api.post("/tokens", json={"name": "CI"}).status_code == 201


def test_a_credential_is_asked_for_before_the_body_is_looked_at(stranger_api):
    answer = stranger_api.post("/tokens", data="{", content_type="application/json")
    _assert_problem(answer, 401, "unauthorized")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("{", 400, "malformed_json"),
        ("", 400, "malformed_json"),
        ('{"name": "\xff', 400, "malformed_json"),
        ("[" * 10_000, 400, "malformed_json"),
        ("[]", 422, "invalid"),
        ('"text"', 422, "invalid"),
        ("null", 422, "invalid"),
        ("1", 422, "invalid"),
        ('{"name": NaN}', 422, "invalid"),
        ('{"name": "\\ud800"}', 422, "invalid"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(api, body, status, code):
    answer = api.post("/tokens", data=body.encode("latin-1"), content_type="application/json")
    _assert_problem(answer, status, code)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_a_body_of_another_type_is_refused(api, content_type):
    answer = api.post("/tokens", data='{"name": "CI"}', content_type=content_type)
    _assert_problem(answer, 415, "unsupported_media_type")


def test_a_body_that_is_too_large_is_refused(api):
    answer = api.post("/tokens", json={"name": "x" * (3 * 1024 * 1024)})
    _assert_problem(answer, 413, "too_large")


def test_a_body_in_chunks_that_is_too_large_is_refused_not_cut(api):
    answer = api.post(
        "/tokens",
        input_stream=BytesIO(b'{"name": "' + b"x" * (3 * 1024 * 1024) + b'"}'),
        content_type="application/json",
        environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
    )
    _assert_problem(answer, 413, "too_large")


def test_an_unknown_address_is_a_problem_too(api):
    _assert_problem(api.get("/nothing/here"), 404, "not_found")


def test_a_method_that_is_not_taken_names_those_that_are(api):
    answer = api.delete("/tokens")
    _assert_problem(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Conflict("No.", code="busy", action="Wait."), 409, "busy"),
        (Unavailable("Away."), 503, "unavailable"),
        (RedisConnectionError("refused at redis://user:secret@host"), 503, "queue_unavailable"),
        (
            OperationalError("SELECT secret", {}, Exception("database is locked")),
            503,
            "database_unavailable",
        ),
        (NoResultFound("secret"), 404, "not_found"),
        (StaleDataError("secret"), 404, "not_found"),
        (IntegrityError("INSERT secret", {}, Exception("secret")), 409, "changed_meanwhile"),
        (OperationalError("SELECT", {}, Exception("no such table")), 500, "internal_error"),
        (ZeroDivisionError("secret"), 500, "internal_error"),
    ],
)
def test_errors_of_views_become_problems_that_hide_what_is_inside(
    app, api, monkeypatch, error, status, code
):
    def fail(user_id):
        raise error

    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr("app.services.accounts.api_tokens.list_tokens", fail)
    answer = api.get("/tokens")
    _assert_problem(answer, status, code)
    assert "secret" not in answer.text


def test_a_crash_of_a_page_shows_the_request_id(app, signed_in, monkeypatch):
    def fail(user_id):
        raise ZeroDivisionError("secret")

    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr("app.services.accounts.api_tokens.list_tokens", fail)
    answer = signed_in.get("/settings/tokens")
    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] in answer.text
    assert "secret" not in answer.text


@pytest.fixture
def without_database(app):
    """Every statement fails, as when the server is gone."""

    def fail(*_args):
        raise OperationalError("SELECT secret", {}, Exception("server closed the connection"))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", fail)
    yield
    event.remove(engine, "before_cursor_execute", fail)


def test_without_a_database_the_api_says_so(api, without_database):
    answer = api.get("/auth/me")
    _assert_problem(answer, 503, "database_unavailable")
    assert answer.headers["Retry-After"] == "5"


@pytest.mark.parametrize("path", ["/settings/tokens", "/login", "/"])
def test_without_a_database_a_page_says_so(signed_in, without_database, path):
    answer = signed_in.get(path)
    assert answer.status_code == 503
    assert "does not answer" in answer.text
    assert "secret" not in answer.text


def test_without_a_database_a_missing_page_is_still_missing(signed_in, without_database):
    assert signed_in.get("/nothing/here").status_code == 404


def test_a_page_that_is_not_there_is_a_page(client, owner):
    answer = client.get("/nothing/here")
    assert answer.status_code == 404
    assert answer.mimetype == "text/html"


def test_every_answer_has_strict_headers(client, api, owner):
    for answer in (client.get("/login"), client.get("/nope"), api.get("/auth/me")):
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "data:" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert len(answer.headers["X-Request-ID"]) >= 8
        assert "Strict-Transport-Security" not in answer.headers


def test_a_request_id_is_taken_over_only_from_a_proxy(make_app, client):
    headers = {"X-Request-ID": "from-the-proxy-1"}
    assert client.get("/login", headers=headers).headers["X-Request-ID"] != "from-the-proxy-1"
    proxied = make_app(trusted_proxies=1).test_client()
    assert proxied.get("/login", headers=headers).headers["X-Request-ID"] == "from-the-proxy-1"
    hostile = proxied.get("/login", headers={"X-Request-ID": "<script>alert(1)</script>"})
    assert "<" not in hostile.headers["X-Request-ID"]


def test_only_trusted_hosts_are_served(make_app):
    client = make_app(trusted_hosts=("studio.example",)).test_client()
    assert client.get("/login", base_url="http://studio.example").status_code == 303
    assert client.get("/login", base_url="http://evil.example").status_code == 400
    assert client.get("/api/v1/auth/me", base_url="http://evil.example").status_code == 400


def test_the_description_names_every_address_of_the_api(app, client):
    document = client.get("/api/v1/openapi.json").json
    described = {path for path in document["paths"] if path.startswith("/api/v1/")}
    assert described == set(document["paths"])
    served = {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/") and rule.endpoint != "docs.description"
    }
    assert described == served


def test_no_two_schemas_share_a_name(app):
    """The description knows schemas by the names of their classes: the last one would win."""
    modules = [
        importlib.import_module(f"app.blueprints.api.schemas.{module.name}")
        for module in pkgutil.iter_modules(schemas.__path__)
    ]
    names = [
        name
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, BaseModel)
        and value.__module__ == module.__name__
    ]
    assert sorted(names) == sorted(set(names))


def test_the_description_has_problems_and_bounds(client):
    document = client.get("/api/v1/openapi.json").json
    operation = document["paths"]["/api/v1/tokens"]["post"]
    refused = operation["responses"]["422"]["content"]
    assert refused == {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
    }
    assert "Problem" in document["components"]["schemas"]
    body = document["components"]["schemas"]["ConnectionBody"]["properties"]["max_retries"]
    assert {"type": "integer", "minimum": 0, "maximum": 20} in body["anyOf"]
    assert {} in document["paths"]["/api/v1/auth/login"]["post"]["security"]


def test_the_documentation_needs_no_other_server_and_no_inline_code(client):
    page = client.get("/docs")
    assert page.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "<style" not in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    for asset in ("js/swagger-ui-bundle.js", "css/swagger-ui.css"):
        assert f"/docs/assets/{asset}" in page.text
        with client.get(f"/docs/assets/{asset}") as file:
            assert file.status_code == 200
    assert client.get("/docs/assets/../plugins.py").status_code == 404
    with client.get("/static/js/docs.js") as script:
        assert script.status_code == 200
