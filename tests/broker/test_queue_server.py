"""The embedded queue server: one per folder, durable, clear about what is missing."""

from __future__ import annotations

import multiprocessing
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import OutOfMemoryError, ResponseError

from app.broker import queue_server
from app.errors import ConfigError
from tests.faults.processes import wait_until
from tests.queue_fixtures import die_with_tests
from tests.small_disk import disk_of, fill


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="obs-server-") as name:
        yield Path(name)


def _client(folder: Path) -> Redis:
    return Redis.from_url(f"unix://{folder / queue_server.SOCKET_NAME}")


def test_serves_on_a_private_socket_and_leaves_nothing_when_stopped(folder: Path) -> None:
    process = queue_server.ensure(folder, in_child=die_with_tests)
    assert process is not None
    with _client(folder) as client:
        assert client.ping()
        assert client.config_get("port")["port"] == "0"
    queue_server.stop(process)
    assert process.returncode == 0
    assert not queue_server.answers(folder)


def test_a_second_caller_finds_the_running_server(folder: Path) -> None:
    process = queue_server.ensure(folder, in_child=die_with_tests)
    assert process is not None
    try:
        assert queue_server.ensure(folder) is None
    finally:
        queue_server.stop(process)


def test_keeps_what_was_queued_when_it_is_killed(folder: Path) -> None:
    first = queue_server.ensure(folder, in_child=die_with_tests)
    assert first is not None
    with _client(folder) as client:
        client.rpush("jobs", *range(1000))
    first.kill()
    first.wait()
    second = queue_server.ensure(folder, in_child=die_with_tests)
    assert second is not None
    with _client(folder) as client:
        assert client.llen("jobs") == 1000
    queue_server.stop(second)


def _race(folder: str, starters: multiprocessing.Queue[bool]) -> None:
    process = queue_server.ensure(Path(folder))
    starters.put(process is not None)
    if process is not None:
        process.returncode = 0  # it outlives this starter, which does not wait for it


def test_of_several_starters_at_once_one_starts_the_server(folder: Path) -> None:
    context = multiprocessing.get_context("fork")
    starters: multiprocessing.Queue[bool] = context.Queue()
    racers = [context.Process(target=_race, args=(str(folder), starters)) for _ in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(30)
    try:
        assert sorted(starters.get(timeout=60) for _ in racers) == [False, False, False, True]
    finally:
        with _client(folder) as client:
            client.shutdown(nosave=True)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    with disk_of(8) as disk:
        yield disk


def test_a_full_disk_makes_it_refuse_to_write_and_nobody_starts_another(small_disk: Path) -> None:
    folder = small_disk / "queue"
    process = queue_server.ensure(folder, in_child=die_with_tests)
    assert process is not None
    with _client(folder) as client:
        client.rpush("jobs", *range(100))
        fill(small_disk / "ballast")
        wait_until(lambda: not _can_write(client), "it notices")
        said = queue_server.reply(folder) or ""
        assert said.startswith("-MISCONF")
        assert queue_server.is_alive(folder)
        assert queue_server.ensure(folder, in_child=die_with_tests) is None
        assert process.poll() is None
        assert client.llen("jobs") == 100
        (small_disk / "ballast").unlink()
        wait_until(lambda: _can_write(client), "it writes again by itself")
    queue_server.stop(process)


def _can_write(client: Redis) -> bool:
    try:
        client.set("written", "x" * 5_000)
    except ResponseError:
        return False
    return True


def test_it_comes_up_again_on_a_full_disk_and_after_half_a_write(small_disk: Path) -> None:
    folder = small_disk / "queue"
    process = queue_server.ensure(folder, in_child=die_with_tests)
    assert process is not None
    with _client(folder) as client:
        client.rpush("jobs", *range(100))
        wait_until(lambda: client.info("persistence")["aof_pending_bio_fsync"] == 0, "kept")
        fill(small_disk / "ballast")
    process.kill()
    process.wait()
    (log,) = (folder / "appendonlydir").glob("*.incr.aof")
    with log.open("r+b") as file:
        file.truncate(file.seek(0, 2) - 3)  # the tail of a write that had no room
    again = queue_server.ensure(folder, in_child=die_with_tests)
    assert again is not None
    (small_disk / "ballast").unlink()
    with _client(folder) as client:
        wait_until(lambda: _can_write(client), "it writes again")
        assert client.llen("jobs") in (0, 100)  # whole commands only
    queue_server.stop(again)


def test_a_server_that_is_silent_is_not_started_twice(folder: Path) -> None:
    process = queue_server.ensure(folder, in_child=die_with_tests)
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(ConfigError, match="no two servers may use the same data"):
            queue_server.ensure(folder, timeout_s=0.5, in_child=die_with_tests)
        assert process.poll() is None
    finally:
        process.send_signal(signal.SIGCONT)
        queue_server.stop(process)


def test_a_full_memory_is_no_death(folder: Path) -> None:
    process = queue_server.ensure(folder, in_child=die_with_tests)
    assert process is not None
    with _client(folder) as client:
        client.config_set("maxmemory", "1")  # byte: more than that is taken
        with pytest.raises(OutOfMemoryError):
            client.set("one", "more")
    assert queue_server.answers(folder)
    queue_server.stop(process)


def test_its_log_does_not_grow_without_end(folder: Path) -> None:
    log = folder / queue_server.LOG_NAME
    log.write_bytes(b"x" * 1_000)
    queue_server.trim_log(folder)
    assert log.stat().st_size == 1_000
    log.write_bytes(b"x" * (queue_server.MAX_LOG_BYTES + 1))
    queue_server.trim_log(folder)
    assert log.stat().st_size == 0


def test_says_what_to_do_when_there_is_no_server_program(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_server, "find_program", lambda: None)
    with pytest.raises(ConfigError, match="REDIS_URL"):
        queue_server.ensure(folder)


def test_shows_the_log_of_a_server_that_does_not_start(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = folder / "broken-server"
    program.write_text("#!/bin/sh\necho cannot allocate >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(queue_server, "find_program", lambda: str(program))
    with pytest.raises(ConfigError, match="cannot allocate"):
        queue_server.ensure(folder)
