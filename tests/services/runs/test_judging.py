"""Runs whose answers a second model scores, and runs that are scored by running code."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.broker.client import get_broker
from app.services.accounts.accounts import Account
from app.services.connections import store
from app.services.runs.plans import PlanError, make_scorer
from tests.app_fixtures import ApiClient
from tests.fakes.model_server import Answer, ModelServer

JUDGED = {"benchmark": "simpleqa", "limit": 6}
QUESTIONS = 6
PRICES = {"gpt-4o-mini": {"input_usd_per_mtok": 0.15, "output_usd_per_mtok": 0.6}}


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A mirror of two datasets, a few rows each."""
    folder = tmp_path / "mirror"
    (folder / "openai__simpleqa" / "default").mkdir(parents=True)
    rows = "".join(
        f'{{"problem": "Question {n}?", "answer": "city {n}", "metadata": "{{}}"}}\n'
        for n in range(QUESTIONS)
    )
    (folder / "openai__simpleqa" / "default" / "test.jsonl").write_text(rows)
    code = folder / "openai__openai_humaneval" / "openai_humaneval"
    code.mkdir(parents=True)
    (code / "test.jsonl").write_text(
        json.dumps(
            {
                "task_id": "HumanEval/0",
                "prompt": 'def double(x):\n    """Twice x."""\n',
                "canonical_solution": "    return 2 * x\n",
                "test": "def check(f):\n    assert f(2) == 4\n",
                "entry_point": "double",
            }
        )
    )
    return folder


@pytest.fixture
def make_queue_app(make_app: Callable[..., Flask], broker_url: str) -> Iterator[Any]:
    made: list[Flask] = []

    def make(**changes: Any) -> Flask:
        made.append(make_app(redis_url=broker_url, **changes))
        return made[-1]

    yield make
    for app in made:
        with app.app_context():
            get_broker().connection_pool.disconnect()


@pytest.fixture
def app(make_queue_app: Callable[..., Flask], mirror: Path) -> Flask:
    return make_queue_app(datasets_dir=mirror, allow_code_execution=True)


@pytest.fixture
def judge_server() -> Iterator[ModelServer]:
    """A judge that finds every answer right but the third."""
    with ModelServer(answer=lambda call: "B" if "Question 2?" in last(call) else "A") as server:
        yield server


def last(call: Any) -> str:
    """Return the new example in the judge's prompt, behind its worked ones."""
    return str(call.prompt).rpartition("Here is a new example")[2]


def connect(app: Flask, owner: Account, name: str, url: str, **options: Any) -> None:
    values: Any = {"kind": "openai_compatible", "base_url": url, "max_retries": 0, **options}
    if name == "openai":
        values |= {"kind": "openai", "api_key": "sk-test-0123456789abcdef", "prices": PRICES}
    with app.app_context():
        store.save_connection(owner.id, True, name, values)


@pytest.fixture
def judged(app: Flask, owner: Account, model_server: ModelServer, judge_server: ModelServer) -> Any:
    """Connections to a model (``local``) and to a judge with a price (``openai``)."""
    connect(app, owner, "local", model_server.base_url)
    connect(app, owner, "openai", judge_server.base_url)
    return {**JUDGED, "model": "local/fake-large", "judge": "openai/gpt-4o-mini"}


def test_a_judge_scores_and_its_tokens_and_cost_are_booked_apart(
    api: ApiClient, signed_in: Any, judged: Any, start_run: Any, work: Any,
    judge_server: ModelServer,
) -> None:  # fmt: skip
    run_id = start_run(**judged)
    assert work(run_id)["status"] == "completed"
    run = api.get(f"/runs/{run_id}").json
    assert (run["counts"]["correct"], run["counts"]["incorrect"]) == (5, 1)
    assert judge_server.calls == QUESTIONS
    assert {request.model for request in judge_server.requests} == {"gpt-4o-mini"}
    usage = run["usage"]
    assert usage["judge_input_tokens"] > 1000 * QUESTIONS > usage["input_tokens"]
    assert usage["judge_output_tokens"] > 0
    assert usage["cost_usd"] is None  # nobody knows what the local server costs
    assert 0 < usage["judge_cost_usd"] < 0.01
    assert run["config"]["judge"] == "openai/gpt-4o-mini"
    page = signed_in.get(f"/runs/{run_id}").text
    assert "Judge cost" in page
    assert run["digests"]["scorer"].endswith(" by openai/gpt-4o-mini")
    assert run["estimate"]["judge_cost_usd"]["high"] > 0


