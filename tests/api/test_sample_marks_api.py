"""Marks of samples, and the orders and ranges of their list, through the API."""

from __future__ import annotations

import pytest
from flask import Flask

from app.services.accounts.accounts import Account
from tests.app_fixtures import ApiClient
from tests.run_fixtures import add_run, add_samples


@pytest.fixture
def run_id(app: Flask, owner: Account) -> str:
    with app.app_context():
        run_id = add_run(owner.id)
        add_samples(run_id, *[{"latency_ms": at} for at in range(3)])
        return run_id


def test_a_mark_is_changed_field_by_field(
    api: ApiClient, second_api: ApiClient, run_id: str
) -> None:
    path = f"/runs/{run_id}/samples/s1/mark?epoch=1"
    assert api.put(path, json={"starred": True}).json == {
        "starred": True,
        "to_review": False,
        "note": "",
    }
    api.put(path, json={"to_review": True, "note": "odd"})
    mark = api.get(f"/runs/{run_id}/samples/s1").json["mark"]
    assert mark == {"starred": True, "to_review": True, "note": "odd"}
    listed = api.get(f"/runs/{run_id}/samples?mark=noted").json
    assert [each["sample_id"] for each in listed["items"]] == ["s1"]
    assert api.put(path, json={"note": "x" * 2001}).status_code == 422
    assert api.put(path, json={"note": "🦆" * 2000}).json["note"] == "🦆" * 2000
    assert api.put(path, json={"stars": 5}).status_code == 422
    assert second_api.put(path, json={"starred": True}).status_code == 404
    assert api.put(f"/runs/{run_id}/samples/none/mark", json={}).status_code == 404


def test_a_list_has_orders_and_ranges(api: ApiClient, run_id: str) -> None:
    here = f"/runs/{run_id}/samples"
    found = api.get(f"{here}?sort=latency&order=desc&max_latency_ms=1").json
    assert [each["sample_id"] for each in found["items"]] == ["s1", "s0"]
    assert api.get(f"{here}?sort=beauty").status_code == 422
    assert api.get(f"{here}?min_tokens=-1").status_code == 422
