"""Live events: ordered, resumable, bounded, and no trouble when the server is away."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from flask import Flask
from redis import Redis

from app import live, live_hub
from app.broker import connect
from app.config import Settings
from app.errors import Unavailable
from tests.queue_fixtures import bare_app


@pytest.fixture(autouse=True)
def _hubs_end(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(live_hub, "_POLL_S", 0.05)  # how long its end is waited for
    yield
    live_hub.stop_streams_unless(lambda: False)
    for thread in threading.enumerate():
        if thread.name == "live-hub":
            thread.join(5)
    live_hub.stop_streams_unless(lambda: True)


def _events(text: list[str]) -> list[tuple[str, str]]:
    parsed = [dict(line.split(": ", 1) for line in block.strip().splitlines()) for block in text]
    return [(block["event"], block["data"]) for block in parsed if "event" in block]


def test_a_late_viewer_gets_everything_and_done_ends_it(queue_app: Flask, broker: Redis) -> None:
    live.publish(broker, "r1", "status", {"status": "running"})
    live.publish_many(broker, "r1", [("progress", {"done": n}) for n in range(3)])
    live.publish(broker, "r1", "done", {"status": "completed"})
    with queue_app.app_context():
        text = list(live.stream("r1"))
    assert text[0] == "retry: 2000\n\n"
    assert _events(text) == [
        ("status", '{"status":"running"}'),
        ("progress", '{"done":0}'),
        ("progress", '{"done":1}'),
        ("progress", '{"done":2}'),
        ("done", '{"status":"completed"}'),
    ]
    assert all(block.startswith("id: ") for block in text[1:])


def test_a_viewer_resumes_after_the_last_event_it_saw(queue_app: Flask, broker: Redis) -> None:
    live.publish_many(broker, "r1", [("progress", {"done": n}) for n in range(3)] + [("done", {})])
    with queue_app.app_context():
        first = list(live.stream("r1"))
        seen = first[2].splitlines()[0].removeprefix("id: ")
        assert _events(list(live.stream("r1", seen))) == [
            ("progress", '{"done":2}'),
            ("done", "{}"),
        ]


def test_a_viewer_that_saw_the_end_is_let_go(queue_app: Flask, broker: Redis) -> None:
    live.publish_many(broker, "r1", [("done", {})])
    with queue_app.app_context():
        last = list(live.stream("r1"))[-1].splitlines()[0].removeprefix("id: ")
        assert list(live.stream("r1", last, finished=True)) == ["retry: 2000\n\n"]


def test_a_viewer_of_a_resumed_run_waits_for_its_first_event(
    queue_app: Flask, broker: Redis
) -> None:
    live.publish_many(broker, "r1", [("done", {"status": "canceled"})])
    with queue_app.app_context():
        last = list(live.stream("r1"))[-1].splitlines()[0].removeprefix("id: ")
        stream = live.stream("r1", last, keep_alive_s=0.05)
        assert [next(stream), next(stream)] == ["retry: 2000\n\n", ": keep-alive\n\n"]
        live.publish_many(broker, "r1", [("progress", {"done": 3}), ("done", {})])
        assert _events(list(stream)) == [("progress", '{"done":3}'), ("done", "{}")]


def test_a_resumed_run_goes_on_after_its_first_done(queue_app: Flask, broker: Redis) -> None:
    live.publish_many(broker, "r1", [("done", {}), ("progress", {"done": 1}), ("done", {"n": 2})])
    with queue_app.app_context():
        assert [name for name, _ in _events(list(live.stream("r1")))] == [
            "done",
            "progress",
            "done",
        ]


def test_the_stream_of_a_finished_run_whose_events_expired_ends(queue_app: Flask) -> None:
    with queue_app.app_context():
        assert _events(list(live.stream("old", finished=True))) == [("done", "{}")]


def test_a_broken_last_event_id_starts_at_the_oldest(queue_app: Flask, broker: Redis) -> None:
    live.publish_many(broker, "r1", [("done", {})])
    with queue_app.app_context():
        assert _events(list(live.stream("r1", "x\ny"))) == [("done", "{}")]


def test_events_arrive_live_in_order_and_once(queue_app: Flask, broker: Redis) -> None:
    with queue_app.app_context():
        viewers = [live.stream("r1", keep_alive_s=5) for _ in range(3)]
    received: list[list[str]] = [[] for _ in viewers]

    def read(number: int) -> None:
        received[number] = list(viewers[number])

    threads = [threading.Thread(target=read, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for n in range(300):  # more than a viewer's inbox holds, some before the hub listens
        live.publish(broker, "r1", "progress", {"done": n})
    live.publish(broker, "r1", "done", {})
    for thread in threads:
        thread.join(10)
    wanted = [("progress", f'{{"done":{n}}}') for n in range(300)] + [("done", "{}")]
    assert [_events(text) for text in received] == [wanted] * 3


def test_a_slow_viewer_replays_what_its_inbox_could_not_hold(
    queue_app: Flask, broker: Redis
) -> None:
    with queue_app.app_context():
        viewer = live.stream("r1", keep_alive_s=0.2)
    assert [next(viewer), next(viewer)] == ["retry: 2000\n\n", ": keep-alive\n\n"]
    for n in range(500):
        live.publish(broker, "r1", "progress", {"done": n})
    live.publish(broker, "r1", "done", {})
    time.sleep(0.3)
    assert len(_events([text for text in viewer if not text.startswith(":")])) == 501


def test_silence_is_filled_with_comments(queue_app: Flask) -> None:
    with queue_app.app_context():
        viewer = live.stream("r1", keep_alive_s=0.05)
    assert [next(viewer) for _ in range(3)][1:] == [": keep-alive\n\n"] * 2
    viewer.close()


def test_viewers_beyond_half_of_the_threads_are_refused_until_one_leaves(queue_app: Flask) -> None:
    with queue_app.app_context():
        viewers = [live.stream("r1") for _ in range(4)]  # of 8 threads
        with pytest.raises(Unavailable) as refused:
            live.stream("r2")
        viewers[0].close()  # never read
        viewers[0].close()
        live.stream("r2").close()
    assert refused.value.code == "live_full"
    for viewer in viewers:
        viewer.close()


def test_open_streams_end_when_the_web_process_stops(queue_app: Flask) -> None:
    with queue_app.app_context():
        viewer = live.stream("r1", keep_alive_s=10)
    next(viewer)
    live_hub.stop_streams_unless(lambda: False)
    began = time.monotonic()
    assert list(viewer) == []
    assert time.monotonic() - began < 5


def test_a_lost_connection_of_the_hub_loses_no_event(queue_app: Flask, broker: Redis) -> None:
    with queue_app.app_context():
        viewer = live.stream("r1", keep_alive_s=0.2)
    assert [next(viewer), next(viewer)][1] == ": keep-alive\n\n"
    number = str(broker.connection_pool.connection_kwargs.get("db") or 0)
    hubs = [one for one in broker.client_list(_type="pubsub") if one["db"] == number]
    assert len(hubs) == 1  # a server that others use too has more of them
    assert broker.client_kill_filter(_id=hubs[0]["id"]) == 1
    live.publish_many(broker, "r1", [("progress", {"done": 1}), ("done", {})])
    text = [block for block in viewer if not block.startswith(":")]
    assert [name for name, _ in _events(text)] == ["progress", "done"]


def test_without_a_server_publishing_is_silent_and_streaming_refused(
    queue_settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    away = queue_settings.model_copy(update={"redis_url": "redis://127.0.0.1:9/0"})
    with bare_app(away).app_context(), connect(away) as client:
        live.publish(client, "r1", "progress", {})
        live.publish_many(client, "r1", [])
        with pytest.raises(Unavailable) as refused:
            live.stream("r1")
    assert refused.value.code == "live_unavailable"
    assert "live events dropped" in caplog.text
