"""Limits which system calls the child may make, with a seccomp filter.

A small BPF program (see seccomp(2)) lets the calls of ``syscalls`` through and answers every
other one with EPERM. It applies to the process and all its threads and cannot be undone.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterable, Mapping

from app.engine.sandbox.resource_limits import check, libc
from app.engine.sandbox.syscalls import ARCHITECTURES, Architecture

_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2

_ALLOW = 0x7FFF0000
_KILL = 0x80000000
_DENY = 0x00050000 | errno.EPERM
_ABSENT = 0x00050000 | errno.ENOSYS

_LOAD, _EQUAL, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x45, 0x54, 0x06
_NUMBER, _ARCH = 0, 4  # offsets in struct seccomp_data
_OPEN_MODES = os.O_ACCMODE | os.O_TRUNC
_UNIX_SOCKETS = 1  # AF_UNIX
_THREAD = 0x00010000  # CLONE_THREAD
_NAMESPACES = 0x7E020000 | 0x80  # all CLONE_NEW* flags
_TERMINAL_QUERIES = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
_FILE_CONTROLS = (0, 1, 2, 3, 4, 5, 6, 7, 1030)  # no F_SETOWN: it can send signals

Instruction = tuple[int, int, int, int]
"""``struct sock_filter``: code, jump if true, jump if false, operand."""

_RET_ALLOW: Instruction = (_RETURN, 0, 0, _ALLOW)
_RET_DENY: Instruction = (_RETURN, 0, 0, _DENY)


class _Filter(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("jt", ctypes.c_uint8),
        ("jf", ctypes.c_uint8),
        ("k", ctypes.c_uint32),
    )


class _FilterProgram(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("filter", ctypes.POINTER(_Filter)))


def install_filter(pid: int) -> None:
    """Forbid this process, for good, every system call that a computation does not need.

    Needs ``no_new_privs`` and one thread.

    Args:
        pid: This process: it may send signals to itself.

    Raises:
        OSError: The kernel refused, or this machine's architecture is unknown.
    """
    machine = os.uname().machine
    if machine not in ARCHITECTURES:
        raise OSError(f"no system call filter for {machine}")
    program = build_filter(ARCHITECTURES[machine], pid)
    filters = (_Filter * len(program))(*(_Filter(*instruction) for instruction in program))
    loaded = _FilterProgram(len(program), filters)
    result = libc().prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(loaded), 0, 0)
    check(result, "seccomp")


def build_filter(architecture: Architecture, pid: int) -> list[Instruction]:
    """Return the BPF program. It is linear: each test ends in a verdict or falls through."""
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, architecture.audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    for number in architecture.absent:
        program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ABSENT)]
    for number in architecture.allowed.values():
        program += [(_EQUAL, 0, 1, number), _RET_ALLOW]
    checks = _argument_checks(pid)
    for name, number in architecture.checked.items():
        block = checks[name]
        program += [(_EQUAL, 0, len(block), number), *block]
    program.append(_RET_DENY)
    return program


def _argument_checks(pid: int) -> Mapping[str, list[Instruction]]:
    return {
        # Reading only, yet truncating: Landlock before version 3 does not see that.
        "open": _unless_masked(1, _OPEN_MODES, os.O_TRUNC),
        "openat": _unless_masked(2, _OPEN_MODES, os.O_TRUNC),
        "ioctl": _if_one_of(1, _TERMINAL_QUERIES),
        "fcntl": _if_one_of(1, _FILE_CONTROLS),
        "clone": _if_thread(),
        "kill": _if_one_of(0, (pid,)),
        "tgkill": _if_one_of(0, (pid,)),
        "prlimit64": _if_zero(0, 2),  # of itself, reading only
        "socketpair": _if_one_of(0, (_UNIX_SOCKETS,)),
        "sendto": _if_zero(4),  # to the other end only, no address
    }


def _argument(index: int, *, high: bool = False) -> Instruction:
    return (_LOAD, 0, 0, 16 + 8 * index + (4 if high else 0))


def _if_one_of(index: int, values: Iterable[int]) -> list[Instruction]:
    block = [_argument(index)]
    for value in values:
        block += [(_EQUAL, 0, 1, value), _RET_ALLOW]
    return [*block, _RET_DENY]


def _if_zero(*indexes: int) -> list[Instruction]:
    block: list[Instruction] = []
    for index in indexes:
        for high in (False, True):
            block += [_argument(index, high=high), (_EQUAL, 1, 0, 0), _RET_DENY]
    return [*block, _RET_ALLOW]


def _unless_masked(index: int, mask: int, value: int) -> list[Instruction]:
    return [_argument(index), (_AND, 0, 0, mask), (_EQUAL, 0, 1, value), _RET_DENY, _RET_ALLOW]


def _if_thread() -> list[Instruction]:
    return [
        _argument(0),
        (_ANY_BIT, 0, 2, _THREAD),
        (_ANY_BIT, 1, 0, _NAMESPACES),
        _RET_ALLOW,
        _RET_DENY,
    ]
