"""The shared pace against a real queue server: processes, outages, clocks, cancels."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from redis import Redis

from app.broker import queue_server
from app.broker.client import connect, get_broker
from app.broker.live import channel_of
from app.config import load_settings
from app.db import db
from app.models import RunEventRow
from app.net.call_errors import Canceled
from app.services.connections.store import open_connection
from app.services.pace import shared_throttle
from app.services.pace.shared_pace import Report, SharedPace
from app.services.pace.shared_throttle import RedisThrottle, open_throttle
from tests.queue_fixtures import die_with_tests

KEY = "sk-canary-0123456789"
_fork = multiprocessing.get_context("fork")


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


@pytest.fixture(autouse=True)
def _empty(broker_url: str) -> None:
    with Redis.from_url(broker_url) as broker:
        broker.flushdb()


class Clock:
    """Monotonic seconds that can be moved on."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead_s


class CountingPace(SharedPace):
    exchanges = 0

    def exchange(self, report: Report) -> Any:
        self.exchanges += 1
        return super().exchange(report)


def shared_pace(
    url: str,
    *,
    model: str = "fake-large",
    per_minute: int | None = None,
    make: Callable[..., SharedPace] = SharedPace,
) -> SharedPace:
    return make(
        connect(load_settings(redis_url=url, web_threads=16), timeout_s=0.5),
        secret="s" * 40,
        base_url="http://127.0.0.1:1/v1",
        api_key=KEY,
        model=model,
        requests_per_minute=per_minute,
    )


@pytest.fixture
def throttle_on(broker_url: str) -> Iterator[Callable[..., RedisThrottle]]:
    """Makes throttles that share a key: ``throttle_on(model="other", per_minute=600)``."""
    made: list[RedisThrottle] = []

    def make(**options: Any) -> RedisThrottle:
        made.append(RedisThrottle(shared_pace(broker_url, **options)))
        return made[-1]

    yield make
    for throttle in made:
        throttle.close()


def pace_at(url: str, rate_per_s: float) -> None:
    """Make the shared pace so high: the provider accepted that much, then refused."""
    accepted = round(rate_per_s / 0.9)
    with shared_pace(url).broker as broker:
        pace = shared_pace(url).exchange(Report(started=accepted + 1, refused=1, retry_after_s=0.0))
        broker.close()
    assert pace.rate_per_s == pytest.approx(rate_per_s, rel=0.1)


def is_alone(throttle: RedisThrottle) -> bool:
    return throttle._local is not None


def starts(throttle: RedisThrottle, seconds: float, threads: int = 6) -> list[float]:
    """Acquire from many threads for a while; return when calls started, by the machine's clock."""
    began, times, stop = time.monotonic(), [], Event()

    def ask() -> None:
        while time.monotonic() - began < seconds:
            try:
                throttle.acquire(stop)
            except Canceled:
                return
            times.append(time.monotonic())

    asking = [threading.Thread(target=ask) for _ in range(threads)]
    for thread in asking:
        thread.start()
    time.sleep(seconds)
    stop.set()
    for thread in asking:
        thread.join(30)
        assert not thread.is_alive()
    return sorted(times)


def at_most(rate_per_s: float, times: list[float]) -> float:
    """Return how many calls may start in the time that these took, with those at its beginning."""
    return rate_per_s * (max(times) - min(times)) + 6


# Without refusals


def test_without_refusals_nothing_waits_and_the_queue_server_is_hardly_asked(
    broker_url: str,
) -> None:
    pace = shared_pace(broker_url, make=CountingPace)
    assert isinstance(pace, CountingPace)
    throttle, began = RedisThrottle(pace), time.monotonic()
    for _ in range(3000):
        assert throttle.acquire(Event()) == 0.0
        throttle.on_success()
    took_s = time.monotonic() - began
    assert pace.exchanges <= 1 + took_s / shared_throttle.UNPACED_EXCHANGE_S * 1.2
    throttle.close()