def test_a_judge_that_refuses_a_parameter_is_asked_without_it(
    api: ApiClient, judged: Any, start_run: Any, work: Any, judge_server: ModelServer
) -> None:
    before = judge_server.behaviour.answer
    said = json.dumps(
        {"error": {"message": "`temperature` is deprecated for this model."}}
    ).encode()
    judge_server.behaviour.answer = lambda call: (
        Answer(status=400, body=said) if "temperature" in call.payload else before(call)  # type: ignore[operator]
    )
    run_id = start_run(**judged, max_connections=1)
    assert work(run_id)["status"] == "completed"
    run = api.get(f"/runs/{run_id}").json
    assert (run["counts"]["correct"], run["counts"]["error"]) == (5, 0)
    assert judge_server.calls == QUESTIONS + 1
    [notice] = run["notices"]
    assert notice["message"].startswith(
        "The judge openai/gpt-4o-mini: The model gpt-4o-mini does not accept"
    )


def test_a_judge_that_finally_fails_leaves_the_sample_unscored_and_not_wrong(
    api: ApiClient, judged: Any, start_run: Any, work: Any, judge_server: ModelServer
) -> None:
    judge_server.fail("bad_request", match="Question 4?")
    run_id = start_run(**judged, max_error_rate=1)
    assert work(run_id)["status"] == "completed"
    run = api.get(f"/runs/{run_id}").json
    assert (run["counts"]["error"], run["score"]["n"]) == (1, 5)
    [sample] = api.get(f"/runs/{run_id}/samples?outcome=error").json["items"]
    assert (sample["score"], sample["error"]["code"]) == (None, "judge_failed")
    assert "openai/gpt-4o-mini" in sample["error"]["message"]
    assert sample["completion"]  # the model's answer is kept


def test_a_judge_is_asked_again_after_a_passing_error(
    api: ApiClient, app: Flask, owner: Account, judged: Any, start_run: Any, work: Any,
    judge_server: ModelServer,
) -> None:  # fmt: skip
    connect(app, owner, "openai", judge_server.base_url, max_retries=2)
    judge_server.fail("rate_limit_fast", times=2)
    assert work(run_id := start_run(**judged))["status"] == "completed"
    assert api.get(f"/runs/{run_id}").json["counts"]["error"] == 0
    assert judge_server.calls == QUESTIONS + 2


@pytest.mark.parametrize("recovers", [True, False])
def test_a_judge_whose_generation_fails_is_paid_for_it(
    api: ApiClient, app: Flask, owner: Account, judged: Any, start_run: Any, work: Any,
    judge_server: ModelServer, recovers: bool,
) -> None:  # fmt: skip
    connect(app, owner, "openai", judge_server.base_url, max_retries=1)
    usage = {"prompt_tokens": 1000, "completion_tokens": 10}

    def grade(call: Any) -> Answer:
        is_late = recovers and judge_server.calls > 1
        choice = {"message": {"content": "A"}, "finish_reason": "stop" if is_late else "error"}
        return Answer(body=json.dumps({"choices": [choice], "usage": usage}).encode())

    judge_server.behaviour.answer = grade
    run_id = start_run(**{**judged, "limit": 1})
    work(run_id)
    run = api.get(f"/runs/{run_id}").json
    assert run["counts"]["correct" if recovers else "error"] == 1
    assert (run["usage"]["judge_input_tokens"], run["usage"]["judge_output_tokens"]) == (2000, 20)
    cost_usd = 2 * (1000 * 0.15 + 10 * 0.6) / 1e6
    assert run["usage"]["judge_cost_usd"] == pytest.approx(cost_usd)
    sample = api.get(f"/runs/{run_id}/samples").json["items"][0]
    assert sample["judge_cost_usd"] == pytest.approx(cost_usd)


