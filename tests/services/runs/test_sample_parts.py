"""Which samples a run asks: the same part for all runs, and what earlier versions took."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.db import db, transaction
from app.jobs.rescore_run import rescore_run
from app.models import RescoredSample, Run
from app.services.accounts.accounts import Account
from app.services.runs.lifecycle import resume_run
from app.services.runs.rescoring_claims import file_rescoring
from tests.app_fixtures import ApiClient
from tests.run_fixtures import RUN, add_run, add_samples, rows_of

Start = Callable[..., str]
Work = Callable[..., dict[str, Any]]
NEW = ("order", "sample_seed", "sample_ids", "system_message", "stop", "top_k", "extra_body")


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


def asked(api: ApiClient, run_id: str) -> list[str]:
    """Return the ids of a run's samples in the order of asking."""
    return [row["sample_id"] for row in api.get(f"/runs/{run_id}/samples?limit=200").json["items"]]


@pytest.fixture
def ask(start_run: Start, work: Work, api: ApiClient) -> Callable[..., list[str]]:
    """Makes a run and returns the ids of its samples in order."""

    def make(**options: Any) -> list[str]:
        run_id = start_run(**options)
        assert work(run_id)["status"] == "completed"
        return asked(api, run_id)

    return make


def test_a_limit_takes_the_same_random_part_each_time_and_parts_are_nested(
    ask: Callable[..., list[str]], api: ApiClient
) -> None:
    small, again, large = ask(limit=5), ask(limit=5), ask(limit=20)
    assert small == again == large[:5]
    first = ask(limit=5, order="first")
    assert set(small) != set(first)
    assert set(ask(limit=5, sample_seed=1)) != set(small)
    config = api.get("/runs").json["items"][-1]["config"]
    assert (config["order"], config["sample_seed"]) == ("random", 0)


def test_a_stratified_part_has_all_categories_with_their_share(
    start_run: Start, work: Work, api: ApiClient
) -> None:
    run_id = start_run(benchmark="gen_chain_sum", limit=30, order="stratified")
    work(run_id)
    run = api.get(f"/runs/{run_id}").json
    assert {item["key"]: item["n"] for item in run["breakdown"]} == {
        "easy": 10,
        "medium": 10,
        "hard": 10,
    }


def test_samples_can_be_chosen_by_id(ask: Callable[..., list[str]], api: ApiClient) -> None:
    ids = ask(limit=4)
    assert sorted(ask(limit=None, sample_ids=ids)) == sorted(ids)
    answer = api.post(
        "/estimates",
        json={"benchmark": "gen_chain_sum", "model": "simulated/expert", "sample_ids": ids},
    )
    assert (answer.json["samples"], answer.json["calls"]) == (4, 4)


def test_unknown_ids_are_refused_before_the_start(
    ask: Callable[..., list[str]], api: ApiClient
) -> None:
    known = ask(limit=2)
    body = {**RUN, "limit": None, "sample_ids": [*known, *(f"nobody-{n}" for n in range(7))]}
    estimate = api.post("/estimates", json=body).json
    [check] = [check for check in estimate["checks"] if check["name"] == "samples"]
    assert check["state"] == "fail"
    refused = api.post("/runs", json=body)
    assert (refused.status_code, refused.json["code"]) == (422, "preflight_failed")
    [message] = refused.json["errors"]["sample_ids"]
    assert message == check["message"]
    shown = ", ".join(f"nobody-{n}" for n in range(5))
    assert message == f"The benchmark has no sample with the id {shown} and 2 more."
    assert api.post("/estimates/sample", json=body).status_code == 422
    assert api.post("/runs", json={**body, "sample_ids": known}).status_code == 201


def test_ids_that_prove_unknown_once_the_data_is_there_fail_the_run_before_any_call(
    app: Flask, owner: Account, api: ApiClient, work: Work
) -> None:
    with app.app_context():
        run_id = add_run(owner.id, config={"limit": None, "sample_ids": ["nobody"]})
    ended = work(run_id)
    assert (ended["status"], ended["done"]) == ("failed", 0)
    run = api.get(f"/runs/{run_id}").json
    assert run["error"]["code"] == "sample_unknown"
    assert "nobody" in run["error"]["message"]
    assert run["remedy"] == "duplicate"


def old_run(app: Flask, owner: Account, limit: int | None = 4) -> str:
    """Add a paused run as the version before made it, with the first two samples done."""
    with app.app_context():
        run_id = add_run(owner.id, status="paused", config={"limit": limit}, digests={})
        with transaction() as session:
            config = dict(session.get_one(Run, run_id).config)
            assert not set(NEW) & set(config)
        return run_id


