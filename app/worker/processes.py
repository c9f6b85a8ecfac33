"""Starts the pool's child processes, with their own connections and signals."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import sys
from collections.abc import Callable
from multiprocessing.context import ForkProcess

from flask import Flask

from app.broker.client import forget_broker
from app.db import db
from app.lifeline import die_with_parent, signals_held

_log = logging.getLogger(__name__)
_fork = multiprocessing.get_context("fork")


def leave_parents_connections(app: Flask) -> None:
    """Drop, without closing, the connections that a fork copied from its parent."""
    with app.app_context():
        db.engine.dispose(close=False)
        forget_broker()


def start_child(
    app: Flask, name: str, target: Callable[..., object], *arguments: object
) -> ForkProcess:
    """Fork a child that runs ``target`` with fresh connections and dies with this process."""
    child = _fork.Process(target=_in_child, args=(app, target, arguments), name=name)
    with signals_held(signal.SIGTERM, signal.SIGINT):
        child.start()
    return child


def _in_child(app: Flask, target: Callable[..., object], arguments: tuple[object, ...]) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C: the pool tells its children to stop
    die_with_parent(signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM, signal.SIGINT))
    leave_parents_connections(app)
    try:
        target(*arguments)
    except Exception:  # noqa: BLE001 - the end of this process, told in our own log format
        _log.exception("process of the pool failed")
        sys.exit(1)
