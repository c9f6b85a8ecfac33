"""Runs whose data comes from the hub, on its good and bad days."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from flask import Flask

from app.db import db
from app.engine.benchmarks.benchmark_registry import get_benchmark
from app.engine.datasets.loader import DatasetLoader
from app.engine.engine_errors import DatasetError
from app.jobs import drain
from app.jobs.rescore_run import rescore_run
from app.models import Rescoring, RunEventRow
from app.services.runs.preparation import Loading
from app.services.runs.rescoring_claims import file_rescoring
from tests.app_fixtures import ApiClient, Browser
from tests.fakes.hub_server import HubServer, wait_for_request
from tests.run_fixtures import columns_of

Start = Callable[..., str]
Work = Callable[..., dict[str, Any]]

RUN = {"benchmark": "gsm8k", "limit": 3}


def rows(count: int) -> bytes:
    lines = (
        json.dumps({"question": f"What is {n} + 1?", "answer": f"It is.\n#### {n + 1}"})
        for n in range(count)
    )
    return "\n".join(lines).encode()


FILES = {"main/test.jsonl": rows(40), "main/train.jsonl": rows(40)}


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer() as server:
        server.add("openai/gsm8k", FILES)
        yield server


@pytest.fixture
def app(make_app: Callable[..., Flask], broker_url: str, hub: HubServer) -> Flask:
    return make_app(redis_url=broker_url, offline=False, hf_endpoint=hub.address)


@pytest.fixture
def at_work(start_run: Start, work: Work) -> Iterator[Callable[..., tuple[str, threading.Thread]]]:
    """Starts a run and a worker on it: returns the run's id and the worker's thread."""
    threads = []

    def begin(draining: Event | None = None) -> tuple[str, threading.Thread]:
        run_id = start_run(**RUN)
        thread = threading.Thread(target=work, args=(run_id, draining))
        thread.start()
        threads.append(thread)
        return run_id, thread

    yield begin
    for thread in threads:
        thread.join(timeout=60)


def run_of(api: ApiClient, run_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = api.get(f"/runs/{run_id}").json
    return answer


def until(condition: Callable[[], Any], deadline_s: float = 20.0) -> Any:
    end = time.monotonic() + deadline_s
    while not (found := condition()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)
    return found


def test_a_run_gets_its_data_from_the_hub(
    app: Flask, start_run: Start, work: Work, hub: HubServer
) -> None:
    row = work(start_run(**RUN))
    assert (row["status"], row["done"], row["preparing"]) == ("completed", 3, None)
    asked = len(hub.requests)
    assert work(start_run(**RUN))["status"] == "completed"
    assert len(hub.requests) == asked
    with app.app_context():
        lines = [row.message for row in db.session.query(RunEventRow)]
    assert "Downloading openai/gsm8k (2 parts)" in lines


@pytest.mark.parametrize("mode", ["silent", "drip"])
def test_cancel_ends_a_run_while_the_hub_hangs(
    api: ApiClient, at_work: Callable[..., Any], hub: HubServer, mode: Any
) -> None:
    hub.mode = mode
    run_id, thread = at_work()
    wait_for_request(hub, "/tree/")
    began = time.monotonic()
    assert api.post(f"/runs/{run_id}/cancel").status_code == 202
    thread.join(timeout=20)
    assert time.monotonic() - began < 2
    run = run_of(api, run_id)
    assert (run["status"], run["error"], run["preparing"]) == ("canceled", None, None)


def test_cancel_ends_a_run_in_the_middle_of_a_file(
    api: ApiClient, at_work: Callable[..., Any], hub: HubServer
) -> None:
    hub.add("openai/gsm8k", FILES | {"main/test.jsonl": rows(4_000)})
    hub.delay_s = 1.0
    run_id, thread = at_work()
    wait_for_request(hub, "/storage/")
    began = time.monotonic()
    assert api.post(f"/runs/{run_id}/cancel").status_code == 202
    thread.join(timeout=20)
    assert time.monotonic() - began < 2
    assert run_of(api, run_id)["status"] == "canceled"


class _Deaf:
    """A hub that hangs where nobody can end it, as the system's resolver of names may."""

    def __init__(self) -> None:
        self.asked, self.over = Event(), Event()

    def list_files(self, *_: object) -> Any:
        self.asked.set()
        self.over.wait(60)
        raise DatasetError("dataset_unavailable", "no such name")

    card = download = list_files