def test_a_run_of_an_earlier_version_goes_on_with_the_first_samples(
    app: Flask, owner: Account, api: ApiClient, work: Work, ask: Callable[..., list[str]]
) -> None:
    first = ask(limit=4, order="first")
    run_id = old_run(app, owner)
    with app.app_context():
        add_samples(run_id, *({"sample_id": sample_id} for sample_id in first[:2]))
    config = api.get(f"/runs/{run_id}").json["config"]
    assert (config["order"], config["sample_seed"]) == ("first", None)
    with app.app_context():
        resume_run(run_id, owner.id)
    ended = work(run_id)
    assert (ended["status"], ended["done"], ended["total"]) == ("completed", 4, 4)
    assert asked(api, run_id) == first


def test_a_copy_of_an_earlier_run_takes_the_first_samples_too(
    app: Flask, owner: Account, api: ApiClient, signed_in: Any
) -> None:
    run_id = old_run(app, owner)
    copy = api.post(f"/runs/{run_id}/duplicate", json={}).json
    assert copy["config"]["order"] == "first"
    larger = {"overrides": {"limit": 6}}
    copy = api.post(f"/runs/{run_id}/duplicate", json=larger).json
    assert (copy["config"]["order"], copy["config"]["limit"]) == ("first", 6)
    page = signed_in.get(f"/runs/new?from={run_id}").text
    assert 'selected value="first"' in page


def test_the_first_samples_of_an_earlier_run_are_compared_with_a_random_part(
    app: Flask, owner: Account, api: ApiClient, work: Work, start_run: Start
) -> None:
    def compared(limit: int) -> tuple[dict[str, Any], set[str]]:
        earlier, new = old_run(app, owner, limit), start_run(limit=limit, max_tokens=256)
        with app.app_context():
            resume_run(earlier, owner.id)
        for run_id in (earlier, new):
            assert work(run_id)["done"] == limit
        found = api.get(f"/compare?run_ids={earlier},{new}").json
        return found, set(asked(api, earlier)) & set(asked(api, new))

    found, common = compared(60)
    assert 0 < len(common) < 60
    assert (found["comparable"], found["common_samples"]) == (True, len(common))
    assert found["differences"] == [
        {"field": "order", "values": ["the first", "random with seed 0"]}
    ]
    assert f"Only the {len(common)} samples that both runs have scored" in found["warnings"][1]
    assert found["pairs"][0]["n"] == len(common)
    few, none = compared(3)
    assert none == set()
    assert (few["comparable"], few["pairs"]) == (False, [])
    assert "The runs have no scored sample in common." in few["warnings"]


def test_a_limited_copy_of_a_run_of_all_samples_takes_the_usual_part(
    app: Flask, owner: Account, api: ApiClient
) -> None:
    run_id = old_run(app, owner, limit=None)
    assert api.post(f"/runs/{run_id}/duplicate", json={}).json["config"]["order"] == "first"
    part = {"overrides": {"limit": 3}}
    copy = api.post(f"/runs/{run_id}/duplicate", json=part).json
    assert (copy["config"]["order"], copy["config"]["sample_seed"]) == ("random", 0)


def test_a_comparison_names_parts_that_were_chosen_otherwise(
    start_run: Start, work: Work, api: ApiClient
) -> None:
    def warned(*options: dict[str, Any]) -> str:
        ids = [start_run(**each) for each in options]
        for run_id in ids:
            work(run_id)
        return " ".join(api.get(f"/compare?run_ids={','.join(ids)}").json["warnings"])

    both = warned({"limit": 5}, {"limit": 5, "order": "first"})
    assert "different parts of the benchmark (order): random with seed 0 and the first." in both
    assert "different parts" not in warned({"limit": 5}, {"limit": 8})
    assert "different parts" not in warned({"limit": 5}, {"limit": None})


@pytest.mark.parametrize(
    "options",
    [
        {"limit": 12},
        {"limit": 12, "order": "stratified", "sample_seed": 7},
        {"limit": None, "sample_ids": [f"chain_sum-1-1-{n:04}" for n in (87, 62, 245)]},
    ],
)
def test_a_scoring_finds_the_samples_of_a_part(
    app: Flask, start_run: Start, work: Work, options: dict[str, Any]
) -> None:
    run_id = start_run(model="simulated/novice", epochs=2, **options)
    work(run_id)
    with app.app_context():
        file_rescoring(run_id, "studio")
        rescore_run(run_id, "studio")
        first = {(row.sample_id, row.epoch): row.outcome for row in rows_of(run_id)}
        again = {
            (row.sample_id, row.epoch): row.outcome
            for row in db.session.scalars(select(RescoredSample))
        }
    assert again == first
    assert len(first) == 2 * (options["limit"] or 3)
    assert len(set(first.values())) > 1


def test_an_estimate_counts_the_prompts_of_the_part(api: ApiClient) -> None:
    body = {"benchmark": "gen_chain_sum", "model": "simulated/expert", "limit": 40}
    part = api.post("/estimates", json=body).json
    first = api.post("/estimates", json={**body, "order": "first"}).json
    assert part["input_tokens"] != first["input_tokens"]
    system = api.post("/estimates", json={**body, "system_message": "word " * 500}).json
    assert system["input_tokens"] > part["input_tokens"] + 40 * 300
