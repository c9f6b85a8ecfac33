"""Hostile programs against the real kernel: what each tries must fail."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from app.engine.sandbox.sandbox import Sandbox, SandboxUnavailableError


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    sandbox = Sandbox()
    try:
        sandbox.check()
    except SandboxUnavailableError as error:
        pytest.skip(error.message)
    return sandbox


def test_a_program_that_reaches_its_end_is_ok(sandbox):
    result = sandbox.run("print('hé', 6 * 7)", timeout_s=10)
    assert (result.ok, result.exit_code, result.stdout) == (True, 0, "hé 42\n")


def test_a_failed_assertion_is_not_ok_and_its_traceback_shows_the_program_only(sandbox):
    result = sandbox.run("def f():\n    assert 1 == 2, 'no'\nf()\n", timeout_s=10)
    assert (result.ok, result.exit_code) == (False, 1)
    assert "assert 1 == 2, 'no'" in result.stderr
    assert "child.py" not in result.stderr


@pytest.mark.parametrize(
    "ending", ["import sys; sys.exit(0)", "import os; os._exit(0)", "raise SystemExit"]
)
def test_ending_early_with_exit_code_zero_is_not_ok(sandbox, ending):
    result = sandbox.run(f"{ending}\nassert False\n", timeout_s=10)
    assert (result.ok, result.exit_code) == (False, 0)


@pytest.mark.parametrize(
    "program",
    [
        "import threading\nt = threading.Thread(target=print)\nt.start()\nt.join()",
        "import asyncio\nasync def f():\n    await asyncio.sleep(0)\nasyncio.run(f())",
        "open('a.txt', 'w').write('x')\nassert open('a.txt').read() == 'x'",
        "import tempfile\nwith tempfile.TemporaryFile() as f:\n    f.write(b'x')",
        "import sqlite3\nsqlite3.connect(':memory:').execute('select 1')",
        "import math, re, decimal, random, hashlib, datetime, itertools, heapq, typing",
        "import signal\nsignal.alarm(9)\nsignal.alarm(0)",
        "import sys\nassert __name__ == '__main__' and sys.argv == ['program.py']",
        "import sys\nassert not [name for name in sys.modules if name.startswith('app')]",
        "import os\nassert dict(os.environ).keys() <= {'LC_CTYPE'}",
    ],
)
def test_harmless_programs_run_as_usual(sandbox, program):
    result = sandbox.run(program, timeout_s=10)
    assert result.ok, result.stderr


ATTEMPTS = [
    "os.fork()",
    "os.system('true') == 0 or 1 / 0",
    "subprocess.run(['/bin/true'])",
    "os.execv('/bin/true', ['true'])",
    "os.posix_spawn('/bin/true', ['true'], {})",
    "multiprocessing.Process(target=print).start()",
    "socket.socket()",
    "socket.create_connection(('127.0.0.1', PORT))",
    "socket.create_connection(('10.0.0.1', 80), timeout=1)",
    "socket.socket(socket.AF_UNIX).connect('/var/run/docker.sock')",
    "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)",
    "os.kill(os.getppid(), 9)",
    "os.kill(-1, 9)",
    "os.killpg(os.getpgid(os.getppid()), 9)",
    "signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 9)",
    "fcntl.fcntl(0, fcntl.F_SETOWN, os.getppid())",
    "os.setsid()",
    "os.setpgid(0, 0)",
    "open(f'/proc/{os.getppid()}/environ', 'rb').read()",
    "open(f'/proc/{os.getppid()}/mem', 'rb').read()",
    "open('/proc/self/environ', 'rb').read()",
    "os.listdir('/proc')",
    "open('/etc/passwd').read()",
    "os.listdir('/')",
    "os.listdir(os.path.expanduser('~root'))",
    "open(SECRET).read()",
    "open(SECRET, 'w')",
    "open(SECRET, 'a')",
    "os.truncate(SECRET, 0)",
    "os.open(SECRET, os.O_RDONLY | os.O_TRUNC)",
    "os.unlink(SECRET)",
    "os.rename(SECRET, 'mine')",
    "os.link(SECRET, 'mine')",
    "os.symlink(SECRET, 'mine'); open('mine').read()",
    "os.chmod(SECRET, 0o777)",
    "os.chown(SECRET, 1, 1)",
    "os.utime(SECRET)",
    "os.setxattr(SECRET, 'user.x', b'1')",
    "open(os.path.join(os.path.dirname(SECRET), 'new'), 'w')",
    "open(os.__file__, 'a')",
    "os.open(os.__file__, os.O_RDONLY | os.O_TRUNC)",
    "os.chmod(os.__file__, 0o777)",
    "open('../escaped', 'w')",
    "open('/dev/shm/escaped', 'w')",
    "os.mkfifo('pipe')",
    "os.mknod('device', 0o600 | stat.S_IFCHR, os.makedev(1, 1))",
    "os.mkdir('folder')",
    "os.memfd_create('code')",
    "os.chroot('.')",
    "os.setuid(12345)",
    "os.nice(-5)",
    "os.sched_setaffinity(os.getppid(), {0})",
    "resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1))",
    "resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
    "libc(272, 0x10000000)",  # unshare(CLONE_NEWUSER)
    "libc(101, 16, os.getppid(), 0, 0)",  # ptrace(PTRACE_ATTACH)
    "libc(310, os.getppid(), 0, 0, 0, 0, 0)",  # process_vm_readv
    "libc(425, 1, 0)",  # io_uring_setup
    "libc(321, 0, 0, 0)",  # bpf
    "libc(56, 17, 0, 0, 0, 0)",  # clone without CLONE_THREAD
    "libc(435, 0, 0)",  # clone3
    "libc(157, 1, 0, 0, 0, 0)",  # prctl: outlive the parent
    "libc(0x40000000 + 57)",  # fork by its x32 number
]


def test_nothing_that_a_hostile_program_tries_succeeds(sandbox, tmp_path):
    secret = tmp_path / "studio.db"
    secret.write_text("the studio's database")
    mode = secret.stat().st_mode
    with socket.create_server(("127.0.0.1", 0)) as server:
        program = f"""
