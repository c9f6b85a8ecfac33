"""``/api/v1/connections`` and ``/api/v1/models``."""

from __future__ import annotations

import pytest

from app.services.connections import model_lists
from tests.fakes.model_server import ModelServer

KEY = "sk-canary-0123456789abcdef"
LOCAL = "http://127.0.0.1:18080/v1"


@pytest.fixture(autouse=True)
def _nothing_kept():
    model_lists._kept.clear()


@pytest.fixture
def server():
    with ModelServer() as running:
        yield running


def test_a_connection_is_made_read_changed_and_deleted(api):
    made = api.put("/connections/mine", json={"base_url": LOCAL, "api_key": KEY})
    assert made.status_code == 201
    assert made.headers["Location"] == "/api/v1/connections/mine"
    assert made.json["kind"] == "openai_compatible"
    assert made.json["max_retries"] == 5
    assert made.json["max_connections"] == 16
    changed = api.put("/connections/mine", json={"max_retries": 2, "requests_per_minute": 60})
    assert changed.status_code == 200
    read = api.get("/connections/mine").json
    assert (read["max_retries"], read["requests_per_minute"]) == (2, 60)
    assert read["base_url"] == LOCAL
    cleared = api.put("/connections/mine", json={"requests_per_minute": None})
    assert cleared.json["requests_per_minute"] is None
    assert api.delete("/connections/mine").status_code == 204
    assert api.get("/connections/mine").status_code == 404


def test_how_the_key_is_sent_is_chosen_and_left_to_the_kind_again(api, server):
    body = {"kind": "anthropic", "base_url": server.base_url, "api_key": KEY, "auth": "bearer"}
    assert api.put("/connections/mine", json=body).json["auth"] == "bearer"
    server.behaviour.api_key = KEY
    assert api.post("/connections/mine/test").json["ok"]
    assert api.put("/connections/mine", json={"max_retries": 1}).json["auth"] == "bearer"
    assert api.put("/connections/mine", json={"auth": None}).json["auth"] is None
    refused = api.put("/connections/mine", json={"auth": "basic"})
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["auth"])


def test_no_answer_shows_the_key(api, server):
    body = {"base_url": server.base_url, "api_key": KEY}
    answers = [
        api.put("/connections/mine", json=body),
        api.get("/connections/mine"),
        api.get("/connections"),
        api.post("/connections/mine/test"),
        api.put("/connections/mine", json={**body, "max_retries": -1}),
        api.put("/connections/mine", json={**body, "base_url": "nonsense"}),
        api.get("/models"),
        api.delete("/connections/mine"),
    ]
    assert not any(KEY in answer.text for answer in answers)
    assert answers[0].json["api_key_hint"] == "cdef"


def test_a_stored_key_does_not_follow_to_a_new_address(api):
    api.put("/connections/mine", json={"base_url": LOCAL, "api_key": KEY})
    answer = api.put("/connections/mine", json={"base_url": "https://evil.example/v1"})
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["api_key"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"base_url": 1}, "base_url"),
        ({"base_url": LOCAL, "max_retries": 1.5}, "max_retries"),
        ({"base_url": LOCAL, "max_retries": "1"}, "max_retries"),
        ({"base_url": LOCAL, "max_retries": True}, "max_retries"),
        ({"base_url": LOCAL, "timeout_s": 0}, "timeout_s"),
        ({"base_url": LOCAL, "colour": "red"}, "colour"),
        ({"base_url": LOCAL, "name": "other"}, "name"),
        ({"base_url": "http://169.254.169.254/"}, "base_url"),
    ],
)
def test_fields_that_do_not_fit_are_named(api, body, field):
    answer = api.put("/connections/mine", json=body)
    assert answer.status_code == 422
    assert [name.partition(".")[0] for name in answer.json["errors"]] == [field]


def test_integers_of_json_may_be_written_with_a_point(api):
    answer = api.put("/connections/mine", json={"base_url": LOCAL, "max_retries": 3.0})
    assert answer.json["max_retries"] == 3


def test_the_simulated_connection_is_listed_and_stays(api):
    listed = api.get("/connections").json
    assert [(item["name"], item["simulated"]) for item in listed["items"]] == [("simulated", True)]
    assert api.delete("/connections/simulated").status_code == 409


def test_a_test_says_what_was_found(api, server):
    api.put("/connections/mine", json={"base_url": server.base_url})
    result = api.post("/connections/mine/test").json
    assert result["ok"] is True
    assert result["models_found"] > 0
    assert result["latency_ms"] >= 0
    assert result["error"] is None


def test_a_test_that_fails_says_what_to_do(api, server):
    server.behaviour.api_key = "another key"
    api.put("/connections/mine", json={"base_url": server.base_url, "api_key": KEY})
    answer = api.post("/connections/mine/test", json={})
    assert answer.status_code == 200
    assert answer.json["ok"] is False
    assert set(answer.json["error"]) == {"code", "message", "action"}
    assert api.get("/connections/mine").json["last_test"]["ok"] is False


def test_the_eleventh_test_in_a_minute_is_refused_across_tokens(app, api, owner):
    from tests.app_fixtures import ApiClient

    other = ApiClient(app, api.post("/tokens", json={"name": "CI"}).json["token"])
    clients = [api, other] * 5
    codes = [client.post("/connections/simulated/test").status_code for client in clients]
    assert codes == [200] * 10
    assert other.post("/connections/simulated/test").status_code == 429


@pytest.mark.parametrize(
    ("method", "path"),
    [("get", ""), ("delete", ""), ("post", "/test")],
)
def test_another_accounts_connection_does_not_exist(api, second_api, method, path):
    api.put("/connections/mine", json={"base_url": LOCAL})
    assert getattr(second_api, method)(f"/connections/mine{path}").status_code == 404
    assert api.get("/connections/mine").status_code == 200


