"""Servers that take connections and say nothing: what hostile accounts name as their own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def silent_servers(number: int) -> Iterator[list[str]]:
    """Give the addresses (``http://...``) of so many servers that never answer."""
    with ExitStack() as stack:
        servers = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=256))
            for _ in range(number)
        ]
        yield [f"http://127.0.0.1:{server.getsockname()[1]}" for server in servers]
