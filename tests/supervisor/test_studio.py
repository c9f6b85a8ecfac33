"""``scripts/start`` as a whole: it serves, says what is wrong, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.broker import queue_server
from app.config import load_settings
from app.errors import ConfigError
from app.supervisor.studio import Studio, check_port
from tests.small_disk import disk_of, fill

ROOT = Path(__file__).parents[2]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    coverage = {name: value for name, value in os.environ.items() if name.startswith("COV")}
    return (
        keep
        | coverage
        | {
            "PYTHONPATH": str(ROOT),
            "DATA_DIR": str(tmp_path / "data"),
            "PORT": str(_free_port()),
            "WORKERS": "1",
            "WEB_PROCESSES": "1",
        }
    )


class Running:
    """A supervisor, its output, and every process below it."""

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        self.log = Path(environment["DATA_DIR"]).with_name("output")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.supervisor", *arguments],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    def output(self) -> str:
        return self.log.read_text()

    def wait_for(self, text: str, timeout_s: float = 300.0) -> None:
        deadline = time.monotonic() + timeout_s
        while text not in self.output():
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.05)

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@pytest.fixture
def studio(environment: dict[str, str]) -> Iterator[Running]:
    running = Running(environment)
    yield running
    running.process.kill()
    running.process.wait()


def _assert_gone(family: list[psutil.Process], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while left := [
        process
        for process in family
        if process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    ]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def test_it_serves_then_ends_on_sigterm_without_leaving_a_process(
    studio: Running, environment: dict[str, str]
) -> None:
    studio.wait_for("OpenBench Studio is ready")
    assert f"http://127.0.0.1:{environment['PORT']}" in studio.output()
    studio.wait_for("worker pool started")
    wanted = {"studio-web", "studio-web-work", "studio-worker", "studio-runs"}
    deadline = time.monotonic() + 60
    family = studio.family()
    while not wanted <= {process.name() for process in family}:  # given after they have started
        assert time.monotonic() < deadline, family
        time.sleep(0.05)
        family = studio.family()
    assert psutil.Process(studio.process.pid).num_threads() == 1  # it forks
    studio.process.send_signal(signal.SIGTERM)
    assert studio.process.wait(120) == 0
    _assert_gone(family)
    assert "Traceback" not in studio.output()


def test_the_demo_scores_a_benchmark_through_the_api_and_ends(environment: dict[str, str]) -> None:
    running = Running(environment, "--demo")
    assert running.process.wait(300) == 0, running.output()
    output = running.output()
    assert "completed: 120 of 120 samples" in output
    assert "Score" in output
    assert f"http://127.0.0.1:{environment['PORT']}/runs/" in output
    folder = environment["DATA_DIR"] + "-demo"
    assert f"DATA_DIR={folder} scripts/start" in output
    assert (Path(folder) / "secrets" / "demo_account.json").exists()
    assert not Path(environment["DATA_DIR"]).exists()


def test_a_folder_with_a_demo_in_it_says_whose_it_is(
    studio: Running, environment: dict[str, str]
) -> None:
    studio.wait_for("OpenBench Studio is ready")
    assert "promote" not in studio.output()
    (Path(environment["DATA_DIR"]) / "secrets" / "demo_account.json").write_text("{}")
    studio.process.send_signal(signal.SIGTERM)
    assert studio.process.wait(120) == 0
    again = Running(environment)
    try:
        again.wait_for("scripts/flask users promote YOUR-EMAIL")
        assert "demo@example.com" in again.output()
    finally:
        again.process.send_signal(signal.SIGTERM)
        again.process.wait(120)


def test_nothing_is_left_when_the_supervisor_is_killed(studio: Running) -> None:
    studio.wait_for("OpenBench Studio is ready")
    studio.wait_for("worker pool started")
    family = studio.family()
    studio.process.kill()
    _assert_gone(family)


def test_a_killed_queue_server_is_started_again(
    studio: Running, environment: dict[str, str]
) -> None:
    studio.wait_for("OpenBench Studio is ready")
    for process in studio.family():
        if "server" in Path(process.cmdline()[0]).name:
            process.kill()
    studio.wait_for("The queue server ended; starting it again.")
    folder = load_settings(data_dir=Path(environment["DATA_DIR"])).queue_dir
    deadline = time.monotonic() + 60
    while not queue_server.answers(folder):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_on_a_full_disk_it_waits_and_starts_once_there_is_room(
    environment: dict[str, str],
) -> None:
    with disk_of(48) as disk:
        environment["DATA_DIR"] = str(disk / "data")  # its output is on this disk, too
        (disk / "output").touch()
        fill(disk / "ballast")
        running = Running(environment)
        try:
            time.sleep(8)
            assert running.process.poll() is None
            (disk / "ballast").unlink()
            running.wait_for("OpenBench Studio is ready")
            running.process.send_signal(signal.SIGTERM)
            assert running.process.wait(120) == 0
        finally:
            running.process.kill()
            running.process.wait()


def test_a_queue_server_that_is_stopped_for_a_moment_is_left_alone(
    studio: Running, environment: dict[str, str]
) -> None:
    studio.wait_for("OpenBench Studio is ready")
    (server,) = (
        process for process in studio.family() if "server" in Path(process.cmdline()[0]).name
    )
    server.suspend()
    time.sleep(8)  # it is asked every two seconds
    server.resume()
    assert server.is_running()
    assert "it is started again" not in studio.output()


def test_a_port_in_use_is_said_with_the_remedy() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f"Port {port} on 127.0.0.1 is in use.*PORT="):
            check_port("127.0.0.1", port)


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(ConfigError, match="Check HOST and PORT"):
        check_port("192.0.2.1", 8000)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("PORT", "lots"), ("EGRESS_ALLOW", "10.0.0.0/33"), ("DATASETS_DIR", "nowhere")],
)
def test_a_bad_setting_ends_the_start_with_one_message(
    environment: dict[str, str], variable: str, value: str
) -> None:
    running = Running(environment | {variable: value})
    assert running.process.wait(120) == 2
    output = running.output()
    assert output.count(f"{variable}: ") == 1
    assert len(output.splitlines()) == 3, output
    assert not Path(environment["DATA_DIR"]).exists()


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8123"),
        ("0.0.0.0", "http://127.0.0.1:8123"),
        ("::1", "http://[::1]:8123"),
    ],
)
def test_the_address_can_be_opened_in_a_browser(host: str, address: str, tmp_path: Path) -> None:
    assert Studio(load_settings(data_dir=tmp_path, host=host, port=8123)).address == address