def test_whoever_wants_to_stop_waits_for_nothing(tmp_path: Path) -> None:
    class Stop(Exception):
        """What the onlooker raises."""

    def look() -> None:
        if deaf.asked.is_set():
            raise Stop

    deaf = _Deaf()
    loader = DatasetLoader(cache_dir=tmp_path, mirror_dir=None, hub=deaf)
    loading = Loading(loader, get_benchmark("gsm8k").protocol())
    began = time.monotonic()
    with pytest.raises(Stop):
        loading.wait(look)
    assert time.monotonic() - began < 2
    deaf.over.set()


def test_a_worker_that_must_leave_hands_over_a_run_that_is_being_prepared(
    api: ApiClient, at_work: Callable[..., Any], work: Work, hub: HubServer
) -> None:
    hub.mode = "silent"
    draining = Event()
    run_id, thread = at_work(draining)
    wait_for_request(hub, "/tree/")
    began = time.monotonic()
    draining.set()
    thread.join(timeout=20)
    assert time.monotonic() - began < 2
    assert run_of(api, run_id)["status"] == "queued"
    hub.heal()
    assert work(run_id)["status"] == "completed"


def test_the_page_shows_how_much_is_here(
    api: ApiClient, signed_in: Browser, at_work: Callable[..., Any], hub: HubServer
) -> None:
    content = rows(4_000)
    hub.add("openai/gsm8k", FILES | {"main/test.jsonl": content})
    hub.delay_s = 0.2
    run_id, thread = at_work()

    def under_way() -> dict[str, Any] | None:
        preparing: dict[str, Any] | None = run_of(api, run_id)["preparing"]
        return preparing if preparing and preparing["done_bytes"] else None

    preparing = until(under_way)
    assert preparing["message"] == "Downloading openai/gsm8k"
    assert 0 < preparing["done_bytes"] < preparing["total_bytes"]
    assert preparing["total_bytes"] == len(content) + len(FILES["main/train.jsonl"])
    page = signed_in.get(f"/runs/{run_id}").text
    assert "Downloading openai/gsm8k" in page
    assert "kB of" in page
    thread.join(timeout=60)
    run = run_of(api, run_id)
    assert (run["status"], run["preparing"]) == ("completed", None)


def test_a_hub_that_refuses_is_named_and_the_run_goes_on_when_it_is_back(
    api: ApiClient, start_run: Start, work: Work, hub: HubServer
) -> None:
    hub.mode = "portal"
    run_id = start_run(**RUN)
    failure = work(run_id)["failure"]
    assert failure["code"] == "dataset_unavailable"
    assert "A web page came in place of the data" in failure["message"]
    assert "HF_ENDPOINT" in failure["action"]
    hub.heal()
    assert api.post(f"/runs/{run_id}/resume").status_code == 202
    assert work(run_id)["status"] == "completed"


def test_data_that_arrived_damaged_does_not_stay(
    api: ApiClient, start_run: Start, work: Work, hub: HubServer
) -> None:
    hub.damage("test.jsonl", times=100)
    run_id = start_run(**RUN)
    assert work(run_id)["failure"]["code"] == "dataset_digest"
    hub.heal()
    assert api.post(f"/runs/{run_id}/resume").status_code == 202
    assert work(run_id)["status"] == "completed"


def test_a_run_that_fails_while_it_is_canceled_is_canceled(
    app: Flask, api: ApiClient, start_run: Start, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = start_run(**RUN)

    def cancel_and_break(*_: object) -> None:
        api.post(f"/runs/{run_id}/cancel")
        raise ZeroDivisionError

    monkeypatch.setattr("app.services.runs.execution.build_plan", cancel_and_break)
    row = work(run_id)
    assert (row["status"], row["failure"]) == ("canceled", None)


def test_a_scoring_whose_data_does_not_come_gives_way_to_a_stop(
    app: Flask, start_run: Start, work: Work, hub: HubServer
) -> None:
    run_id = start_run(**RUN)
    assert work(run_id)["status"] == "completed"
    settings = app.extensions["settings"]
    for copy in (settings.data_dir / "datasets").rglob("*.jsonl"):
        copy.unlink()
    hub.mode = "silent"
    asked = len(hub.requests)
    with app.app_context():
        file_rescoring(run_id, "openbench")
        worker = threading.Thread(target=_rescore, args=(app, run_id))
        worker.start()
        until(lambda: len(hub.requests) > asked)
        began = time.monotonic()
        drain.draining.set()
        try:
            worker.join(timeout=20)
            assert time.monotonic() - began < 2
        finally:
            drain.draining.clear()
        db.session.rollback()
        left = db.session.query(Rescoring).one()
        assert (left.token, left.attempts) == (None, 0)
        assert columns_of(run_id)["status"] == "completed"


def _rescore(app: Flask, run_id: str) -> None:
    with app.app_context():
        rescore_run(run_id, "openbench")
