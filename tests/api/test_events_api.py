"""The live stream over HTTP: it replays, resumes and ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from app.broker import live_hub
from app.services.accounts.accounts import Account
from tests.app_fixtures import ApiClient, Browser, _api_of
from tests.run_fixtures import add_run

Start = Callable[..., str]
Work = Callable[..., dict[str, Any]]


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


@pytest.fixture(autouse=True, scope="module")
def _hubs_end() -> Iterator[None]:
    yield
    live_hub.stop_streams_unless(lambda: False)
    for thread in threading.enumerate():
        if thread.name == "live-hub":
            thread.join(60)
    live_hub.stop_streams_unless(lambda: True)


def names(text: str) -> list[str]:
    return [line.removeprefix("event: ") for line in text.split("\n") if line.startswith("event:")]


def ids(text: str) -> list[str]:
    return [line.removeprefix("id: ") for line in text.split("\n") if line.startswith("id:")]


def test_the_stream_of_a_run_that_ended_replays_and_ends(
    api: ApiClient, start_run: Start, work: Work
) -> None:
    run_id = start_run(limit=2)
    work(run_id)
    takes_gzip = {"Accept-Encoding": "gzip", "Sec-Fetch-Site": "same-origin"}
    answer = api.get(f"/runs/{run_id}/events", headers=takes_gzip)
    assert (answer.status_code, answer.mimetype) == (200, "text/event-stream")
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Accel-Buffering"] == "no"
    text = answer.text
    assert names(text).count("sample") == 2
    assert names(text)[-2:] == ["status", "done"]
    assert len(ids(text)) == len(names(text))

    middle = ids(text)[-3]
    resumed = api.get(f"/runs/{run_id}/events", headers={"Last-Event-ID": middle}).text
    assert names(resumed) == ["status", "done"]
    assert names(api.get(f"/runs/{run_id}/events?after={middle}").text) == ["status", "done"]


def test_a_viewer_sees_a_run_live_from_start_to_end(
    app: Flask, signed_in: Browser, start_run: Start, work: Work
) -> None:
    run_id = start_run(limit=4)
    worker = threading.Thread(target=work, args=(run_id,))
    worker.start()
    text = signed_in.get(f"/runs/{run_id}/events").text
    worker.join()
    assert names(text)[-1] == "done"
    assert "progress" in names(text)


def test_without_a_queue_the_page_is_told_to_poll(
    make_app: Callable[..., Flask], owner: Account
) -> None:
    away = make_app()
    with away.app_context():
        run_id = add_run(owner.id)
    refused = _api_of(away, owner).get(f"/runs/{run_id}/events")
    assert (refused.status_code, refused.json["code"]) == (503, "live_unavailable")
