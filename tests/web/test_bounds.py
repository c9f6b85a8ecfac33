"""How much a request may bring, and that it is counted before it is read."""

from __future__ import annotations

import io

import pytest
from limits.storage import MemoryStorage

from app.errors import MAX_FIELDS, Invalid, StudioError
from app.extensions import limiter
from app.web import bounds
from tests.app_fixtures import PASSWORD


def _nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"a": [1, 2, {"b": None}]},
        {f"k{number}": 1 for number in range(bounds.MAX_VALUES)},
        _nested(bounds.MAX_DEPTH - 1),
    ],
)
def test_bodies_of_an_ordinary_shape_pass(body):
    bounds.check_shape(body)


@pytest.mark.parametrize(
    "body",
    [
        {f"k{number}": 1 for number in range(bounds.MAX_VALUES + 1)},
        {"a": [0] * (bounds.MAX_VALUES + 1)},
        {"a": [[0] * 100] * 11},
        _nested(bounds.MAX_DEPTH + 2),
        [[]] * (bounds.MAX_VALUES + 1),
    ],
)
def test_bodies_with_too_many_parts_or_levels_do_not(body):
    with pytest.raises(Invalid) as caught:
        bounds.check_shape(body)
    assert caught.value.code == "too_complex"


def test_an_error_repeats_little_of_what_was_sent():
    error = StudioError(
        "d" * 10_000, fields={f"{number}{'n' * 1000}": ["m" * 9000] * 90 for number in range(500)}
    )
    assert len(error.detail) == 2000
    assert len(error.fields) == MAX_FIELDS
    for name, messages in error.fields.items():
        assert len(name) <= 100
        assert len(messages) <= MAX_FIELDS
        assert all(len(message) <= 500 for message in messages)


def test_at_most_twenty_wrong_fields_are_listed(api):
    answer = api.post("/tokens", json={f"field{number}": 1 for number in range(900)})
    assert answer.status_code == 422
    assert len(answer.json["errors"]) == MAX_FIELDS
    assert answer.json["detail"].endswith(", ....")
    assert len(answer.data) < 5000


@pytest.mark.parametrize("path", ["/login", "/register", "/runs", "/benchmarks/own/new", "/nope"])
def test_a_long_form_of_a_stranger_is_refused_by_its_length(app, owner, path):
    stream = _Untouchable()
    answer = app.test_client().post(
        path,
        content_type="application/x-www-form-urlencoded",
        environ_overrides=_brings(stream, bounds.STRANGER_BYTES + 1),
    )
    assert answer.status_code in (404, 413)
    assert not stream.was_read


@pytest.mark.parametrize("path", ["/auth/login", "/auth/register"])
def test_long_json_of_a_stranger_is_refused_by_its_length(app, path):
    stream = _Untouchable()
    answer = app.test_client().post(
        f"/api/v1{path}",
        content_type="application/json",
        environ_overrides=_brings(stream, bounds.STRANGER_BYTES + 1),
    )
    assert answer.status_code == 413
    assert not stream.was_read


def test_without_a_credential_nothing_is_read_at_all(app, owner):
    for path in ("/tokens", "/runs", "/benchmarks/own", "/benchmarks/own/preview"):
        stream = _Untouchable()
        answer = app.test_client().post(
            f"/api/v1{path}",
            content_type="multipart/form-data; boundary=e",
            environ_overrides=_brings(stream, 90_000_000),
        )
        assert answer.status_code == 401
        assert not stream.was_read


def _brings(stream: _Untouchable, length: int) -> dict[str, object]:
    return {
        "wsgi.input": stream,
        "wsgi.input_terminated": True,
        "CONTENT_LENGTH": str(length),
    }


class _Untouchable(io.RawIOBase):
    """A body that notes whether it was read."""

    was_read = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        self.was_read = True
        return 0


def test_notes_of_full_length_fit_however_they_are_written(api, signed_in):
    notes = "\N{GRINNING FACE}" * 10_000
    body = {"benchmark": "no_such", "model": "simulated/expert", "notes": notes}
    answer = api.post("/runs", json=body)
    assert answer.status_code in (404, 422)
    assert "notes" not in answer.json.get("errors", {})
    form = signed_in.submit("/runs", body)
    assert form.status_code in (404, 422)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("{", "application/json"),
        ("{}", "application/json"),
        ("x", "text/plain"),
        ("[" * 8000, "application/json"),
        ("\xff", "application/json"),
        ("x" * 9000, "application/json"),
        ('{"email": "ada@example.org", "password": 1}', "application/json"),
    ],
)
def test_an_attempt_counts_whatever_is_wrong_with_it(app, owner, body, content_type):
    client = app.test_client()
    for _ in range(5):
        answer = client.post(
            "/api/v1/auth/login", data=body.encode("latin-1"), content_type=content_type
        )
        assert answer.status_code in (400, 413, 415, 422)
    right = {"email": "ada@example.org", "password": PASSWORD}
    assert client.post("/api/v1/auth/login", json=right).status_code == 429


def test_a_form_without_its_csrf_token_counts_too(app, owner):
    client = app.test_client()
    codes = [client.post("/login", data={"email": "a@b.org"}).status_code for _ in range(6)]
    assert codes == [400] * 5 + [429]


def test_an_account_runs_into_its_limit_with_bodies_that_do_not_fit(api):
    codes = [api.post("/runs", json={"nonsense": 1}).status_code for _ in range(11)]
    assert codes == [422] * 10 + [429]


def test_who_probes_addresses_is_stopped_for_an_hour(make_app, owner):
    app = make_app(trusted_proxies=1)
    client = app.test_client()

    def register(email: str) -> int:
        body = {"email": email, "password": PASSWORD}
        headers = {"X-Forwarded-For": f"2001:db8:1:2::{len(email)}"}
        answer = client.post("/api/v1/auth/register", json=body, headers=headers)
        return int(answer.status_code)

    for _ in range(2):
        assert [register("ada@example.org") for _ in range(5)] == [409] * 5
        _forget_minute()
    assert register("somebody.else@example.org") == 429


def _forget_minute() -> None:
    """Let the limits of a minute begin anew, and that of an hour go on."""
    storage = limiter.storage
    assert isinstance(storage, MemoryStorage)
    for key in list(storage.events):
        if "taken" not in key:
            storage.clear(key)
