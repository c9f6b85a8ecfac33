"""Live events: ordered, resumable, bounded, and no trouble when the server is away."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from redis import Redis

from app.broker import live, live_hub, queue_server
from app.broker.client import connect
from app.config import Settings
from app.errors import Unavailable
from tests.queue_fixtures import bare_app, die_with_tests


@pytest.fixture(autouse=True)
def _hubs_end(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(live_hub, "_POLL_S", 0.05)  # how long its end is waited for
    yield
    live_hub.stop_streams_unless(lambda: False)
    for thread in threading.enumerate():
        if thread.name == "live-hub":
            thread.join(60)
    live_hub.stop_streams_unless(lambda: True)


@pytest.fixture
def own_broker() -> Iterator[Redis]:
    """A queue server that no other test uses."""
    with tempfile.TemporaryDirectory(prefix="obs-full-") as folder:
        process = queue_server.ensure(Path(folder), in_child=die_with_tests)
        assert process is not None
        with Redis.from_url(f"unix://{folder}/{queue_server.SOCKET_NAME}") as client:
            yield client
        queue_server.stop(process)


def view(run_id: str, last: str | None = None, account_id: int = 1, **how: Any) -> live.Stream:
    return live.stream(run_id, last, account_id=account_id, **how)


def _events(text: list[str]) -> list[tuple[str, str]]:
    parsed = [dict(line.split(": ", 1) for line in block.strip().splitlines()) for block in text]
    return [(block["event"], block["data"]) for block in parsed if "event" in block]


def test_a_late_viewer_gets_everything_and_done_ends_it(queue_app: Flask, broker: Redis) -> None:
    live.publish(broker, "r1", "status", {"status": "running"})
    live.publish_many(broker, "r1", [("progress", {"done": n}) for n in range(3)])
    live.publish(broker, "r1", "done", {"status": "completed"})
    with queue_app.app_context():
        text = list(view("r1"))
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
        first = list(view("r1"))
        seen = first[2].splitlines()[0].removeprefix("id: ")
        assert _events(list(view("r1", seen))) == [
            ("progress", '{"done":2}'),
            ("done", "{}"),
        ]


def test_a_viewer_that_saw_the_end_is_let_go(queue_app: Flask, broker: Redis) -> None:
    live.publish_many(broker, "r1", [("done", {})])
    with queue_app.app_context():
        last = list(view("r1"))[-1].splitlines()[0].removeprefix("id: ")
        assert list(view("r1", last, finished=True)) == ["retry: 2000\n\n"]


def test_a_viewer_of_a_resumed_run_waits_for_its_first_event(
    queue_app: Flask, broker: Redis
) -> None:
    live.publish_many(broker, "r1", [("done", {"status": "canceled"})])
    with queue_app.app_context():
        last = list(view("r1"))[-1].splitlines()[0].removeprefix("id: ")
        stream = view("r1", last, keep_alive_s=0.05)
        assert [next(stream), next(stream)] == ["retry: 2000\n\n", ": keep-alive\n\n"]
        live.publish_many(broker, "r1", [("progress", {"done": 3}), ("done", {})])
        assert _events(list(stream)) == [("progress", '{"done":3}'), ("done", "{}")]


def test_a_resumed_run_goes_on_after_its_first_done(queue_app: Flask, broker: Redis) -> None:
    live.publish_many(broker, "r1", [("done", {}), ("progress", {"done": 1}), ("done", {"n": 2})])
    with queue_app.app_context():
        assert [name for name, _ in _events(list(view("r1")))] == [
            "done",
            "progress",
            "done",
        ]


def test_the_stream_of_a_finished_run_whose_events_expired_ends(queue_app: Flask) -> None:
    with queue_app.app_context():
        assert _events(list(view("old", finished=True))) == [("done", "{}")]


def test_a_broken_last_event_id_starts_at_the_oldest(queue_app: Flask, broker: Redis) -> None:
    live.publish_many(broker, "r1", [("done", {})])
    with queue_app.app_context():
        assert _events(list(view("r1", "x\ny"))) == [("done", "{}")]


def test_events_arrive_live_in_order_and_once(queue_app: Flask, broker: Redis) -> None:
    with queue_app.app_context():
        viewers = [view("r1", keep_alive_s=5) for _ in range(3)]
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
        thread.join(60)
    wanted = [("progress", f'{{"done":{n}}}') for n in range(300)] + [("done", "{}")]
    assert [_events(text) for text in received] == [wanted] * 3


def test_a_slow_viewer_replays_what_its_inbox_could_not_hold(
    queue_app: Flask, broker: Redis
) -> None:
    with queue_app.app_context():
        viewer = view("r1", keep_alive_s=0.2)
    assert [next(viewer), next(viewer)] == ["retry: 2000\n\n", ": keep-alive\n\n"]
    for n in range(500):
        live.publish(broker, "r1", "progress", {"done": n})
    live.publish(broker, "r1", "done", {})
    time.sleep(0.3)
    assert len(_events([text for text in viewer if not text.startswith(":")])) == 501


def test_silence_is_filled_with_comments(queue_app: Flask) -> None:
    with queue_app.app_context():
        viewer = view("r1", keep_alive_s=0.05)
    assert [next(viewer) for _ in range(3)][1:] == [": keep-alive\n\n"] * 2
    viewer.close()


def test_viewers_beyond_half_of_the_threads_are_refused_until_one_leaves(queue_app: Flask) -> None:
    with queue_app.app_context():
        viewers = [view("r1") for _ in range(4)]  # of 8 threads
        with pytest.raises(Unavailable) as refused:
            view("r2")
        viewers[0].close()  # never read
        viewers[0].close()
        view("r2").close()
    assert refused.value.code == "live_full"
    for viewer in viewers:
        viewer.close()


def test_open_streams_end_when_the_web_process_stops(queue_app: Flask) -> None:
    with queue_app.app_context():
        viewer = view("r1", keep_alive_s=60)
    next(viewer)
    live_hub.stop_streams_unless(lambda: False)
    began = time.monotonic()
    assert list(viewer) == []
    assert time.monotonic() - began < 30


def test_a_lost_connection_of_the_hub_loses_no_event(queue_app: Flask, broker: Redis) -> None:
    with queue_app.app_context():
        viewer = view("r1", keep_alive_s=0.2)
    assert [next(viewer), next(viewer)][1] == ": keep-alive\n\n"
    number = str(broker.connection_pool.connection_kwargs.get("db") or 0)
    hubs = [one for one in broker.client_list(_type="pubsub") if one["db"] == number]
    assert len(hubs) == 1  # a server that others use too has more of them
    assert broker.client_kill_filter(_id=hubs[0]["id"]) == 1
    live.publish_many(broker, "r1", [("progress", {"done": 1}), ("done", {})])
    text = [block for block in viewer if not block.startswith(":")]
    assert [name for name, _ in _events(text)] == ["progress", "done"]


def test_a_viewer_is_served_beyond_the_first_ping(
    queue_app: Flask, broker: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_hub, "_PING_EVERY_S", 0.0)
    with queue_app.app_context():
        viewer = view("r1", keep_alive_s=0.5)
    silence = [next(viewer) for _ in range(3)]  # after the retry time, a second of pings
    assert silence[1:] == [": keep-alive\n\n"] * 2
    live.publish_many(broker, "r1", [("progress", {"done": 1}), ("done", {})])
    text = [block for block in viewer if not block.startswith(":")]
    assert [name for name, _ in _events(text)] == ["progress", "done"]


def test_a_hub_that_breaks_off_ends_its_streams_and_serves_the_next(
    queue_app: Flask,
    broker: Redis,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    whole = live_hub.LiveHub._hand_on

    def breaks(hub: live_hub.LiveHub, message: dict[str, Any]) -> None:
        whole(hub, message)
        if message["type"] == "pmessage":
            raise KeyError("unforeseen")

    monkeypatch.setattr(live_hub.LiveHub, "_hand_on", breaks)
    with queue_app.app_context():
        viewer = view("r1", keep_alive_s=0.5)
    assert [next(viewer), next(viewer)][1] == ": keep-alive\n\n"
    live.publish_many(broker, "r1", [("progress", {"done": 1})])
    list(viewer)  # it ends: the page connects again, and replays what it missed
    assert "live hub broke off" in caplog.text
    monkeypatch.setattr(live_hub.LiveHub, "_hand_on", whole)
    with queue_app.app_context():
        again = view("r1", keep_alive_s=0.5)
    live.publish_many(broker, "r1", [("done", {})])
    names = [name for name, _ in _events([each for each in again if not each.startswith(":")])]
    assert names == ["progress", "done"]


def test_without_a_server_publishing_is_silent_and_streaming_refused(
    queue_settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    away = queue_settings.model_copy(update={"redis_url": "redis://127.0.0.1:9/0"})
    with bare_app(away).app_context(), connect(away) as client:
        live.publish(client, "r1", "progress", {})
        live.publish_many(client, "r1", [])
        with pytest.raises(Unavailable) as refused:
            view("r1")
    assert refused.value.code == "live_unavailable"
    assert "live events dropped" in caplog.text


def test_the_account_with_most_views_gives_way(queue_app: Flask) -> None:
    with queue_app.app_context():
        flood = [view("r1", account_id=1, keep_alive_s=10) for _ in range(4)]
        for stream in flood:
            next(stream)
        first = view("r2", account_id=2)
        assert list(flood[0]) == []  # ended: the oldest
        second = view("r2", account_id=2)
        assert list(flood[1]) == []
        for account in (1, 2):  # two each: nobody has more than its share
            with pytest.raises(Unavailable):
                view("r3", account_id=account)
        third = view("r3", account_id=3)
        for stream in (*flood, first, second, third):
            stream.close()


def test_a_view_that_is_stuck_loses_its_connection_with_its_place(
    queue_app: Flask, broker: Redis
) -> None:
    cut: list[int] = []
    with queue_app.app_context():
        flood = [view("r1", account_id=1, cut=lambda n=n: cut.append(n)) for n in range(4)]
        live.publish(broker, "r1", "progress", {})
        deadline = time.monotonic() + 20
        while flood[0]._view.inbox.empty() and time.monotonic() < deadline:
            time.sleep(0.02)
        view("r2", account_id=2).close()
    assert cut == [0]
    for stream in flood:
        stream.close()


def test_a_large_event_is_cut(queue_app: Flask, broker: Redis) -> None:
    huge = "\U0001f600" * 900_000
    live.publish_many(
        broker,
        "r1",
        [("sample", {"target": huge, "outcome": "correct"}), ("x", {huge: 1}), ("done", {})],
    )
    with queue_app.app_context():
        sample, odd, _ = _events(list(view("r1")))
    assert len(sample[1]) <= live.EVENT_BYTES
    assert json.loads(sample[1])["outcome"] == "correct"
    assert json.loads(sample[1])["target"].endswith("…")
    assert odd == ("x", "{}")


def test_a_long_list_is_cut_within(queue_app: Flask, broker: Redis) -> None:
    notices = [{"code": "parameter_dropped", "message": "m" * 1000}] * 20
    live.publish_many(broker, "r1", [("notices", {"notices": notices}), ("done", {})])
    with queue_app.app_context():
        ((_, text), _) = _events(list(view("r1")))
    told = json.loads(text)["notices"]
    assert len(text) <= live.EVENT_BYTES
    assert [(each["code"], len(each["message"])) for each in told] == [
        ("parameter_dropped", 200)
    ] * 20


def test_a_stream_is_bounded_in_bytes_and_keeps_the_latest(queue_app: Flask, broker: Redis) -> None:
    for n in range(40):
        events: list[tuple[str, dict[str, Any]]] = [("sample", {"t": "x" * 8000, "n": n})] * 20
        live.publish_many(broker, "r1", [*events, ("progress", {"n": n})])
    live.publish(broker, "r1", "done", {})
    used = broker.memory_usage(live.channel_of("r1"), samples=0)
    assert used is not None
    assert used <= live.STREAM_BYTES
    with queue_app.app_context():
        kept = _events(list(view("r1")))
    assert kept[-2:] == [("progress", '{"n":39}'), ("done", "{}")]
    assert len(kept) > 10


def test_streams_are_bounded_in_number_and_the_oldest_goes(broker: Redis) -> None:
    broker.zadd(live._INDEX, {live.channel_of(f"old{n}"): n for n in range(live.STREAMS)})
    broker.xadd(live.channel_of("old0"), {"e": "x", "d": "{}"})
    live.publish(broker, "new", "progress", {})
    assert broker.exists(live.channel_of("old0")) == 0
    assert broker.zcard(live._INDEX) == live.STREAMS
    live.forget(broker, ["new"])
    assert broker.zcard(live._INDEX) == live.STREAMS - 1
    assert broker.exists(live.channel_of("new")) == 0


def test_a_queue_server_that_is_full_drops_events_and_stops_nothing(
    own_broker: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    own_broker.config_set("maxmemory", "1")
    live.publish(own_broker, "r1", "progress", {"done": 1})
    assert "live events dropped" in caplog.text
    own_broker.config_set("maxmemory", "0")
    live.publish(own_broker, "r1", "progress", {"done": 2})
    assert own_broker.xlen(live.channel_of("r1")) == 1