def test_a_refused_answer_is_not_judged(
    api: ApiClient, judged: Any, start_run: Any, work: Any, judge_server: ModelServer,
    model_server: ModelServer,
) -> None:  # fmt: skip
    model_server.behaviour.answer = lambda call: Answer("city 1", finish_reason="content_filter")
    run_id = start_run(**judged)
    work(run_id)
    assert api.get(f"/runs/{run_id}").json["counts"]["refused"] == QUESTIONS
    assert judge_server.calls == 0


def test_a_judge_without_credit_pauses_the_run(
    api: ApiClient, judged: Any, start_run: Any, work: Any, judge_server: ModelServer
) -> None:
    judge_server.fail("quota", times=100)
    row = work(start_run(**judged))
    assert (row["status"], row["incorrect"], row["error"]) == ("paused", 0, 0)
    assert "judge openai/gpt-4o-mini" in row["failure"]["message"]


@pytest.mark.parametrize(
    ("judge", "words"),
    [
        (None, "choose a judge"),
        ("gpt-4o", "does not name a model"),
        ("nowhere/gpt-4o", "no connection called 'nowhere'"),
        ("simulated/expert", "may only judge simulated runs"),
    ],
)
def test_a_judge_must_be_named_be_there_and_be_real(
    api: ApiClient, judged: Any, judge: str | None, words: str
) -> None:
    body = {**judged, "judge": judge}
    answer = api.post("/runs", json={name: value for name, value in body.items() if value})
    assert answer.status_code == 422
    assert words in answer.json["errors"]["judge"][0]


def test_a_simulated_run_may_have_a_simulated_judge(
    api: ApiClient, start_run: Any, work: Any
) -> None:
    run_id = start_run(**JUDGED, model="simulated/expert", judge="simulated/expert")
    row = work(run_id)
    assert row["status"] == "completed"
    assert row["correct"] + row["incorrect"] == QUESTIONS
    assert row["correct"] >= 3
    assert (row["judge_cost_usd"], row["judge_output_tokens"] > 0) == (0.0, True)


def test_a_judge_that_is_not_needed_is_left_out(api: ApiClient, start_run: Any) -> None:
    run_id = start_run(judge="simulated/expert")
    assert api.get(f"/runs/{run_id}").json["config"]["judge"] is None


def test_the_form_asks_for_the_judge(signed_in: Any, judged: Any) -> None:
    assert 'name="judge"' in signed_in.get("/runs/new").text
    answer = signed_in.submit("/runs", {**judged, "judge": ""})
    assert answer.status_code == 422
    assert "choose a judge" in answer.text


def test_code_runs_in_the_sandbox_where_the_admin_allows_it(
    app: Flask, owner: Account, api: ApiClient, start_run: Any, work: Any
) -> None:
    with ModelServer(answer="```python\ndef double(x):\n    return 2 * x\n```") as server:
        connect(app, owner, "local", server.base_url)
        run_id = start_run(benchmark="humaneval", model="local/fake-large", limit=1)
        row = work(run_id)
    assert (row["status"], row["correct"], row["error"]) == ("completed", 1, 0)


def test_without_the_admins_leave_no_code_runs(app: Flask) -> None:
    settings = app.extensions["settings"].model_copy(update={"allow_code_execution": False})
    with pytest.raises(PlanError, match="switched off") as refused:
        make_scorer("code/humaneval_inspect", settings)
    assert refused.value.code == "code_execution_off"
    assert "ALLOW_CODE_EXECUTION" in str(refused.value.action)
