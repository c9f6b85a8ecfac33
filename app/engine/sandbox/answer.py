"""The process that runs the model's program and answers the calls of the tests.

Nothing in it is trusted: the program may rewrite all of it. It gets arguments and gives results;
it never sees the tests, what they expect, or how they judge.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from app.engine.sandbox.link import Link, LinkEndedError
from app.engine.sandbox.peer import SERVED_BY_PROGRAM, Peer
from app.engine.sandbox.program import PROGRAM, print_own_frames, run_as_main

READY = ["ready"]
LOADED = ["loaded"]
END = ["end"]


def answer_calls(link: Link) -> None:
    """Run the program that comes over ``link``; then do what the tests ask."""
    link.send(READY)
    program = link.receive()[1]
    sys.excepthook = print_own_frames
    peer = Peer(link, SERVED_BY_PROGRAM, _anything, _print)
    peer.export(run_as_main(program, PROGRAM))  # number 0: where the tests look names up
    link.send(LOADED)
    try:
        peer.serve()
    except LinkEndedError:  # a test has failed
        os._exit(1)


def _anything(_value: Any) -> bool:
    return True


def _print(operation: str, error: Exception) -> None:
    if operation == "call":
        print_own_frames(type(error), error, error.__traceback__)
