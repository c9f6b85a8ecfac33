"""The child: locks itself in, then becomes the untrusted program, or the tests of one.

Started as ``python -I -S -c ... orders`` in an empty directory, with its request (JSON) as input.
It writes ``ready`` to the status pipe once every lock holds.

A program by itself runs in this process. A program with tests runs in a second one, forked
before the request is read: so it has the program alone, never the tests, and not the status pipe.
"""

from __future__ import annotations

import json
import os
import sys
from typing import NamedTuple, NoReturn

from app.engine.sandbox import answer
from app.engine.sandbox.examiner import examine
from app.engine.sandbox.landlock import python_paths, restrict_files
from app.engine.sandbox.link import Link
from app.engine.sandbox.private_disk import mount_private_disk
from app.engine.sandbox.program import PROGRAM, forget_studio, print_own_frames, run_as_main
from app.engine.sandbox.resource_limits import (
    die_with_parent,
    drop_privileges,
    limit_resources,
    limit_threads,
)
from app.engine.sandbox.seccomp import install_filter

READY = b"ready"
"""First word on the status pipe, before the number of the program's process."""
UNAVAILABLE_EXIT_CODE = 97
"""Exit code of a child that could not lock itself in."""


class Orders(NamedTuple):
    """What a child is told before it reads its request.

    Attributes:
        status_fd: Write end of the status pipe.
        root: Where the studio's code lies, taken off ``sys.path``.
        parent_pid: The process it dies with.
        memory_bytes: Address space of each process.
        cpu_s: CPU time of each process.
        has_tests: The program runs in a second process.
        may_mount: A private disk is to be tried.
    """

    status_fd: int
    root: str
    parent_pid: int
    memory_bytes: int
    cpu_s: int
    has_tests: bool
    may_mount: bool


def main(orders: Orders) -> None:
    """Lock this process in and run what the request says."""
    try:
        has_disk = orders.may_mount and mount_private_disk(os.getcwd())
        die_with_parent(orders.parent_pid)
        limit_resources(orders.memory_bytes, orders.cpu_s)
        drop_privileges()
    except OSError as error:
        _give_up(error)
    if orders.has_tests:
        _run_with_tests(orders, has_disk=has_disk)
    else:
        _run_alone(orders, has_disk=has_disk)


def _run_alone(orders: Orders, *, has_disk: bool) -> None:
    request = _read_request()
    _lock_in(may_write=has_disk)
    forget_studio(orders.root)
    os.write(orders.status_fd, b"%s %d\n" % (READY, os.getpid()))
    sys.excepthook = print_own_frames
    run_as_main(request["program"], PROGRAM)
    os.write(orders.status_fd, request["token"].encode())


def _run_with_tests(orders: Orders, *, has_disk: bool) -> None:
    to_answer, to_examiner = os.pipe(), os.pipe()
    examiner_pid = os.getpid()
    answer_pid = os.fork()
    if answer_pid == 0:
        os.close(orders.status_fd)
        os.close(to_answer[1])
        os.close(to_examiner[0])
        _leave_input()
        try:
            die_with_parent(examiner_pid)
        except OSError as error:
            _give_up(error)
        _lock_in(may_write=has_disk)
        forget_studio(orders.root)
        answer.answer_calls(Link(to_answer[0], to_examiner[1]))
        return
    os.close(to_answer[0])
    os.close(to_examiner[1])
    _lock_in(may_write=False)
    link = Link(to_examiner[0], to_answer[1])
    if link.receive() != answer.READY:
        _give_up(OSError("the program's process did not start"))
    os.write(orders.status_fd, b"%s %d\n" % (READY, answer_pid))
    request = _read_request()
    forget_studio(orders.root)
    findings = examine(link, request["program"], request["tests"], answer_pid)
    os.write(orders.status_fd, json.dumps(findings).encode())
    sys.exit(0)


def _lock_in(*, may_write: bool) -> None:
    try:
        if may_write:
            limit_threads()
        restrict_files(python_paths(), (os.getcwd(),) if may_write else ())
        install_filter(os.getpid())
    except OSError as error:
        _give_up(error)


def _read_request() -> dict[str, str]:
    with open(sys.stdin.fileno(), encoding="ascii", closefd=False) as file:
        request: dict[str, str] = json.load(file)
    _leave_input()
    return request


def _leave_input() -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)


def _give_up(error: OSError) -> NoReturn:
    sys.stderr.write(f"{error}\n")
    sys.stderr.flush()
    os._exit(UNAVAILABLE_EXIT_CODE)