import ctypes, fcntl, multiprocessing, os, resource, signal, socket, stat, subprocess
SECRET = {str(secret)!r}
PORT = {server.getsockname()[1]}
def libc(number, *arguments):
    if ctypes.CDLL(None, use_errno=True).syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), 'refused')
tried = 0
for attempt in {ATTEMPTS!r}:
    try:
        exec(attempt)
    except (OSError, ValueError, ZeroDivisionError) as error:
        tried += 1
    else:
        print('succeeded:', attempt)
print(tried, 'refused')
"""
        result = sandbox.run(program, timeout_s=20)
    assert (result.stdout, result.stderr) == (f"{len(ATTEMPTS)} refused\n", "")
    assert result.ok
    assert secret.read_text() == "the studio's database"
    assert secret.stat().st_mode == mode
    assert [path.name for path in tmp_path.iterdir()] == ["studio.db"]
    assert not Path(tempfile.gettempdir(), "escaped").exists()


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="machine code of x86_64")
def test_a_system_call_of_another_architecture_kills_the_program(sandbox):
    # int 0x80 enters the kernel with i386 numbers, which the filter must not mistake.
    program = """
import ctypes, mmap
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(b"\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3")
address = ctypes.addressof(ctypes.c_char.from_buffer(page))
print(ctypes.CFUNCTYPE(ctypes.c_int)(address)())
"""
    result = sandbox.run(program, timeout_s=10)
    assert (result.exit_code, result.stdout) == (-31, "")


def test_an_endless_loop_ends_with_its_time(sandbox):
    started = time.monotonic()
    result = sandbox.run("while True: pass", timeout_s=0.5)
    assert result.timed_out
    assert not result.ok
    assert time.monotonic() - started < 20


def test_a_program_that_ignores_signals_and_closes_its_pipes_ends_with_its_time(sandbox):
    program = """
import os, signal, time
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
os.closerange(0, 64)
while True:
    try:
        time.sleep(60)
    except BaseException:
        pass