def test_keys_and_models_are_not_readable_in_the_queue_server(
    throttle_on: Callable[..., RedisThrottle], broker: Redis
) -> None:
    throttle = throttle_on()
    throttle.acquire(Event())
    throttle.on_rate_limited(0.0)
    dump = repr([(name, broker.dump(name)) for name in broker.scan_iter()])
    assert "pace:" in dump
    for secret in (KEY, "canary", "fake-large", "127.0.0.1"):
        assert secret not in dump


# Shared


def test_a_cool_down_holds_back_every_other_run(
    throttle_on: Callable[..., RedisThrottle],
) -> None:
    first, second, third = throttle_on(), throttle_on(), throttle_on()
    for _ in range(20):
        first.acquire(Event())
    second.acquire(Event())
    time.sleep(shared_throttle.UNPACED_EXCHANGE_S * 1.2)
    began = time.monotonic()
    first.on_rate_limited(2.0)
    assert 0.0 < first.pause_s() <= 2.0
    second.acquire(Event())
    third.acquire(Event())
    assert 1.8 < time.monotonic() - began < 30


def test_other_keys_and_models_do_not_wait(throttle_on: Callable[..., RedisThrottle]) -> None:
    limited, other = throttle_on(), throttle_on(model="fake-small")
    limited.acquire(Event())
    limited.on_rate_limited(30.0)
    assert other.acquire(Event()) == 0.0


def test_a_wait_longer_than_two_minutes_is_left_to_each_run(
    throttle_on: Callable[..., RedisThrottle],
) -> None:
    throttle = throttle_on()
    throttle.acquire(Event())
    throttle.on_rate_limited(86_400.0)
    assert 100 < throttle.pause_s() <= 120


def start_in_process(url: str, seconds: float, times: Any) -> None:
    throttle = RedisThrottle(shared_pace(url))
    times.send(starts(throttle, seconds))
    time.sleep(30)


def in_process(url: str, seconds: float) -> tuple[Any, Any]:
    receiver, sender = _fork.Pipe(duplex=False)
    child = _fork.Process(target=start_in_process, args=(url, seconds, sender))
    child.start()
    sender.close()
    return child, receiver


def test_processes_share_one_pace(broker_url: str) -> None:
    pace_at(broker_url, 18.0)
    children = [in_process(broker_url, 1.5) for _ in range(2)]
    times = [receiver.recv() for _, receiver in children]
    for child, _ in children:
        child.kill()
        child.join()
    assert len(times[0] + times[1]) <= at_most(18.0, times[0] + times[1])
    assert min(map(len, times)) >= 3


def test_a_killed_process_leaves_its_share_to_the_others(broker_url: str, broker: Redis) -> None:
    pace_at(broker_url, 18.0)
    child, receiver = in_process(broker_url, 0.6)
    receiver.recv()
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    throttle = RedisThrottle(shared_pace(broker_url))
    assert len(starts(throttle, 1.0)) >= 0.7 * 18
    runs = next(broker.scan_iter("pace:*:runs"))
    now = int(broker.time()[0])
    assert broker.zcard(runs) >= 2
    members: Any = broker.zrange(runs, 0, -1, withscores=True)
    assert all(until <= now + 11 for _, until in members)
    broker.zadd(runs, {name: now - 1 for name, _ in members})
    throttle.on_rate_limited(0.0)
    assert broker.zcard(runs) == 1
    throttle.close()


def test_many_threads_at_a_slow_pace_all_get_their_turn(
    broker_url: str, throttle_on: Callable[..., RedisThrottle]
) -> None:
    pace_at(broker_url, 3.6)
    throttle, done = throttle_on(), []
    threads = [
        threading.Thread(target=lambda: done.append(throttle.acquire(Event()))) for _ in range(5)
    ]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(done) == 5
    assert time.monotonic() - began > 0.8


def test_answers_raise_the_pace_and_refusals_cut_it(
    broker_url: str,
) -> None:
    pace_at(broker_url, 18.0)
    pace = shared_pace(broker_url)
    time.sleep(1.05)  # answers of calls from before an episode do not count
    episode = pace.exchange(Report()).episode
    grown = pace.exchange(Report(episode=episode, started=20, answered=10)).rate_per_s or 0
    assert grown > 18.0
    cut = pace.exchange(Report(episode=episode, refused=1)).rate_per_s or 0
    assert 0.7 * grown <= cut + 0.01 < grown
    pace.broker.close()


