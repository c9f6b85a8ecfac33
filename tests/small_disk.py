"""File systems so small that a test can fill them; they need the right to mount."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def disk_of(size_mb: int) -> Iterator[Path]:
    """An empty file system of that size; without the right to mount, the test is skipped."""
    # Not below tmp_path: the path of a socket may have 103 bytes only.
    with tempfile.TemporaryDirectory(prefix="obs-disk-") as folder:
        command = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m,nr_inodes=5000", "tmpfs", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            pytest.skip(f"needs the right to mount: {done.stderr.strip()}")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)  # noqa: S603, S607


def fill(ballast: Path, leave_bytes: int = 0) -> None:
    """Write ``ballast`` until there is no room left, or as much as ``leave_bytes``."""
    with ballast.open("wb", buffering=0) as file:
        block = b"\0" * 65_536
        while block:
            try:
                file.write(block)
            except OSError:
                block = block[: len(block) // 2]
        if leave_bytes:
            file.truncate(max(0, file.tell() - leave_bytes))
