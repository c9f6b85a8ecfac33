"""Item 10: clients that send or read slowly hold no thread, without nginx in front.

Half a minute each here; ``SLOW_SOCKETS_S=600 scripts/attack tests/attacks/test_slow_sockets.py``
for ten.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from statistics import median

import pytest
import requests

from tests.attacks.site import Site
from tests.attacks.slow_clients import KINDS, Crowd, Kind
from tests.attacks.watch import Watch

LASTS_S = float(os.environ.get("SLOW_SOCKETS_S", "30"))
CLIENTS = 500


def _visit(site: Site, lasts_s: float) -> list[float]:
    """Open pages on fresh connections; returns how long each took."""
    took = []
    ends = time.monotonic() + lasts_s
    while time.monotonic() < ends:
        began = time.monotonic()
        answer = requests.get(f"{site.url}/login", timeout=30, headers={"Connection": "close"})
        assert answer.ok
        took.append(time.monotonic() - began)
        time.sleep(0.2)
    return took


@pytest.mark.timeout(LASTS_S + 300)
def test_500_slow_clients_of_all_kinds_do_not_slow_down_pages(site: Site, watch: Watch) -> None:
    _visit(site, 2)  # the first pages of a process take longer, without any attack
    with Crowd(site, CLIENTS) as crowd:
        took = _visit(site, LASTS_S)
    print(f"{len(took)} pages, median {median(took):.3f} s, slowest {max(took):.2f} s")  # noqa: T201
    print(f"{watch.peak_mb:.0f} MB, cut and come again: {crowd.cut}")  # noqa: T201
    assert max(took) < 1, f"{max(took):.2f} s, median {median(took):.3f} s, cut {crowd.cut}"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_500_of_one_kind_do_not_either(site: Site, watch: Watch, kind: Kind) -> None:
    with Crowd(site, CLIENTS, kinds=(kind,)) as crowd:
        took = _visit(site, min(LASTS_S, 12))
    assert max(took) < 1, f"{max(took):.2f} s, median {median(took):.3f} s, cut {crowd.cut}"


def test_an_upload_over_a_slow_line_arrives_whole_beside_them(site: Site, watch: Watch) -> None:
    """8 MB at 400 KB a second: longer than any deadline for a body that stands still."""
    ada = site.account("ada")
    file = b"question,answer\n" + b"\n".join(b"%d + 0 = ?,%d" % (n, n) for n in range(300_000))
    file = file[: 8 * 2**20].rpartition(b"\n")[0]

    def slowly() -> Iterator[bytes]:
        edge = b"--edge\r\nContent-Disposition: form-data; name="
        yield edge + b'"file"; filename="sums.csv"\r\n\r\n'
        for at in range(0, len(file), 100_000):
            yield file[at : at + 100_000]
            time.sleep(0.25)
        yield b"\r\n--edge--\r\n"

    with Crowd(site, CLIENTS):
        answer = requests.post(
            f"{site.url}/api/v1/benchmarks/own/preview",
            data=slowly(),
            headers={
                "Authorization": f"Bearer {ada.token}",
                "Content-Type": "multipart/form-data; boundary=edge",
            },
            timeout=120,
        )
    assert answer.status_code == 200, answer.text
    assert answer.json()["columns"] == ["question", "answer"]


def test_a_live_view_goes_on_beside_them(site: Site, watch: Watch) -> None:
    ada = site.account("ada")
    with Crowd(site, CLIENTS):
        run_id = ada.submit(200, max_connections=2)
        with ada.http("GET", f"/api/v1/runs/{run_id}/events", stream=True) as stream:
            names = [
                line.removeprefix("event: ")
                for line in stream.iter_lines(decode_unicode=True)
                if line.startswith("event: ")
            ]
    assert names[-1] == "done"
    assert "progress" in names


def test_who_is_slow_is_told_and_closed(site: Site) -> None:
    with socket.create_connection(("127.0.0.1", site.port), timeout=60) as client:
        client.sendall(b"GET /login HTTP/1.1\r\nHost: site\r\nX-Half: ")
        began = time.monotonic()
        answer = client.recv(4096)
        waited_s = time.monotonic() - began
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert 8 < waited_s < 30
