"""Runs through the API: started, watched, ended, kept apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.db import db
from app.engine.benchmarks.benchmark_registry import all_benchmarks
from app.jobs.rescore_run import rescore_run
from app.models import Run
from app.services.accounts import api_tokens
from app.services.accounts.accounts import Account
from tests.app_fixtures import ApiClient, _api_of
from tests.run_fixtures import BENCHMARK, RUN, add_run, add_samples, rows_of

Start = Callable[..., str]
Work = Callable[..., dict[str, Any]]


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


def test_a_run_goes_from_request_to_score_and_samples(
    app: Flask, api: ApiClient, work: Work
) -> None:
    made = api.post("/runs", json=RUN | {"tags": ["nightly", "nightly"], "notes": "first"})
    assert made.status_code == 201
    run = made.json
    assert made.headers["Location"] == f"/api/v1/runs/{run['run_id']}"
    assert (run["status"], run["counts"]["total"], run["score"]) == ("queued", 5, None)
    assert (run["tags"], run["notes"], run["simulated"]) == (["nightly"], "first", True)
    assert run["estimate"]["calls"] == 5
    assert run["created_at"].endswith("Z")
    assert run["duration_s"] is None

    work(run["run_id"])

    run = api.get(f"/runs/{run['run_id']}").json
    counts = run["counts"]
    assert (run["status"], run["error"]) == ("completed", None)
    assert counts["done"] == counts["total"] == 5
    assert sum(counts.values()) == 15  # total, done and the outcomes
    assert run["score"]["n"] == 5
    assert run["score"]["value"] == counts["correct"] / 5
    low, high = run["score"]["ci95"]
    assert 0 <= low <= run["score"]["value"] <= high <= 1
    assert run["scores"] == {"studio": run["score"]}
    assert run["usage"]["cost_usd"] == 0
    assert run["usage"]["input_tokens"] > 0
    assert run["duration_s"] > 0
    assert set(run["digests"]) == {"dataset", "prompt", "scorer", "parameters", "engine"}
    assert set(run["links"]) == {"self", "samples", "events", "page"}
    items = api.get(f"/runs/{run['run_id']}/samples").json["items"]
    assert len(items) == 5
    assert {item["outcome"] for item in items} <= set(counts)
    assert sum(item["score"] for item in items) == counts["correct"]


def test_the_samples_hold_the_exact_messages_and_the_whole_answer(
    app: Flask, api: ApiClient, start_run: Start, work: Work, local_model: str, model_server: Any
) -> None:
    run_id = start_run(model=local_model, limit=3)
    work(run_id)
    items = api.get(f"/runs/{run_id}/samples").json["items"]
    sent = sorted(str(request.payload["messages"]) for request in model_server.requests)
    assert sorted(str(item["input"]) for item in items) == sent
    assert [item["outcome"] for item in items] == ["correct"] * 3
    assert all(item["completion"] == f"ANSWER: {item['target']}" for item in items)
    assert all(item["latency_ms"] is not None and item["attempts"] == 1 for item in items)
    one = api.get(f"/runs/{run_id}/samples/{items[0]['sample_id']}").json
    assert one == {**items[0], "mark": {"starred": False, "to_review": False, "note": ""}}
    assert api.get(f"/runs/{run_id}").json["usage"]["cost_usd"] is None  # no known price


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"benchmark": "nope"}, "benchmark", "no benchmark called 'nope'"),
        ({"benchmark": ""}, "benchmark", "not be empty"),
        ({"benchmark": "humaneval"}, "benchmark", "code execution"),
        ({"protocol": "nope"}, "protocol", "studio"),
        ({"model": ""}, "model", "not be empty"),
        ({"model": "expert"}, "model", "connection/model"),
        ({"model": "simulated/"}, "model", "connection/model"),
        ({"model": "/expert"}, "model", "connection/model"),
        ({"model": "nobody/x"}, "model", "no connection called 'nobody' (you have: simulated"),
        ({"limit": 0}, "limit", "at least 1"),
        ({"limit": 10**6}, "limit", "at most 200,000"),
        ({"limit": "abc"}, "limit", "must be a whole number"),
        ({"limit": "5"}, "limit", "must be a whole number"),
        ({"limit": True}, "limit", "must be a whole number"),
        ({"limit": 1.5}, "limit", "must be a whole number"),
        ({"seed": [1]}, "seed", "must be a whole number"),
        ({"temperature": "0.5"}, "temperature", "must be a number"),
        ({"budget_usd": "2"}, "budget_usd", "must be a number"),
        ({"budget_usd": 10**400}, "budget_usd", ""),
        ({"epochs": 101}, "epochs", "100"),
        ({"temperature": 2.1}, "temperature", "2"),
        ({"top_p": 0}, "top_p", "more than 0"),
        ({"budget_usd": 0}, "budget_usd", "more than 0"),
        ({"max_error_rate": 1.1}, "max_error_rate", "1"),
        ({"timeout_s": 0}, "timeout_s", "1"),
        ({"tags": ["x"] * 21}, "tags", "20"),
        ({"tags": [" "]}, "tags.0", "not be empty"),
        ({"notes": "a\x00b"}, "notes", "U+0000"),
        ({"model": "simulated/a\x00b"}, "model", "U+0000"),
        ({"tags": ["a\x00b"]}, "tags.0", "U+0000"),
        ({"notes": "\ud800"}, "notes", "surrogate"),
        ({"unknown": 1}, "unknown", "no field of this name"),
    ],
)
def test_a_field_that_does_not_fit_is_named(
    api: ApiClient, changes: dict[str, Any], field: str, words: str
) -> None:
    answer = api.post("/runs", json=RUN | changes)
    assert answer.status_code == 422
    problem = answer.json
    assert answer.mimetype == "application/problem+json"
    assert problem["status"] == 422
    assert problem["code"]
    assert words in " ".join(problem["errors"][field])
    assert api.get("/runs").json["total"] == 0


def test_more_calls_than_the_server_allows_are_refused(
    make_app: Any, broker_url: str, owner: Account
) -> None:
    small = make_app(redis_url=broker_url, max_samples=8)
    answer = _api_of(small, owner).post("/runs", json=RUN | {"epochs": 2})
    assert answer.status_code == 422
    assert answer.json["errors"] == {"limit": ["At most 8 samples times epochs."]}


def test_a_whole_number_may_come_as_a_float(api: ApiClient) -> None:
    assert api.post("/runs", json=RUN | {"limit": 2.0}).json["counts"]["total"] == 2


def test_without_a_limit_all_samples_are_asked(api: ApiClient) -> None:
    body = {"benchmark": BENCHMARK, "model": "simulated/novice", "epochs": 2}
    assert api.post("/runs", json=body).json["counts"]["total"] == 600


@pytest.mark.parametrize(
    ("data", "content_type", "status", "code"),
    [
        ("{", "application/json", 400, "malformed_json"),
        ("", "application/json", 400, "malformed_json"),
        ("[1]", "application/json", 422, "invalid"),
        ("benchmark=x", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        ("{}", "text/plain", 415, "unsupported_media_type"),
        ("{}", "application/json", 422, "invalid"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_by_its_kind(
    api: ApiClient, data: str, content_type: str, status: int, code: str
) -> None:
    answer = api.post("/runs", data=data, content_type=content_type)
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_the_eleventh_run_in_a_minute_waits_whatever_token_asks(
    app: Flask, api: ApiClient, owner: Account, second_api: ApiClient
) -> None:
    other_token = _api_of(app, owner)
    for number in range(10):
        client = other_token if number % 2 else api
        assert client.post("/runs", json=RUN).status_code == 201
    refused = other_token.post("/runs", json=RUN)
    assert refused.status_code == 429
    assert refused.json["code"] == "rate_limited"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert api.get("/runs").json["total"] == 10
    first = api.get("/runs").json["items"][0]["run_id"]
    assert api.post(f"/runs/{first}/duplicate").status_code == 429
    assert second_api.post("/runs", json=RUN).status_code == 201


def test_without_a_queue_no_run_is_made_or_resumed(
    make_app: Callable[..., Flask], api: ApiClient, owner: Account, app: Flask
) -> None:
    away = make_app()  # its address of the queue is one where nobody answers
    client = _api_of(away, owner)
    refused = client.post("/runs", json=RUN)
    assert (refused.status_code, refused.json["code"]) == (503, "queue_unavailable")
    assert refused.json["action"]
    assert client.get("/runs").json["total"] == 0
    with away.app_context():
        run_id = add_run(owner.id, status="paused")
    refused = client.post(f"/runs/{run_id}/resume")
    assert (refused.status_code, refused.json["code"]) == (503, "queue_unavailable")
    assert client.get(f"/runs/{run_id}").json["status"] == "paused"


def test_a_queued_run_is_canceled_at_once_and_only_once(api: ApiClient, start_run: Start) -> None:
    run_id = start_run()
    canceled = api.post(f"/runs/{run_id}/cancel")
    assert (canceled.status_code, canceled.json["status"]) == (202, "canceled")
    assert canceled.json["finished_at"]
    again = api.post(f"/runs/{run_id}/cancel")
    assert (again.status_code, again.json["code"]) == (409, "run_finished")
    assert "canceled" in again.json["detail"]


def test_a_finished_run_can_neither_be_canceled_nor_resumed(
    api: ApiClient, start_run: Start, work: Work
) -> None:
    run_id = start_run()
    work(run_id)
    assert api.post(f"/runs/{run_id}/cancel").status_code == 409
    refused = api.post(f"/runs/{run_id}/resume")
    assert (refused.status_code, refused.json["code"]) == (409, "run_not_resumable")
    assert api.post(f"/runs/{run_id}/resume", json={"retry_errors": True}).status_code == 409


def test_a_canceled_run_goes_on_where_it_stopped(
    app: Flask, api: ApiClient, start_run: Start, work: Work
) -> None:
    run_id = start_run()
    api.post(f"/runs/{run_id}/cancel")
    resumed = api.post(f"/runs/{run_id}/resume")
    assert (resumed.status_code, resumed.json["status"]) == (202, "queued")
    assert (resumed.json["finished_at"], resumed.json["error"]) == (None, None)
    assert work(run_id)["status"] == "completed"


def test_an_active_run_cannot_be_deleted_and_a_finished_one_goes_with_its_samples(
    app: Flask, api: ApiClient, start_run: Start, work: Work
) -> None:
    run_id = start_run()
    refused = api.delete(f"/runs/{run_id}")
    assert (refused.status_code, refused.json["code"]) == (409, "run_active")
    assert refused.json["action"] == "Cancel it first."
    work(run_id)
    assert api.delete(f"/runs/{run_id}").status_code == 204
    assert api.get(f"/runs/{run_id}").status_code == 404
    with app.app_context():
        assert rows_of(run_id) == []


def test_tags_and_notes_can_be_changed(api: ApiClient, start_run: Start) -> None:
    run_id = start_run(tags=["old"], notes="old")
    changed = api.patch(f"/runs/{run_id}", json={"tags": ["new", "new", "ü"]})
    assert (changed.status_code, changed.json["tags"]) == (200, ["new", "ü"])
    assert changed.json["notes"] == "old"
    assert api.patch(f"/runs/{run_id}", json={"notes": ""}).json["notes"] == ""
    assert api.patch(f"/runs/{run_id}", json={}).status_code == 200
    assert api.patch(f"/runs/{run_id}", json={"status": "completed"}).status_code == 422


def test_a_run_has_a_name_that_can_be_changed_and_searched(
    api: ApiClient, start_run: Start
) -> None:
    run_id = start_run(name="  a\tname ")
    assert api.get(f"/runs/{run_id}").json["name"] == "a name"
    assert api.get(f"/runs/{start_run()}").json["name"] == ""
    changed = api.patch(f"/runs/{run_id}", json={"name": "Größe"})
    assert (changed.status_code, changed.json["name"]) == (200, "Größe")
    assert [run["run_id"] for run in api.get("/runs?q=größe").json["items"]] == [run_id]
    assert [run["name"] for run in api.get("/runs?sort=-benchmark").json["items"]] == ["Größe", ""]
    for wrong in ("x" * 121, "a\0", 5, None):
        expected = 200 if wrong is None else 422
        assert api.patch(f"/runs/{run_id}", json={"name": wrong}).status_code == expected
    assert api.post(f"/runs/{run_id}/duplicate").json["name"] == ""
    named = api.post(f"/runs/{run_id}/duplicate", json={"overrides": {"name": "again"}})
    assert named.json["name"] == "again"


def test_a_duplicate_is_a_new_run_with_the_same_options_unless_told_otherwise(
    api: ApiClient, start_run: Start
) -> None:
    run_id = start_run(seed=7, tags=["a"])
    first = api.get(f"/runs/{run_id}").json
    copy = api.post(f"/runs/{run_id}/duplicate")
    assert copy.status_code == 201
    assert copy.json["run_id"] != run_id
    assert copy.json["config"] == first["config"]
    assert copy.json["tags"] == ["a"]
    other = api.post(
        f"/runs/{run_id}/duplicate", json={"overrides": {"model": "simulated/novice", "limit": 2}}
    )
    assert other.json["model"] == "simulated/novice"
    assert other.json["config"] == {**first["config"], "limit": 2}


def test_a_duplicate_on_another_benchmark_follows_that_ones_protocol(
    api: ApiClient, app: Flask, owner: Account
) -> None:
    with app.app_context():
        run_id = add_run(
            owner.id, benchmark="gsm8k", protocol="inspect", config={"protocol": "inspect"}
        )
    copy = api.post(f"/runs/{run_id}/duplicate", json={"overrides": {"benchmark": BENCHMARK}})
    assert (copy.status_code, copy.json["protocol"]) == (201, "studio")


@pytest.mark.parametrize(
    ("overrides", "field"), [({"limit": 0}, "overrides.limit"), ({"model": ""}, "model")]
)
def test_an_override_that_does_not_fit_is_named(
    api: ApiClient, start_run: Start, overrides: dict[str, Any], field: str
) -> None:
    refused = api.post(f"/runs/{start_run()}/duplicate", json={"overrides": overrides})
    assert refused.status_code == 422
    assert list(refused.json["errors"]) == [field]


def test_runs_are_listed_page_by_page_newest_first(
    app: Flask, api: ApiClient, owner: Account
) -> None:
    with app.app_context():
        made = [add_run(owner.id) for _ in range(7)]
    seen: list[str] = []
    cursor = None
    while True:
        page = api.get("/runs", query_string={"limit": 3, "cursor": cursor or ""}).json
        assert page["total"] == 7
        seen += [run["run_id"] for run in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]
    oldest_first = api.get("/runs?sort=created_at&limit=200").json["items"]
    assert [run["run_id"] for run in oldest_first] == made


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "cursor=nonsense", "sort=color", "created_after=x"]
)
def test_a_query_that_does_not_fit_is_refused(api: ApiClient, query: str) -> None:
    assert api.get(f"/runs?{query}").status_code == 422


def test_runs_are_filtered(app: Flask, api: ApiClient, owner: Account) -> None:
    with app.app_context():
        a = add_run(owner.id, status="completed", tags=["night", 'a"b'], notes="Weekly check")
        b = add_run(owner.id, status="failed", model="openai/gpt-4o", tags=["größe"])
        c = add_run(owner.id, status="running", benchmark="gsm8k", tags=["nightly"])
        before_b = db.session.get_one(Run, b).created_at.isoformat()

    def found(**query: str) -> list[str]:
        answer = api.get("/runs", query_string={"sort": "created_at", **query}).json
        assert answer["total"] == len(answer["items"])
        return [run["run_id"] for run in answer["items"]]

    assert found(status="completed") == [a]
    assert found(status="completed,failed") == [a, b]
    assert found(status="active") == [c]
    unknown = api.get("/runs?status=done,failed")
    assert unknown.status_code == 422
    assert "Unknown status: done;" in unknown.json["errors"]["status"][0]
    assert found(benchmark="gsm8k") == [c]
    assert found(model="openai/gpt-4o") == [b]
    assert found(tag="night") == [a]
    assert found(tag='a"b') == [a]
    assert found(tag="größe") == [b]
    assert found(q="größe") == [b]
    assert found(q="WEEKLY chain") == [a]
    assert found(q=b) == [b]
    assert found(q="100%") == []
    assert found(created_after=before_b) == [b, c]
    assert found(created_before=before_b) == [a, b]


def test_another_accounts_run_is_not_there_on_any_route(
    app: Flask, owner: Account, second_api: ApiClient, second_browser: Any
) -> None:
    with app.app_context():
        run_id = add_run(owner.id, status="completed")
        add_samples(run_id, {})
    checked = 0
    for rule in app.url_map.iter_rules():
        if "run_id" not in rule.arguments:
            continue
        path = rule.rule.replace("<string:run_id>", run_id).replace("<run_id>", run_id)
        path = path.replace("<sample_id:sample_id>", "s0")
        assert "<" not in path, f"teach this test the address {rule.rule}"
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            if path.startswith("/api/v1"):
                body = {"protocol": "studio"} if path.endswith("rescore") else {}
                answer = second_api.call(method, path.removeprefix("/api/v1"), json=body)
            elif method == "POST":
                answer = second_browser.submit(path)
                if path.endswith("/duplicate"):  # shows the form of a new run
                    assert answer.status_code == 303
                    answer = second_browser.get(answer.headers["Location"])
            else:
                answer = second_browser.get(path)
            assert answer.status_code == 404, (method, path, answer.status_code)
            checked += 1
    assert checked >= 18
    listed = second_api.get("/runs").json
    assert (listed["items"], listed["total"]) == ([], 0)
    refused = second_api.get(f"/compare?run_ids={run_id},another")
    assert refused.status_code == 404


def test_a_read_token_cannot_start_a_run(app: Flask, owner: Account) -> None:
    with app.app_context():
        token, _ = api_tokens.create_token(owner.id, "reader", ["read"])
    reader = ApiClient(app, token)
    assert reader.get("/runs").status_code == 200
    assert reader.post("/runs", json=RUN).status_code == 403


def test_every_listed_benchmark_can_be_asked_for_or_says_why_not(api: ApiClient) -> None:
    for name, benchmark in list(all_benchmarks().items())[::6]:
        answer = api.post("/estimates", json={"benchmark": name, "model": "simulated/expert"})
        assert answer.status_code == 200, name
        failed = {each["name"] for each in answer.json["checks"] if each["state"] == "fail"}
        assert ("code_execution" in failed) == ("sandbox" in benchmark.requirements), name
        assert ("judge" in failed) == ("judge" in benchmark.requirements), name


def test_rescoring_adds_a_score_and_calls_nobody(
    app: Flask, api: ApiClient, start_run: Start, work: Work
) -> None:
    run_id = start_run()
    work(run_id)
    before = api.get(f"/runs/{run_id}").json
    again = api.post(f"/runs/{run_id}/rescore", json={"protocol": "studio"})
    assert again.status_code == 202
    assert again.json["rescorings"] == [{"protocol": "studio", "done": 0}]
    with app.app_context():
        rescore_run(run_id, "studio")
    after = api.get(f"/runs/{run_id}").json
    assert after["rescorings"] == []
    assert after["score"] == before["score"]
    assert after["scores"]["studio"]["value"] == before["score"]["value"]
    refused = api.post(f"/runs/{run_id}/rescore", json={"protocol": "nope"})
    assert (refused.status_code, refused.json["errors"]) == (
        422,
        {"protocol": ["Choose one of: studio."]},
    )


def test_an_active_run_is_not_rescored(api: ApiClient, start_run: Start) -> None:
    refused = api.post(f"/runs/{start_run()}/rescore", json={"protocol": "studio"})
    assert (refused.status_code, refused.json["code"]) == (409, "run_active")


def test_a_run_whose_questions_are_gone_cannot_be_rescored(
    app: Flask, api: ApiClient, owner: Account
) -> None:
    with app.app_context():
        run_id = add_run(owner.id, status="completed", benchmark="gsm8k", protocol="inspect")
        gone = add_run(owner.id, status="completed", benchmark="removed")
    refused = api.post(f"/runs/{run_id}/rescore", json={"protocol": "openbench"})
    assert (refused.status_code, refused.json["code"]) == (422, "dataset_unavailable")
    refused = api.post(f"/runs/{gone}/rescore", json={"protocol": "studio"})
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["protocol"])
