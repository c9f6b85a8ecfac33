"""gunicorn's threaded worker with a loop in front that waits for slow clients."""

from __future__ import annotations

import contextlib
import errno
import resource
import selectors
import socket
import time
from collections.abc import Iterable
from concurrent.futures import Future
from functools import partial
from typing import Any

from gunicorn.http.errors import NoMoreData
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from app.heaps import share_heaps
from app.web_server.client_connection import LINGER_S, ClientConnection, Stage
from app.web_server.outlet import OutletBudget
from app.web_server.pace import Places
from app.web_server.turns import Turns

_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_SWEEP_S = 0.5
_ACCEPTED_AT_ONCE = 64
_OTHER_FILES = 256  # databases, queue server, uploads, logs
_GONE = frozenset({errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN, errno.ETIMEDOUT})
_BROKEN_LISTENER = frozenset({errno.EBADF, errno.EINVAL, errno.ENOTSOCK, errno.EOPNOTSUPP})
_TOO_LATE_TEXT = b"The request did not arrive in time.\n"
_TOO_LATE = (
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: text/plain\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_TOO_LATE_TEXT), _TOO_LATE_TEXT)
)


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """Waits for requests, and for readers of answers, without a thread for each.

    Attributes:
        share_by_address: Whether one address gets three quarters of the threads, half of the
            places of slow clients and half of the connections at most; not behind a proxy, which
            is one address for all.
    """

    share_by_address = True
    _accepting: bool

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Refuse what this worker cannot do."""
        if cfg.is_ssl:
            raise RuntimeError("TLS belongs in the proxy in front; see docs/deployment.md.")

    def init_process(self) -> None:
        """Prepare this process and serve until it is told to stop."""
        share_heaps()
        # gunicorn would take both from any client on this machine; who is a proxy, and what it
        # may say, TRUSTED_PROXIES tells the application.
        self.cfg.set("forwarder_headers", "")
        self.cfg.set("secure_scheme_headers", {})
        self.worker_connections = _allowed_connections(self.cfg.worker_connections)
        shares = 2 if self.share_by_address else 1
        self._most_of_address = max(1, self.worker_connections // shares)
        self._budget = OutletBudget()
        self._connections: dict[ClientConnection, None] = {}
        self._of_address: dict[str, dict[ClientConnection, None]] = {}
        self._swept_at = 0.0
        super().init_process()

    def run(self) -> None:
        """Serve."""
        threads = self.cfg.threads
        share, short = threads - threads // 4, max(2, threads // 8)
        if not self.share_by_address:
            share = short = threads
        self._turns = Turns(threads, share, short)
        slow = max(2, threads // 4)
        self._places = Places(slow, slow // 2 if self.share_by_address else slow)
        self.poller.register(
            self.method_queue.fileno(), _READ, lambda fd, _mask: self.method_queue.run_callbacks(fd)
        )
        self.set_accept_enabled(True)
        while self.alive:
            self._turn()
        self.set_accept_enabled(False)
        self._stop()

    def _turn(self) -> None:
        self.notify()
        for key, mask in self.poller.select(_SWEEP_S):
            key.data(key.fileobj, mask)
        if not self.is_parent_alive():
            self.alive = False
        if time.monotonic() - self._swept_at > _SWEEP_S:
            self._sweep()

    def _stop(self) -> None:
        """Let what is under way end; connections without a request close within two seconds."""
        idle_until = time.monotonic() + STOP_KEEPALIVE_LINGER
        for connection in self._connections:
            if connection.stage is Stage.REQUEST and connection.is_idle:
                connection.deadline = min(connection.deadline, idle_until)
        ends = time.monotonic() + self.cfg.graceful_timeout
        while self._connections and time.monotonic() < ends and self.is_parent_alive():
            self._turn()
        self.tpool.shutdown(wait=False)
        self.poller.close()
        self.method_queue.close()
        for listener in self.sockets:
            listener.close()

    def set_accept_enabled(self, enabled: bool) -> None:
        """Take new connections, or leave them to others."""
        if enabled == self._accepting:
            return
        for listener in self.sockets:
            if enabled:
                listener.setblocking(False)
                self.poller.register(listener, _READ, lambda sock, _mask: self.accept(sock))
            else:
                self.poller.unregister(listener)
        self._accepting = enabled

    # Connections: accepted, read, worked on, written, closed

    def accept(self, listener: socket.socket) -> None:
        """Take the connections that wait; for each too many, give up one of its own crowd."""
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                sock, client = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _BROKEN_LISTENER:
                    raise
                if error.errno in (errno.EMFILE, errno.ENFILE) and self._make_room():
                    continue
                return  # the client has gone, or the machine has no room; accept(2)
            connection = ClientConnection(
                sock, client, listener.getsockname(), self.cfg, self._budget, self._watch_answer
            )
            crowd = self._of_address.setdefault(connection.address, {})
            self._connections[connection] = crowd[connection] = None
            self._watch(connection, _READ)
            if len(crowd) > self._most_of_address:
                self._close(_first_to_go(crowd) or connection)
            elif len(self._connections) > self.worker_connections and not self._make_room():
                self._close(connection)

    def _make_room(self) -> bool:
        """Close a connection, of the largest crowd if possible; return whether one could be."""
        crowd = max(self._of_address.values(), key=len, default={})
        found = _first_to_go(crowd) or _first_to_go(self._connections)
        if found is None:
            return False
        self._close(found)
        return True

    def _watch(self, connection: ClientConnection, mask: int) -> None:
        if mask == connection.watched:
            return
        if not mask:
            self.poller.unregister(connection.socket)
        elif not connection.watched:
            self.poller.register(connection.socket, mask, partial(self._on_event, connection))
        else:
            self.poller.modify(connection.socket, mask, partial(self._on_event, connection))
        connection.watched = mask

    def _on_event(self, connection: ClientConnection, _sock: object, _mask: int) -> None:
        if connection not in self._connections:
            return  # closed since the events were asked for
        try:
            if connection.stage is Stage.REQUEST:
                if connection.receive():
                    self._advance(connection)
                else:
                    self._close(connection)
            elif connection.stage is Stage.CLOSE:
                if not connection.discard():
                    self._close(connection)
            elif connection.sock.flush():
                self._on_taken(connection)
        except OSError:
            self._close(connection)

    def _advance(self, connection: ClientConnection) -> None:
        """Let a request that is there wait for its turn."""
        if connection.is_ready():
            self._watch(connection, 0)
            connection.stage = Stage.TURN
            self._turns.add(connection)
            self._begin_turns()
        elif connection.request is not None:
            try:
                connection.send_continue()
            except OSError:
                self._close(connection)

    def _begin_turns(self) -> None:
        """Hand requests to the threads that are free."""
        while connection := self._turns.begin():
            connection.begin_work(self._places)
            self.enqueue_req(connection)

    def _watch_answer(self, connection: ClientConnection) -> None:
        """Send the rest of an answer when its reader takes it; called by threads."""
        self.method_queue.defer(self._on_kept, connection)

    def _on_kept(self, connection: ClientConnection) -> None:
        if connection in self._connections and not connection.sock.is_empty():
            self._watch(connection, _WRITE)

    def _on_taken(self, connection: ClientConnection) -> None:
        if connection.stage is Stage.READER:
            self._go_on(connection)
        else:
            self._watch(connection, 0)

    def handle(self, connection: ClientConnection) -> bool:
        """Answer a request, in a thread; return whether the connection may serve another."""
        try:
            if connection.failure is not None:
                raise connection.failure
            return bool(self.handle_request(connection.request, connection))
        except (NoMoreData, StopIteration) as error:
            self.log.debug("Closing connection. %s", error)
        except OSError as error:
            if error.errno not in _GONE and not isinstance(error, BrokenPipeError):
                self.log.exception("Socket error processing request.")
        except Exception as error:  # noqa: BLE001 - logged, and answered with 400 or 500
            self.handle_error(connection.request, connection.sock, connection.client, error)
        return False

    def finish_request(self, connection: ClientConnection, done: Future[bool]) -> None:
        """Go on with a connection whose thread is done."""
        self._turns.end(connection)
        self._begin_turns()
        goes_on = not done.cancelled() and done.exception() is None and done.result()
        connection.end_work(goes_on=goes_on)
        if connection not in self._connections:
            connection.socket.close()  # given up meanwhile
            return
        connection.stage = Stage.READER
        if connection.sock.is_empty():
            self._go_on(connection)
        else:
            self._watch(connection, _WRITE)

    def _go_on(self, connection: ClientConnection) -> None:
        """Wait for the next request, or for the client to close."""
        if connection.will_go_on:
            connection.await_request()
            self._watch(connection, _READ)
            # In the order of waiting: who waits longest goes first when there are too many.
            for line in (self._connections, self._of_address[connection.address]):
                line[connection] = line.pop(connection)
            self._advance(connection)
            return
        connection.stage = Stage.CLOSE
        connection.deadline = time.monotonic() + LINGER_S
        try:
            connection.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(connection)
        else:
            self._watch(connection, _READ)

    def _sweep(self) -> None:
        """Close connections whose time is over."""
        self._swept_at = time.monotonic()
        self._begin_turns()  # what was begun long ago makes room
        for connection in list(self._connections):
            if connection.stage in (Stage.REQUEST, Stage.CLOSE):
                if self._swept_at > connection.deadline:
                    self._give_up(connection)
            elif connection.sock.is_too_slow():
                self._close(connection)

    def _give_up(self, connection: ClientConnection) -> None:
        if connection.stage is Stage.REQUEST and not connection.is_idle:
            try:
                connection.socket.send(_TOO_LATE)
            except OSError:
                self.log.debug("A client that is too slow has gone.")
        self._close(connection)

    def _close(self, connection: ClientConnection) -> None:
        del self._connections[connection]
        crowd = self._of_address[connection.address]
        del crowd[connection]
        if not crowd:
            del self._of_address[connection.address]
        self._turns.remove(connection)
        self._watch(connection, 0)
        connection.sock.cut()  # wakes the thread that writes to it
        if connection.stage is not Stage.THREAD:
            connection.socket.close()
            return
        with contextlib.suppress(OSError):
            connection.socket.shutdown(socket.SHUT_RDWR)  # wakes the one that reads from it


def _first_to_go(line: Iterable[ClientConnection]) -> ClientConnection | None:
    """Return who waits longest of those that cost least to lose."""
    first: dict[Stage, ClientConnection] = {}
    for connection in line:
        if connection.stage in (Stage.CLOSE, Stage.REQUEST):
            return connection
        first.setdefault(connection.stage, connection)
    return first.get(Stage.TURN) or first.get(Stage.READER)


def _allowed_connections(wanted: int) -> int:
    """Raise the limit of open files as far as this process may; return what fits under it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return min(wanted, soft - _OTHER_FILES)
    return wanted
