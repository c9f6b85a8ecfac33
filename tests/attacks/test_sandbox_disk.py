"""Programs that fill the disk, memory or tables of the machine: each is held to its share."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import pytest

from app.engine.sandbox import folders
from app.engine.sandbox.private_disk import DISK_BYTES
from app.engine.sandbox.sandbox import Sandbox, SandboxUnavailableError

MB = 1024 * 1024
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", params=[True, False], ids=["own disk", "no namespaces"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """As this machine allows, and as where user namespaces are forbidden."""
    sandbox = Sandbox(may_mount=request.param)
    try:
        sandbox.check()
    except SandboxUnavailableError as error:
        pytest.skip(error.message)
    return sandbox


class Memory:
    """What our children hold together, page tables included, at its highest."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.peak_mb = 0.0

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.005):
            held = (_held_kb(child.pid) for child in psutil.Process().children(recursive=True))
            self.peak_mb = max(self.peak_mb, sum(held) / 1024)


def _held_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith(("VmRSS", "VmPTE")))


# Says after each file what it has pinned by then.
PINNING = """
import ctypes, mmap, os
libc = ctypes.CDLL(None, use_errno=True)
libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long]
held, size, pinned = [], {size}, 0
print(pinned)
for number in range(2000):
    fd = os.open(f'f{{number}}', os.O_RDWR | os.O_CREAT)
    {grow}
    pinned += os.fstat(fd).st_blocks * 512
    print(pinned, flush=True)
    {hold}
    os.unlink(f'f{{number}}')
"""
FILL = {
    "allocated, mapped, closed and unlinked": (
        "os.posix_fallocate(fd, 0, size)",
        "held.append(mmap.mmap(fd, 4096)); os.close(fd)",
    ),
    "allocated beyond the end": (
        "if libc.fallocate(fd, 1, 0, 2 << 30): raise OSError('refused')",
        "os.close(fd)",
    ),
    "written, unlinked, open": ("os.write(fd, bytes(size))", "held.append(fd)"),
    "written and left": (
        "os.write(fd, bytes(size)); os.link(f'f{number}', f'g{number}')",
        "os.close(fd)",
    ),
    "written through a map": (
        "os.ftruncate(fd, size); m = mmap.mmap(fd, size); m[:] = bytes(size)",
        "os.close(fd); held.append(m)",
    ),
    "without a name": (
        "os.close(fd); fd = os.open('.', os.O_TMPFILE | os.O_RDWR); os.write(fd, bytes(size))",
        "held.append(fd)",
    ),
}


@pytest.mark.parametrize("name", FILL)
def test_no_program_takes_more_disk_than_its_share(sandbox: Sandbox, name: str) -> None:
    grow, hold = FILL[name]
    program = PINNING.format(size=4 * MB - 4096, grow=grow, hold=hold)
    result = sandbox.run(program, timeout_s=20)
    assert not result.ok  # an error, or the signal of a map that has no room
    assert int(result.stdout.split()[-1]) <= DISK_BYTES, result


def test_the_number_of_files_is_bounded(sandbox: Sandbox) -> None:
    program = """
count = 0
try:
    while True:
        open(f'file{count}', 'w').close()
        count += 1
except OSError:
    print(count)
"""
    result = sandbox.run(program, timeout_s=20)
    assert int(result.stdout) <= 256


def test_without_namespaces_nothing_at_all_can_be_written() -> None:
    program = """
import os, tempfile
tried = 0
for attempt in (
    "open('a', 'w')", "os.open('.', os.O_TMPFILE | os.O_RDWR)", "tempfile.TemporaryFile()",
    "os.mkfifo('p')", "os.mkdir('d')", "os.symlink('a', 'b')", "os.memfd_create('m')",
    "open('/dev/shm/x', 'w')", "open('/tmp/x', 'w')", "open('/var/tmp/x', 'w')",
):
    try:
        exec(attempt)
    except OSError:
        tried += 1
print(tried)
"""
    assert Sandbox(may_mount=False).run(program, timeout_s=20).stdout == "10\n"