def test_requests_per_minute_hold_for_all_models_of_a_connection(
    throttle_on: Callable[..., RedisThrottle],
) -> None:
    throttles = [throttle_on(model=model, per_minute=900) for model in ("a", "b")]
    results: list[list[float]] = []
    threads = [
        threading.Thread(target=lambda t=each: results.append(starts(t, 1.0, threads=3)))
        for each in throttles
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results[0] + results[1]) <= at_most(15.0, results[0] + results[1])
    assert min(map(len, results)) >= 2


# Cancel


def test_a_cancel_ends_a_wait_at_once(throttle_on: Callable[..., RedisThrottle]) -> None:
    throttle, cancel, ended = throttle_on(), Event(), []
    throttle.acquire(Event())
    throttle.on_rate_limited(30.0)

    def wait() -> None:
        with pytest.raises(Canceled):
            throttle.acquire(cancel)
        ended.append(time.monotonic())

    threads = [threading.Thread(target=wait) for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    canceled_at = time.monotonic()
    cancel.set()
    for thread in threads:
        thread.join(20)
    assert len(ended) == 8
    assert max(ended) - canceled_at < 10  # of the 30 s that they were to wait


# The queue server is away


@pytest.fixture
def own_server() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="obs-pace-") as folder:
        yield Path(folder)


def test_without_the_queue_server_a_run_goes_on_alone_until_it_is_back(own_server: Path) -> None:
    url, clock = f"unix://{own_server}/{queue_server.SOCKET_NAME}", Clock()
    server = queue_server.ensure(own_server, in_child=die_with_tests)
    assert server is not None
    pace_at(url, 18.0)
    throttle = RedisThrottle(shared_pace(url), clock=clock)
    throttle.acquire(Event())
    queue_server.stop(server)
    (own_server / "dump.rdb").unlink(missing_ok=True)
    assert len(starts(throttle, 0.6)) <= 18  # at its share of the known pace
    assert [is_alone(throttle)] == [True]
    throttle.on_success()
    throttle.on_rate_limited(0.1)
    assert throttle.pause_s() > 0
    again = queue_server.ensure(own_server, in_child=die_with_tests)
    assert again is not None
    try:
        clock.ahead_s += shared_throttle.AWAY_S + 1
        throttle.acquire(Event())
        assert not is_alone(throttle)
        assert throttle.rate_per_s is not None  # a server that lost it was told
    finally:
        throttle.close()
        queue_server.stop(again)


def test_a_run_that_starts_without_the_queue_server_keeps_its_own_limit(own_server: Path) -> None:
    pace = shared_pace(f"unix://{own_server}/none.sock", per_minute=600)
    throttle = RedisThrottle(pace)
    times = starts(throttle, 1.0)
    assert is_alone(throttle)
    assert 2 <= len(times) <= at_most(10.0, times)
    throttle.on_rate_limited(60.0)
    assert 40 < throttle.pause_s() <= 60


def test_a_queue_server_that_hangs_holds_calls_up_for_a_moment_only(own_server: Path) -> None:
    server = queue_server.ensure(own_server, in_child=die_with_tests)
    assert server is not None
    throttle = RedisThrottle(shared_pace(f"unix://{own_server}/{queue_server.SOCKET_NAME}"))
    throttle.acquire(Event())
    server.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert len(starts(throttle, 2.0, threads=2)) > 20
        throttle.on_rate_limited(0.0)
        assert time.monotonic() - began < 20
        assert is_alone(throttle)
    finally:
        server.send_signal(signal.SIGCONT)
        throttle.close()
        queue_server.stop(server)


# Whatever is reported