def test_two_accounts_may_use_the_same_name(api, second_api):
    api.put("/connections/mine", json={"base_url": LOCAL})
    answer = second_api.put("/connections/mine", json={"base_url": "https://llm.example.org/v1"})
    assert answer.status_code == 201
    assert api.get("/connections/mine").json["base_url"] == LOCAL


def test_models_are_listed_with_what_is_known(api, server):
    api.put("/connections/mine", json={"base_url": server.base_url})
    listed = api.get("/models?limit=200").json
    by_id = {item["id"]: item for item in listed["items"]}
    assert by_id["mine/fake-large"] == {
        "id": "mine/fake-large",
        "context_tokens": None,
        "price": None,
        "simulated": False,
        "compatible": True,
        "reason": None,
    }
    simulated = [item for item in listed["items"] if item["simulated"]]
    assert simulated
    assert listed["total"] == len(by_id)
    assert listed["errors"] == []


def test_models_of_one_connection_are_searched_and_paged(api):
    everything = api.get("/models?connection=simulated").json
    page = api.get("/models?connection=simulated&limit=1").json
    assert len(page["items"]) == 1
    assert page["total"] == everything["total"]
    rest = api.get(f"/models?connection=simulated&cursor={page['next_cursor']}").json
    assert page["items"] + rest["items"] == everything["items"]
    assert api.get("/models?connection=simulated&q=zzz").json["items"] == []


def test_models_of_a_connection_that_is_not_there_are_not_found(api):
    assert api.get("/models?connection=nope").status_code == 404


def test_a_provider_that_fails_is_named(api, server):
    server.behaviour.api_key = "another key"
    api.put("/connections/mine", json={"base_url": server.base_url, "api_key": KEY})
    listed = api.get("/models?connection=mine").json
    assert listed["items"] == []
    assert [error["connection"] for error in listed["errors"]] == ["mine"]


PRICES: dict[str, dict[str, float]] = {
    "*": {"input_usd_per_mtok": 0, "output_usd_per_mtok": 0},
    "big": {
        "input_usd_per_mtok": 2.5,
        "cached_input_usd_per_mtok": 0.25,
        "output_usd_per_mtok": 10,
    },
}


def test_own_prices_are_stored_kept_replaced_and_removed(api):
    made = api.put("/connections/mine", json={"base_url": LOCAL, "prices": PRICES})
    assert made.status_code == 201
    free = PRICES["*"] | {"cached_input_usd_per_mtok": None}  # type: ignore[dict-item]
    assert made.json["prices"] == {**PRICES, "*": free}
    kept = api.put("/connections/mine", json={"max_retries": 1})
    assert kept.json["prices"] == made.json["prices"]
    fewer = api.put("/connections/mine", json={"prices": {"big": PRICES["big"]}})
    assert fewer.json["prices"] == {"big": PRICES["big"]}
    assert api.put("/connections/mine", json={"prices": None}).json["prices"] == {}
    assert api.get("/connections/mine").json["prices"] == {}


@pytest.mark.parametrize(
    "prices",
    [
        {"m": {"input_usd_per_mtok": 1}},
        {"m": {"output_usd_per_mtok": 1}},
        {"m": {"input_usd_per_mtok": -1, "output_usd_per_mtok": 1}},
        {"m": {"input_usd_per_mtok": "1", "output_usd_per_mtok": 1}},
        {"m": {"input_usd_per_mtok": True, "output_usd_per_mtok": 1}},
        {"m": {"input_usd_per_mtok": 1e9, "output_usd_per_mtok": 1}},
        {"m": {"input_usd_per_mtok": 1, "output_usd_per_mtok": 1, "price": 1}},
        {" ": {"input_usd_per_mtok": 1, "output_usd_per_mtok": 1}},
        {"m" * 500: {"input_usd_per_mtok": 1, "output_usd_per_mtok": 1}},
        {f"m{n}": {"input_usd_per_mtok": 1, "output_usd_per_mtok": 1} for n in range(201)},
        [1],
        "free",
    ],
    ids=lambda prices: str(prices)[:40],
)
def test_prices_that_make_no_sense_are_refused(api, prices):
    answer = api.put("/connections/mine", json={"base_url": LOCAL, "prices": prices})
    assert answer.status_code == 422
    assert any(name.startswith("prices") for name in answer.json["errors"])
    assert api.get("/connections/mine").status_code == 404


def test_own_prices_are_those_of_the_list_of_models(api, server):
    own = {"fake-large": PRICES["big"]}
    api.put("/connections/mine", json={"base_url": server.base_url, "prices": own})
    listed = {each["id"]: each["price"] for each in api.get("/models").json["items"]}
    assert listed["mine/fake-large"] == {**PRICES["big"], "source": "your own price"}
    assert listed["mine/fake-small"] is None


def test_streaming_is_automatic_unless_said(api):
    assert api.put("/connections/mine", json={"base_url": LOCAL}).json["stream"] == "auto"
    for stream in (True, False, "auto"):
        assert api.put("/connections/mine", json={"stream": stream}).json["stream"] == stream
        assert api.get("/connections/mine").json["stream"] == stream
    api.put("/connections/mine", json={"stream": True})
    assert api.put("/connections/mine", json={"max_retries": 1}).json["stream"] is True
    for wrong in ("on", 1, "true"):
        refused = api.put("/connections/mine", json={"stream": wrong})
        assert (refused.status_code, list(refused.json["errors"])) == (422, ["stream"])
