"""The embedded queue server: one per folder, durable, clear about what is missing."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from app import queue_server
from app.errors import ConfigError
from tests.queue_fixtures import die_with_tests


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
        assert sorted(starters.get(timeout=5) for _ in racers) == [False, False, False, True]
    finally:
        with _client(folder) as client:
            client.shutdown(nosave=True)


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
