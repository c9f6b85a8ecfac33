"""Requests in a row on hundreds of connections, all from one address: others are still served."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from tests.attacks.site import Site
from tests.attacks.watch import Watch

CONNECTIONS = 400
ANSWERED = 100
_REQUESTS = b"GET /login HTTP/1.1\r\nHost: s\r\n\r\n" * 200


def test_a_crowd_of_one_address_waits_for_itself(site: Site, watch: Watch) -> None:
    """Each had as many turns as a visitor, who waited four seconds for /health."""
    clients = []
    for _ in range(CONNECTIONS):
        client = socket.create_connection(
            ("127.0.0.1", site.port), timeout=60, source_address=("127.0.0.2", 0)
        )
        client.sendall(_REQUESTS)
        clients.append(client)
    answers = _count_answers(clients[:20])
    for client in clients:
        client.close()
    assert answers > ANSWERED, "the crowd was served as well"


def _count_answers(clients: list[socket.socket]) -> int:
    counts = [0] * len(clients)

    def read(number: int) -> None:
        with suppress(OSError):
            while data := clients[number].recv(65536):
                counts[number] += data.count(b"HTTP/1.1 ")
                if counts[number] > ANSWERED // len(clients):
                    return

    threads = [threading.Thread(target=read, args=(each,)) for each in range(len(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    return sum(counts)
