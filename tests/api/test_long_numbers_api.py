"""Whole numbers longer than a database or Python reads, wherever a request can hold one."""

from __future__ import annotations

import pytest

from app.queries.paging import encode_cursor
from tests.run_fixtures import add_run, add_samples

LONG = ["9" * 10, "9" * 19, "9" * 23, "9" * 400, "9" * 5000, "-" + "9" * 23]


@pytest.fixture
def run_id(app, owner):
    with app.app_context():
        made = add_run(owner.id, status="completed", total=1)
        add_samples(made, {"sample_id": "1"})
    return made


@pytest.mark.parametrize("number", LONG)
def test_in_addresses_of_the_api(api, run_id, number):
    for path, statuses in (
        (f"/tokens/{number}", {404}),
        (f"/runs?limit={number}", {422}),
        (f"/runs?cursor={number}", {422}),
        (f"/compare?run_ids=a,b&flips_from={number}", {404, 422}),
        (f"/runs/{run_id}/samples/1?epoch={number}", {404, 422}),
        (f"/runs/{run_id}/samples?limit={number}", {422}),
        (f"/webhooks?limit={number}", {422}),
    ):
        send = api.delete if path.startswith("/tokens/") else api.get
        assert send(path).status_code in statuses, path


@pytest.mark.parametrize("number", LONG)
def test_in_addresses_of_pages(signed_in, run_id, number):
    for path in (
        f"/?cursor={number}",
        f"/compare?run_ids=a,b&flips_from={number}",
        f"/runs/new?limit={number}",
        f"/runs/{run_id}/samples?cursor={number}",
        f"/runs/new?from={number}",
        f"/settings/webhooks/none?cursor={number}",
    ):
        assert signed_in.get(path).status_code in (200, 404, 422), path
    # Python reads no number of 5,000 digits: that is no epoch at all, so it is the first.
    status = 404 if len(number) < 4300 else 200
    assert signed_in.get(f"/runs/{run_id}/samples/1?epoch={number}").status_code == status
    answer = signed_in.submit(f"/settings/tokens/{number}/delete", {})
    assert answer.status_code == 404


@pytest.mark.parametrize("number", LONG)
def test_in_json(api, number):
    body = '{"benchmark": "x", "model": "simulated/expert", "limit": %s, "seed": %s}'
    answer = api.post("/runs", data=body % (number, number), content_type="application/json")
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize("values", [["a", 2**62], ["a", 2**63], ["a", 10**30], [1e308, 1e999]])
def test_in_cursors(api, values):
    assert api.get("/runs", query_string={"cursor": encode_cursor(values)}).status_code == 422