"""
    result = sandbox.run(program, timeout_s=0.5)
    assert (result.timed_out, result.ok) == (True, False)


def test_a_memory_bomb_gets_a_memory_error(sandbox):
    result = sandbox.run("x = bytearray(10 ** 9)", timeout_s=10, memory_mb=256)
    assert "MemoryError" in result.stderr


def test_endless_output_stops_the_program_and_is_cut(sandbox):
    result = sandbox.run("while True: print('x' * 10000)", timeout_s=10)
    assert (result.ok, result.stopped) == (False, "output")
    assert len(result.stdout) <= 65536


def test_one_large_file_is_refused(sandbox):
    result = sandbox.run("open('a', 'wb').write(b'x' * 10 ** 8)", timeout_s=10)
    assert not result.ok
    assert result.exit_code != 0


@pytest.mark.parametrize("size", [1, 3_000_000])
def test_filling_the_disk_with_many_files_stops_the_program(sandbox, size):
    program = f"""
import itertools
for number in itertools.count():
    with open(str(number), 'wb') as file:
        file.write(b'x' * {size})
"""
    assert sandbox.run(program, timeout_s=10).stopped == "disk"


def test_a_thread_bomb_is_stopped(sandbox):
    program = """
import threading, time
threading.stack_size(65536)
while True:
    threading.Thread(target=time.sleep, args=(60,)).start()
"""
    result = sandbox.run(program, timeout_s=10, memory_mb=4096)
    assert not result.ok
    assert result.stopped == "threads" or "can't start new thread" in result.stderr


def test_nothing_is_left_behind(sandbox):
    result = sandbox.run(
        "import os\nopen('a', 'w').write('x')\nprint(os.getpid(), os.getcwd())", timeout_s=10
    )
    pid, directory = result.stdout.split()
    assert not Path(directory).exists()
    assert not Path(f"/proc/{pid}").exists()


def test_the_environment_of_the_studio_does_not_reach_the_program(sandbox, monkeypatch):
    monkeypatch.setenv("STUDIO_TEST_SECRET", "sk-123")
    result = sandbox.run("import os\nprint(dict(os.environ))", timeout_s=10)
    assert "sk-123" not in result.stdout
    assert "STUDIO" not in result.stdout


def test_open_files_of_the_studio_do_not_reach_the_program(sandbox, tmp_path):
    with open(tmp_path / "open", "w") as file:
        os.set_inheritable(file.fileno(), True)
        program = (
            f"import os\ntry:\n    os.fstat({file.fileno()})\nexcept OSError:\n    print('shut')"
        )
        assert "shut" in sandbox.run(program, timeout_s=10).stdout


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
def test_the_program_dies_with_a_killed_studio(tmp_path):
    # A worker that is killed with SIGKILL cannot clean up: the kernel has to.
    root = str(Path(__file__).resolve().parents[3])
    marker = tmp_path / "pid"
    script = f"""
import sys; sys.path.insert(0, {root!r})
from app.engine.sandbox import sandbox
follow = sandbox.Watch.follow
def noting(self):
    open({str(marker)!r}, 'w').write(str(self._process.pid)); follow(self)
sandbox.Watch.follow = noting
sandbox.Sandbox().run('import time; time.sleep(60)', timeout_s=60)
"""
    studio = subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, "-c", script], env={"TMPDIR": str(tmp_path)}
    )
    deadline = time.monotonic() + 60
    while not (marker.exists() and marker.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.2)
    studio.kill()
    studio.wait()
    child = Path(f"/proc/{marker.read_text()}/stat")
    while child.exists() and child.read_text().split()[2] != "Z" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not child.exists() or child.read_text().split()[2] == "Z"


def test_a_machine_that_cannot_lock_the_program_in_runs_nothing(tmp_path):
    # Stands for a kernel without Landlock: an interpreter whose child ends before it is ready.
    with pytest.raises(SandboxUnavailableError) as caught:
        Sandbox(python="/bin/false").run("print(1)", timeout_s=5)
    assert caught.value.code == "sandbox_unavailable"
    with pytest.raises(SandboxUnavailableError):
        Sandbox(python=str(tmp_path / "missing")).check()
