"""Limits which files the child may open, with Landlock (Linux 5.13 and later).

Source: https://docs.kernel.org/userspace-api/landlock.html. Whatever is not granted here is
denied, wherever symlinks lead. Landlock does not cover ``chmod``, ``chown``, ``utime``:
the system call filter forbids those. ``stat`` of a known path stays possible.
"""

from __future__ import annotations

import ctypes
import os
import stat
import sysconfig
from collections.abc import Iterable

from app.engine.sandbox.resource_limits import check, libc

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # same on every architecture
_VERSION_FLAG = 1
_RULE_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_FILE, _MAKE_REG, _TRUNCATE = 1 << 5, 1 << 8, 1 << 14
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
# Files only: no directories, links, pipes or devices, so that one listing shows all there is.
_WRITE = _WRITE_FILE | _READ_FILE | _READ_DIR | _REMOVE_FILE | _MAKE_REG | _TRUNCATE
_READ = _READ_FILE | _READ_DIR

_FS_RIGHTS_BY_ABI = ((1, 13), (2, 14), (3, 15), (5, 16))
_NET_RIGHTS = 0b11  # bind and connect of TCP, since ABI 4
_SCOPES = 0b11  # abstract unix sockets and signals, since ABI 6


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("handled_fs", ctypes.c_uint64),
        ("handled_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"  # of packed structures; Python 3.14 wants it said
    _fields_ = (("allowed", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def abi() -> int:
    """Return the kernel's Landlock version; 0 where there is none."""
    return max(0, int(libc().syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)))


def python_paths() -> tuple[str, ...]:
    """Return what an interpreter reads: its library, shared libraries, time zones, devices."""
    library = (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"))
    system = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo")
    devices = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", "/etc/localtime")
    return (*dict.fromkeys(library), *system, *devices)


def restrict_files(readable: Iterable[str], writable: Iterable[str]) -> None:
    """Deny this process, for good, every file but the ones under these paths.

    Needs ``no_new_privs``. Paths that do not exist are left out.

    Raises:
        OSError: The kernel has no Landlock or refused.
    """
    version = abi()
    if not version:
        raise OSError("the kernel has no Landlock")
    handled = (1 << max(bits for since, bits in _FS_RIGHTS_BY_ABI if since <= version)) - 1
    attributes = _Ruleset(
        handled, _NET_RIGHTS if version >= 4 else 0, _SCOPES if version >= 6 else 0
    )
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = check(
        libc().syscall(_CREATE_RULESET, ctypes.byref(attributes), size, 0), "landlock ruleset"
    )
    for path in readable:
        _grant(ruleset, path, _READ & handled)
    _grant(ruleset, "/dev/null", (_READ_FILE | _WRITE_FILE) & handled)
    for path in writable:
        _grant(ruleset, path, _WRITE & handled)
    check(libc().syscall(_RESTRICT_SELF, ruleset, 0), "landlock restrict")
    os.close(ruleset)


def _grant(ruleset: int, path: str, rights: int) -> None:
    try:
        target = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(target).st_mode):
            rights &= _ON_FILES
        rule = _PathBeneath(rights, target)
        check(
            libc().syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0),
            f"landlock rule for {path}",
        )
    finally:
        os.close(target)
