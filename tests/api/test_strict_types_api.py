"""What Python would take for another type is refused: found by fuzzing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app_fixtures import ApiClient
from tests.run_fixtures import RUN


@pytest.mark.parametrize(
    "field", ["max_error_rate", "temperature", "timeout_s", "budget_usd", "top_p"]
)
def test_true_is_no_number(api: ApiClient, field: str) -> None:
    answer = api.post("/runs", json=RUN | {field: True})
    assert answer.status_code == 422
    assert field in answer.json["errors"]


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
