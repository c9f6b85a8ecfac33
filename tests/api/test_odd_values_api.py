"""Values at and beyond the edges: times, names, searches."""

from __future__ import annotations

import pytest

TOO_EARLY = "0001-01-01T00:00:00+14:00"
TOO_LATE = "9999-12-31T23:59:59-14:00"


@pytest.mark.parametrize("moment", [TOO_EARLY, TOO_LATE])
def test_a_time_that_utc_has_no_year_for_is_a_bad_field(api, moment):
    for name in ("created_after", "created_before"):
        answer = api.get("/runs", query_string={name: moment})
        assert (answer.status_code, list(answer.json["errors"])) == (422, [name])
    answer = api.post("/tokens", json={"name": "x", "expires_at": moment})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["expires_at"])


@pytest.mark.parametrize("moment", [4102444800, "4102444800", 1e300, True], ids=str)
def test_a_bare_number_is_no_time(api, moment):
    answer = api.post("/tokens", json={"name": "x", "expires_at": moment})
    assert "RFC 3339" in answer.json["errors"]["expires_at"][0]


def test_a_time_of_another_zone_is_answered_in_utc(api):
    moment = "2100-01-01T01:00:00+01:00"
    answer = api.post("/tokens", json={"name": "x", "expires_at": moment})
    assert answer.json["expires_at"] == "2100-01-01T00:00:00Z"


def test_a_blank_name_of_a_token_is_refused_under_its_own_name(api, stranger_api, owner):
    assert list(api.post("/tokens", json={"name": "  "}).json["errors"]) == ["name"]
    body = {"email": owner.email, "password": "x", "token_name": "  "}
    answer = stranger_api.post("/auth/login", json=body)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["token_name"])


def test_a_search_of_any_number_of_words_is_refused_not_an_outage(api, signed_in):
    answer = api.get("/runs", query_string={"q": "a " * 1000})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["q"])
    assert signed_in.get("/", query_string={"q": "a " * 1000}).status_code == 422
    assert api.get("/runs", query_string={"q": "a " * 50}).status_code == 200


def test_the_overrides_of_a_duplicate_have_the_bounds_of_a_run(api):
    for overrides in ({"tags": ["x"] * 21}, {"notes": "x" * 10_001}):
        answer = api.post("/runs/x/duplicate", json={"overrides": overrides})
        assert answer.status_code == 422


def test_truth_is_no_budget(api):
    answer = api.post("/runs/x/resume", json={"budget_usd": True})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["budget_usd"])