reports = some.builds(
    Report,
    episode=some.integers(0, 4),
    started=some.integers(0, 60),
    started_earlier=some.integers(0, 60),
    answered=some.integers(0, 60),
    refused=some.integers(0, 30),
    retry_after_s=some.none() | some.floats(0, 1e6),
    wanted=some.integers(0, 64),
    rate_per_s=some.none() | some.floats(0.1, 1e4),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sequence=some.lists(some.tuples(reports, some.booleans()), max_size=12))
def test_whatever_is_reported_the_pace_stays_sane(
    broker_url: str, broker: Redis, sequence: list[tuple[Report, bool]]
) -> None:
    broker.flushdb()
    free, limited = shared_pace(broker_url), shared_pace(broker_url, per_minute=60)
    before = 0
    for report, by_limited in sequence:
        pace = (limited if by_limited else free).exchange(report)
        assert pace.rate_per_s is None or 0.049 < pace.rate_per_s < 1e6
        assert before <= pace.episode <= before + 1
        assert 0 <= pace.pause_s <= 120
        assert 0 <= pace.ask_in_s <= 0.5
        assert len(pace.turns_s) <= report.wanted
        assert list(pace.turns_s) == sorted(pace.turns_s)
        assert all(pace.pause_s - 1e-4 <= turn <= 0.2501 for turn in pace.turns_s)
        assert pace.runs in (1, 2)
        before = pace.episode
    free.broker.close()
    limited.broker.close()


def test_threads_that_succeed_and_fail_at_random_never_get_stuck(
    throttle_on: Callable[..., RedisThrottle],
) -> None:
    throttles, errors = [throttle_on(), throttle_on()], []
    stop = Event()

    def work(number: int) -> None:
        throttle, calls = throttles[number % 2], 0
        try:
            while not stop.is_set():
                throttle.acquire(stop)
                calls += 1
                if (calls * 7 + number) % 40 == 0:
                    throttle.on_rate_limited(0.01)
                else:
                    throttle.on_success()
        except Canceled:
            pass
        except BaseException as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    time.sleep(1.0)
    stop.set()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    assert errors == []


# In a run


def test_connections_of_one_key_share_and_simulated_ones_need_no_throttle(
    app: Flask, owner: Any, local_model: str
) -> None:
    with app.app_context():
        simulated = open_connection(owner.id, owner.is_admin, "simulated")
        assert open_throttle(simulated, "expert") is None
        connection = open_connection(owner.id, owner.is_admin, "local")
        first, second = (open_throttle(connection, "fake-large") for _ in range(2))
    assert first is not None
    assert second is not None
    first.acquire(Event())
    first.on_rate_limited(20.0)
    cancel = Event()
    threading.Timer(0.1, cancel.set).start()
    with pytest.raises(Canceled):
        second.acquire(cancel)
    assert second.pause_s() > 15
    first.close()
    second.close()


def test_a_run_says_once_that_it_waits_and_for_how_long(
    app: Flask,
    owner: Any,
    start_run: Callable[..., str],
    work: Callable[..., dict[str, Any]],
    local_model: str,
) -> None:
    run_id = start_run(model=local_model, limit=6, max_connections=6)
    with app.app_context():
        neighbour = open_throttle(open_connection(owner.id, True, "local"), "fake-large")
    assert neighbour is not None
    for _ in range(40):
        neighbour.acquire(Event())
    neighbour.on_rate_limited(5.0)  # no call of the run itself is refused
    assert work(run_id)["status"] == "completed"
    neighbour.close()
    with app.app_context():
        rows = db.session.query(RunEventRow).filter_by(run_id=run_id, kind="wait").all()
        assert [0 < row.data["wait_s"] <= 5.0 for row in rows] == [True]
        assert "they continue in" in rows[0].message
        entries: Any = get_broker().xrange(channel_of(run_id))
    waiting = [
        json.loads(fields[b"d"])["waiting"] for _, fields in entries if fields[b"e"] == b"progress"
    ]
    told = [each for each in waiting if each]
    assert told[0]["provider"] == "local"
    assert told[0]["message"] == "The provider limits the rate of calls."
    assert 0 < told[0]["resumes_in_s"] <= 5.0
    assert waiting[-1] is None
