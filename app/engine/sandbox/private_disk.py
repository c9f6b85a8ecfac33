"""A small disk of the child's own, in memory, which nothing can outgrow and nobody else sees.

A tmpfs of fixed size and number of files, mounted over the child's directory in a mount
namespace of its own (see user_namespaces(7)). It ends with the last process that sees it.
Runs inside the child, before the untrusted program.
"""

from __future__ import annotations

import contextlib
import os

from app.engine.sandbox.resource_limits import check, libc

DISK_BYTES = 32 * 1024 * 1024
DISK_FILES = 256
_NEW_IDS, _NEW_MOUNTS = 0x10000000, 0x00020000
_NO_SUID, _NO_DEVICES, _NO_PROGRAMS = 1 << 1, 1 << 2, 1 << 3
_PRIVATE_TREE = (1 << 18) | (1 << 14)  # MS_PRIVATE | MS_REC


def mount_private_disk(directory: str) -> bool:
    """Put an empty disk in place of ``directory``, for this process and its children.

    Needs one thread. Works for root and for plain users.

    Returns:
        Whether it is there. Where user namespaces are forbidden (most containers), it is not.
    """
    user, group = os.geteuid(), os.getegid()
    with contextlib.suppress(OSError):
        check(libc().unshare(_NEW_IDS | _NEW_MOUNTS), "unshare")
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
        check(libc().mount(None, b"/", None, _PRIVATE_TREE, None), "mount(/)")
        size = f"size={DISK_BYTES},nr_inodes={DISK_FILES},mode=700".encode()
        flags = _NO_SUID | _NO_DEVICES | _NO_PROGRAMS
        target = os.fsencode(directory)
        check(libc().mount(b"tmpfs", target, b"tmpfs", flags, size), "mount(tmpfs)")
        os.chdir(directory)
        return True
    return False


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
