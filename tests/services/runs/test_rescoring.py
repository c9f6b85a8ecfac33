"""Scoring stored answers again: in a worker, sample by sample, without a call."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from app.broker import queues
from app.broker.client import get_broker
from app.db import db, now, transaction
from app.errors import Conflict
from app.jobs.rescore_run import rescore_run
from app.models import RescoredSample, Rescoring, Run, RunEventRow
from app.services.accounts.accounts import Account
from app.services.connections import store
from app.services.runs import rescoring_claims
from app.services.runs.rescoring_claims import (
    MOST_ATTEMPTS,
    LostClaim,
    file_rescoring,
    sweep_rescorings,
    take_rescoring,
)
from tests.app_fixtures import ApiClient, Browser
from tests.fakes.model_server import Answer, ModelServer
from tests.run_fixtures import add_run

ANSWERS = ("ANSWER: 42", "Answer: 42", "The answer is 42.", "ANSWER: 41", "no idea")


@pytest.fixture
def app(make_app: Callable[..., Flask], broker_url: str, tmp_path: Path) -> Iterator[Flask]:
    folder = tmp_path / "mirror" / "openai__gsm8k" / "main"
    folder.mkdir(parents=True)
    rows = [{"question": f"Question {n}?", "answer": "six times seven #### 42"} for n in range(5)]
    for split in ("test", "train"):
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows * 2))
    app = make_app(redis_url=broker_url, datasets_dir=tmp_path / "mirror")
    yield app
    with app.app_context():
        get_broker().connection_pool.disconnect()


@pytest.fixture
def finished(app: Flask, owner: Account, start_run: Any, work: Any) -> Iterator[str]:
    """A run of five answers in five forms."""

    def answer(call: Any) -> str:
        return next(text for n, text in enumerate(ANSWERS) if f"Question {n}?" in call.prompt)

    with ModelServer(answer=answer) as server:
        values: Any = {"kind": "openai_compatible", "base_url": server.base_url}
        with app.app_context():
            store.save_connection(owner.id, True, "local", values)
        run_id = start_run(
            benchmark="gsm8k", model="local/fake-large", protocol="openbench", limit=5, epochs=2
        )
        assert work(run_id)["status"] == "completed"
        yield run_id
        assert server.calls == 10


def score_again(run_id: str, protocol: str = "inspect") -> None:
    file_rescoring(run_id, protocol)
    rescore_run(run_id, protocol)


def messages(run_id: str) -> list[str]:
    rows = db.session.query(RunEventRow).filter_by(run_id=run_id).order_by(RunEventRow.id)
    return [row.message for row in rows]


def test_a_worker_scores_the_answers_under_the_other_protocol_and_tells_so(
    app: Flask, api: ApiClient, finished: str
) -> None:
    answer = api.post(f"/runs/{finished}/rescore", json={"protocol": "inspect"})
    assert answer.status_code == 202
    with app.app_context():
        assert queues.rescore_job_id(finished, "inspect") in queues.queued_job_ids()
        rescore_run(finished, "inspect")
        told = messages(finished)
    run = api.get(f"/runs/{finished}").json
    assert set(run["scores"]) == {"openbench", "inspect"}
    assert run["score"] == run["scores"]["openbench"]
    assert run["scores"]["inspect"]["scorer"] == "numeric/inspect"
    assert run["scores"]["inspect"]["value"] != run["score"]["value"]
    assert any("Scoring 10 answers again under inspect" in line for line in told)
    assert "The model was not called." in told[-1]


def test_a_score_under_a_prompt_that_was_not_sent_says_so(
    app: Flask, api: ApiClient, signed_in: Browser, finished: str
) -> None:
    with app.app_context():
        score_again(finished)
        assert any("asked for with the prompt of openbench" in m for m in messages(finished))
    scores = api.get(f"/runs/{finished}").json["scores"]
    assert "not that of inspect" in scores["inspect"]["warning"]
    assert "warning" not in scores["openbench"] or scores["openbench"]["warning"] is None
    assert "not that of inspect" in signed_in.get(f"/runs/{finished}").text


def test_every_new_verdict_is_kept_and_shown(
    app: Flask, api: ApiClient, signed_in: Browser, finished: str
) -> None:
    with app.app_context():
        for _ in range(2):  # once more changes nothing
            score_again(finished)
    items = api.get(f"/runs/{finished}/samples").json["items"]
    again = {}
    for item in items:
        path = f"/runs/{finished}/samples/{item['sample_id']}?epoch={item['epoch']}"
        [verdict] = api.get(path).json["rescored"]
        assert verdict["protocol"] == "inspect"
        again[(item["sample_id"], item["epoch"])] = (item["outcome"], verdict["outcome"])
    assert len(again) == 10
    assert len({pair[0] for pair in again.values()} | {pair[1] for pair in again.values()}) > 1
    changed = sum(first != second for first, second in again.values())
    assert changed >= 2
    page = signed_in.get(f"/runs/{finished}").text
    assert "One score per protocol" in page
    assert "Scored differently" in page
    first = items[0]["sample_id"]
    assert "Scored again" in signed_in.get(f"/runs/{finished}/samples/{first}").text


def test_what_stands_in_the_way_is_told_in_the_log(
    app: Flask, api: ApiClient, finished: str, tmp_path: Path
) -> None:
    [path] = (tmp_path / "mirror").rglob("test.jsonl")
    path.write_text(path.read_text().splitlines()[0] + "\n")
    with app.app_context():
        score_again(finished)
        assert "Not scored again under inspect" in messages(finished)[-1]
        rescore_run("no-such-run", "inspect")
    assert "inspect" not in api.get(f"/runs/{finished}").json["scores"]
    assert api.post(f"/runs/{finished}/rescore", json={"protocol": "x"}).status_code == 422


def test_the_first_scoring_of_an_account_goes_before_the_many_of_another(
    app_context: Flask, owner: Account, second_user: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rescoring_claims, "MOST_PENDING", 3)
    mine = [add_run(owner.id, status="completed") for _ in range(4)]
    other = add_run(second_user.id, status="completed")
    for run_id in mine[:3]:
        file_rescoring(run_id, "inspect")
    file_rescoring(other, "inspect")
    waiting = [job.decode() for job in get_broker().lrange(f"rq:queue:{queues.ALONE}", 0, -1)]
    wanted = [queues.rescore_job_id(run_id, "inspect") for run_id in [other, *mine[:3]]]
    assert [job_id for job_id in waiting if job_id in wanted] == wanted
    with pytest.raises(Conflict, match="scored again"):
        file_rescoring(mine[3], "inspect")


def test_a_scoring_that_was_lost_is_handed_out_again(
    app: Flask, api: ApiClient, finished: str
) -> None:
    api.post(f"/runs/{finished}/rescore", json={"protocol": "inspect"})
    with app.app_context():
        assert sweep_rescorings() == 0  # just asked for
        with transaction() as session:
            session.execute(update(Rescoring).values(created_at=now() - timedelta(minutes=1)))
        assert sweep_rescorings() == 0  # the queue knows it
        get_broker().flushdb()
        assert sweep_rescorings() == 1
        assert queues.rescore_job_id(finished, "inspect") in queues.queued_job_ids()
        rescore_run(finished, "inspect")
        assert sweep_rescorings() == 0
        assert db.session.query(Rescoring).count() == 0
    assert "inspect" in api.get(f"/runs/{finished}").json["scores"]


def test_a_worker_whose_scoring_was_taken_over_writes_nothing(app: Flask, finished: str) -> None:
    with app.app_context():
        file_rescoring(finished, "inspect")
        slow = take_rescoring(finished, "inspect")
        assert slow is not None
        rescore_run(finished, "inspect")  # another worker takes it and ends it
        before = db.session.query(RescoredSample).count()
        with pytest.raises(LostClaim), transaction() as session:
            slow.keep(session, 5)
        with pytest.raises(LostClaim), transaction() as session:
            slow.close(session)
        assert db.session.query(RescoredSample).count() == before == 10
        rescore_run(finished, "inspect")  # the job comes once more: there is nothing to do
        assert sum("The model was not called" in line for line in messages(finished)) == 1


def test_a_scoring_that_fails_each_time_is_given_up(app: Flask, finished: str) -> None:
    with app.app_context():
        file_rescoring(finished, "inspect")
        for _ in range(MOST_ATTEMPTS):
            assert take_rescoring(finished, "inspect") is not None  # and its worker dies
        rescore_run(finished, "inspect")
        assert "failed 3 times" in messages(finished)[-1]
        assert db.session.query(Rescoring).count() == 0


def test_nothing_is_asked_for_while_the_queue_is_away(
    app: Flask, api: ApiClient, finished: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "is_reachable", lambda: False)
    answer = api.post(f"/runs/{finished}/rescore", json={"protocol": "inspect"})
    assert (answer.status_code, answer.json["code"]) == (503, "queue_unavailable")
    with app.app_context():
        assert db.session.query(Rescoring).count() == 0


def test_a_run_that_goes_on_drops_the_scores_of_its_answers_so_far(
    app: Flask, api: ApiClient, finished: str, work: Any
) -> None:
    with app.app_context():
        score_again(finished)
        file_rescoring(finished, "inspect")  # and once more, not begun yet
        with transaction() as session:
            session.execute(update(Run).values(status="failed"))
    assert api.post(f"/runs/{finished}/resume", json={}).status_code == 202
    assert work(finished)["status"] == "completed"
    assert set(api.get(f"/runs/{finished}").json["scores"]) == {"openbench"}
    with app.app_context():
        assert db.session.query(RescoredSample).count() == 0
        assert db.session.query(Rescoring).count() == 0


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer("ANSWER: 42", finish_reason="content_filter"), "refused"),
        (Answer("ANSWER: 42", finish_reason="refusal"), "refused"),
        (Answer("<think>So it is 42.\nANSWER: 42"), "error"),
    ],
)
def test_what_is_no_answer_is_none_when_it_is_scored_again(
    app: Flask, owner: Account, api: ApiClient, start_run: Any, work: Any, answer: Answer,
    outcome: str,
) -> None:  # fmt: skip
    with ModelServer(answer=lambda call: answer) as server, app.app_context():
        values: Any = {"kind": "openai_compatible", "base_url": server.base_url}
        store.save_connection(owner.id, True, "local", values)
        run_id = start_run(benchmark="gsm8k", model="local/m", protocol="openbench", limit=2)
        work(run_id)
        score_again(run_id)
    sample = api.get(f"/runs/{run_id}/samples").json["items"][0]
    assert sample["outcome"] == outcome
    [again] = api.get(f"/runs/{run_id}/samples/{sample['sample_id']}").json["rescored"]
    assert (again["outcome"], again["score"], again["answer"]) == (outcome, sample["score"], None)
