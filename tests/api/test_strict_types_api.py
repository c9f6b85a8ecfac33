"""What Python would take for another type is refused: found by fuzzing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from pydantic.fields import FieldInfo

from app.services.accounts.accounts import Account
from app.services.runs.run_request import RunOptions
from tests.app_fixtures import ApiClient
from tests.run_fixtures import RUN, add_run


@pytest.mark.parametrize(
    "field", ["max_error_rate", "temperature", "timeout_s", "budget_usd", "top_p"]
)
def test_true_is_no_number(api: ApiClient, field: str) -> None:
    answer = api.post("/runs", json=RUN | {field: True})
    assert answer.status_code == 422
    assert field in answer.json["errors"]


NUMBERS = {
    "limit": "5",
    "epochs": "1",
    "temperature": "0.5",
    "top_p": "0.5",
    "max_tokens": "16",
    "seed": "1",
    "timeout_s": "30",
    "max_connections": "2",
    "max_retries": "1",
    "budget_usd": "2.5",
    "max_error_rate": "0.5",
    "frequency_penalty": "0.5",
    "presence_penalty": "0.5",
    "sample_seed": "1",
    "thinking_tokens": "2048",
    "top_k": "5",
}


@pytest.mark.parametrize("field", NUMBERS)
def test_a_number_as_text_is_refused_and_says_so(
    app: Flask, api: ApiClient, owner: Account, field: str
) -> None:
    with app.app_context():
        run_id = add_run(owner.id)
    for path, body in (
        ("/runs", RUN | {field: NUMBERS[field]}),
        ("/estimates", RUN | {field: NUMBERS[field]}),
        (f"/runs/{run_id}/duplicate", {"overrides": {field: NUMBERS[field]}}),
    ):
        answer = api.post(path, json=body)
        assert answer.status_code == 422, path
        (message,) = next(iter(answer.json["errors"].values()))
        assert message in ("This must be a whole number.", "This must be a number."), path
        assert api.post("/estimates", json=RUN | {field: float(NUMBERS[field])}).status_code == 200


@pytest.mark.parametrize("field", ["max_retries", "max_connections", "requests_per_minute"])
@pytest.mark.parametrize("value", ["5", True, 1.5, [1]])
def test_connections_have_the_same_rules(api: ApiClient, field: str, value: Any) -> None:
    answer = api.put("/connections/box", json={"base_url": "http://127.0.0.1:9/v1", field: value})
    assert answer.status_code == 422
    assert answer.json["errors"] == {field: ["This must be a whole number."]}


def test_every_number_of_a_request_is_strict() -> None:
    """A number that is added later must have the rules, too."""
    found = {name for name, field in RunOptions.model_fields.items() if _is_number(field)}
    assert found == set(NUMBERS)


def _is_number(field: FieldInfo) -> bool:
    return bool({"int", "float"} & set(re.findall(r"\w+", str(field.annotation))))


@pytest.mark.parametrize("value", [0, 1.0, "true"])
def test_a_number_is_not_true(api: ApiClient, value: Any) -> None:
    body = {"url": "https://93.184.215.14/hook", "enabled": value}
    answer = api.post("/webhooks", json=body)
    assert answer.status_code == 422
    assert "enabled" in answer.json["errors"]


@pytest.mark.parametrize("value", ["0.5", "1700000000", "yesterday", "2026-01-31"])
def test_a_moment_is_as_in_rfc_3339(api: ApiClient, value: str) -> None:
    assert api.get(f"/runs?created_before={value}").status_code == 422


def test_a_moment_with_an_offset_is_taken(api: ApiClient) -> None:
    assert api.get("/runs?created_after=2026-01-31T12:00:00Z").status_code == 200
    assert api.get("/runs?created_after=2026-01-31T12:00:00%2B02:00").status_code == 200


def test_streams_and_downloads_are_described(api: ApiClient) -> None:
    paths = api.get("/openapi.json").json["paths"]
    export = paths["/api/v1/runs/{run_id}/export"]["get"]["responses"]["200"]["content"]
    assert {"text/csv", "application/x-ndjson", "application/json"} <= export.keys()
    events = paths["/api/v1/runs/{run_id}/events"]["get"]["responses"]["200"]["content"]
    assert "text/event-stream" in events
    for action in ("resume", "duplicate"):
        body = paths[f"/api/v1/runs/{{run_id}}/{action}"]["post"]["requestBody"]
        assert body["required"] is False
