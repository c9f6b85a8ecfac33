"""rq-dashboard: for administrators, only where it is wanted, and only to look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from rq import Queue
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import Worker

from app.broker.client import get_broker
from app.broker.queues import enqueue_run
from app.services.accounts.accounts import Account
from tests.app_fixtures import Browser

PAGES = ("/", "/0/view/workers", "/0/view/jobs", "/0/view/job/run-r1-0")
DATA = (
    "/0/data/queues.json",
    "/0/data/workers.json",
    "/0/data/jobs/runs/queued/8/asc/1.json",
    "/0/data/jobs/runs/failed/8/dsc/1.json",
    "/0/data/job/run-r1-0.json",
)


@pytest.fixture
def app(make_app: Callable[..., Flask], broker_url: str) -> Any:
    Redis.from_url(broker_url).flushdb()
    app = make_app(redis_url=broker_url, rq_dashboard=True)
    with app.app_context():
        enqueue_run("r1", 0)
    yield app
    with app.app_context():
        get_broker().connection_pool.disconnect()


def test_it_does_not_exist_unless_it_is_switched_on(
    make_app: Callable[..., Flask], owner: Account
) -> None:
    without = make_app()
    browser = without.test_client()
    assert isinstance(browser, Browser)
    assert browser.get("/admin/rq/").status_code == 404
    browser.sign_in_as(owner)
    assert browser.get("/admin/rq/").status_code == 404
    assert "/admin/rq" not in browser.get("/settings/tokens").text


@pytest.mark.parametrize("path", [*PAGES, *DATA, "/static/css/main.css"])
def test_strangers_are_sent_to_sign_in_and_others_find_nothing(
    client: Browser, second_browser: Browser, path: str
) -> None:
    answer = client.get(f"/admin/rq{path}")
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/login")
    assert second_browser.get(f"/admin/rq{path}").status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_its_pages_have_a_policy_by_nonce_of_their_own(signed_in: Browser, path: str) -> None:
    answer = signed_in.get(f"/admin/rq{path}")
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    nonce = policy.partition("'nonce-")[2].partition("'")[0]
    assert len(nonce) >= 20
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe-inline" not in scripts
    assert answer.text.count("<script") == answer.text.count(f'<script nonce="{nonce}"') > 3
    assert "redis://" not in answer.text
    assert "unix://" not in answer.text
    again = signed_in.get(f"/admin/rq{path}").headers["Content-Security-Policy"]
    assert again != policy


def test_no_other_page_gets_that_policy(signed_in: Browser) -> None:
    for path in ("/", "/settings/tokens", "/admin/rq/0/view/job/unknown", "/health"):
        assert "unsafe-eval" not in signed_in.get(path).headers["Content-Security-Policy"]


def test_the_settings_of_administrators_lead_there(
    signed_in: Browser, second_browser: Browser
) -> None:
    assert "/admin/rq/" in signed_in.get("/settings/tokens").text
    assert "/admin/rq/" not in second_browser.get("/settings/tokens").text


@pytest.mark.parametrize("path", DATA)
def test_its_data_is_json(signed_in: Browser, path: str) -> None:
    answer = signed_in.get(f"/admin/rq{path}")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")


def test_it_shows_what_is_queued(signed_in: Browser) -> None:
    queues = _json(signed_in, "queues")["queues"]
    assert {queue["name"]: queue["count"] for queue in queues} == {"runs": 1}
    jobs = _json(signed_in, "jobs/runs/queued/8/asc/1")["jobs"]
    assert [job["id"] for job in jobs] == ["run-r1-0"]
    job = _json(signed_in, "job/run-r1-0")
    assert (job["status"], job["origin"]) == ("queued", "runs")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    "path",
    [
        "/job/run-r1-0/delete",
        "/job/run-r1-0/requeue",
        "/requeue/runs",
        "/queue/runs/queued/empty",
        "/queue/runs/compact",
    ],
)
def test_nothing_can_be_changed_through_it(
    app: Flask, signed_in: Browser, path: str, method: str
) -> None:
    token = signed_in.csrf_token()
    answer = signed_in.open(
        f"/admin/rq{path}", method=method, headers={"X-CSRFToken": token, "Referer": "/"}
    )
    assert answer.status_code == 405
    with app.app_context():
        queue = Queue("runs", connection=get_broker(), serializer=JSONSerializer)
        assert queue.job_ids == ["run-r1-0"]


@pytest.mark.parametrize(
    "path",
    [
        "/0/view/job/unknown",
        "/0/data/job/unknown.json",
        "/1/view/queues",
        "/0/data/jobs/other/queued/8/asc/1.json",
        "/0/data/jobs/runs/nowhere/8/asc/1.json",
        "/0/data/jobs/runs/queued/0/asc/1.json",
        "/0/data/jobs/runs/queued/8/asc/0.json",
        "/0/data/jobs/runs/queued/x/asc/1.json",
        "/0/view/jobs/runs/queued/8/sideways/1",
    ],
)
def test_what_is_not_there_is_not_found(signed_in: Browser, path: str) -> None:
    assert signed_in.get(f"/admin/rq{path}").status_code == 404


def _json(browser: Browser, path: str) -> Any:
    return browser.get(f"/admin/rq/0/data/{path}.json").json


def _queue() -> Queue:
    return Queue("runs", connection=get_broker(), serializer=JSONSerializer)


def _work_on_it() -> Job:
    """Leave the traces of a worker that works on the job."""
    job = Job.fetch("run-r1-0", connection=get_broker(), serializer=JSONSerializer)
    worker = Worker(["runs"], name="w1", connection=get_broker())
    worker.register_birth()
    worker.set_state("busy")
    with get_broker().pipeline() as pipeline:
        Execution.create(job, 60, pipeline, worker_name="w1")
        pipeline.execute()
    return job


def test_a_job_with_dependencies_can_be_read(app: Flask, signed_in: Browser) -> None:
    with app.app_context():
        queue = _queue()
        first = queue.enqueue("app.jobs.execute_run.execute_run", "a", job_id="first")
        queue.enqueue("app.jobs.execute_run.execute_run", "b", job_id="second", depends_on=first)
    job = _json(signed_in, "job/second")
    assert (job["depends_on"], job["depends_on_status"]) == (["first"], ["active"])


def test_what_a_job_says_cannot_become_markup(app: Flask, signed_in: Browser) -> None:
    with app.app_context():
        _queue().enqueue(
            "app.jobs.execute_run.execute_run",
            job_id="odd",
            description="<img src=x onerror=alert(1)>",
        )
    assert "<img" not in signed_in.get("/admin/rq/0/data/job/odd.json").text


def test_a_pickle_in_the_queue_is_never_opened(
    app: Flask, signed_in: Browser, tmp_path: Any
) -> None:
    trap = tmp_path / "opened"
    payload = b"cos\nsystem\n(S'touch " + str(trap).encode() + b"'\ntR."
    with app.app_context():
        job = _work_on_it()
        get_broker().hset(job.key, mapping={"data": payload, "result": payload, "meta": payload})
    for path in (*PAGES, *DATA):
        assert signed_in.get(f"/admin/rq{path}").status_code in (200, 404), path
    assert not trap.exists()


def test_a_busy_worker_is_shown_with_its_job(app: Flask, signed_in: Browser) -> None:
    with app.app_context():
        _work_on_it()
    (shown,) = _json(signed_in, "workers")["workers"]
    assert (shown["name"], shown["queues"], shown["current_job"]["job_id"]) == (
        "w1",
        ["runs"],
        "run-r1-0",
    )