MEMORY = {
    "one block": "x = bytearray(3 << 30)",
    "many blocks": "x = []\nwhile True: x.append(bytearray(1 << 20))",
    "shared maps": (
        "import mmap\nx = []\nwhile True:\n    m = mmap.mmap(-1, 1 << 22)\n"
        "    m[:] = bytes(1 << 22)\n    x.append(m)"
    ),
    "memory files": "import os\nwhile True: os.write(os.memfd_create('m'), bytes(1 << 22))",
    "shared memory of System V": (
        "import ctypes\nlibc = ctypes.CDLL(None)\nlibc.shmat.restype = ctypes.c_void_p\n"
        "while True:\n    number = libc.shmget(0, ctypes.c_size_t(1 << 22), 0o1600)\n"
        "    if number < 0: raise OSError\n"
        "    ctypes.memset(libc.shmat(number, None, 0), 1, 1 << 22)"
    ),
    "pipes": (
        "import fcntl, os\nx = []\nwhile True:\n    r, w = os.pipe()\n"
        "    os.set_blocking(w, False)\n    x.append((r, w))\n"
        "    try: fcntl.fcntl(w, 1031, 1 << 20)\n    except OSError: pass\n"
        "    os.write(w, bytes(1 << 20))"
    ),
    "page tables": (
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "libc.mmap.restype = ctypes.c_void_p\n"
        "address, number = ctypes.c_void_p, ctypes.c_long\n"
        "libc.mmap.argtypes = [address, ctypes.c_size_t, *[ctypes.c_int] * 3, number]\n"
        "at = 0x100000000000\nwhile True:\n    p = libc.mmap(at, 4096, 3, 0x100022, -1, 0)\n"
        "    if p in (None, 2 ** 64 - 1): raise MemoryError\n"
        "    ctypes.memset(p, 1, 1)\n    at += 1 << 30 if at < 0x600000000000 else 1 << 21"
    ),
}


@pytest.mark.parametrize("name", MEMORY)
def test_no_program_takes_more_memory_than_its_share(sandbox: Sandbox, name: str) -> None:
    with Memory() as memory:
        result = sandbox.run(MEMORY[name], timeout_s=10, memory_mb=256)
    assert not result.ok, result
    assert memory.peak_mb < 256 + 60, memory.peak_mb


def test_a_program_can_hold_few_descriptors_and_no_second_process(sandbox: Sandbox) -> None:
    program = """
import os
count = 0
try:
    while True:
        os.dup(1)
        count += 1
except OSError:
    print(count < 64)
try:
    os.fork()
except OSError:
    print('alone')
"""
    assert sandbox.run(program, timeout_s=20).stdout == "True\nalone\n"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files of our own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_what_a_killed_worker_leaves_is_swept_and_nothing_that_lives(temporary: Path) -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from app.engine.sandbox.sandbox import Sandbox\n"
        "Sandbox().run('import time; time.sleep(120)', timeout_s=120)\n"
    )
    workers = [
        subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, "-c", script], env={**os.environ, "TMPDIR": str(temporary)}
        )
        for _ in range(2)
    ]
    try:
        deadline = time.monotonic() + 60
        while len(list(temporary.iterdir())) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(list(temporary.iterdir())) == 2
        assert folders.sweep_folders() == 0  # both are alive
        workers[0].kill()
        workers[0].wait()
        while folders.sweep_folders() == 0 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(list(temporary.iterdir())) == 1
        assert folders.sweep_folders() == 0
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    assert folders.sweep_folders() == 1


def test_a_machine_that_forbids_user_namespaces_gives_no_disk_and_judges_all_the_same() -> None:
    # A user namespace may forbid those inside of it: the real refusal of the kernel.
    script = f"""
import ctypes, os, sys
sys.path.insert(0, {str(ROOT)!r})
user = os.getuid()
if ctypes.CDLL(None).unshare(0x10000000):
    sys.exit(77)
open('/proc/self/setgroups', 'w').write('deny')
open('/proc/self/uid_map', 'w').write(f'0 {{user}} 1')
open('/proc/sys/user/max_user_namespaces', 'w').write('0')
from app.engine.sandbox.sandbox import Sandbox
sandbox = Sandbox()
print(sandbox.run("open('a', 'w')", timeout_s=20).stderr.splitlines()[-1])
print(sandbox.test("def f(): return 1", "assert f() == 1", timeout_s=20).ok)
print(sandbox.test("def f(): return 1", "assert f() == 2", timeout_s=20).ok)
"""
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    if done.returncode == 77:
        pytest.skip("user namespaces are forbidden here already")
    assert done.stdout.splitlines() == [
        "PermissionError: [Errno 13] Permission denied: 'a'",
        "True",
        "False",
    ], done.stderr
