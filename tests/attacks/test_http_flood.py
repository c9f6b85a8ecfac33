"""Item 1: requests of strangers that want much memory for little, sixteen at the same time."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.attacks.site import Site
from tests.attacks.watch import Watch

PARALLEL = 16


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """A site that believes what addresses requests come from: each attacker has many."""
    return make_site(TRUSTED_PROXIES="1")


EACH = 12
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=e"}


def _many_keys(count: int) -> bytes:
    return json.dumps({f"k{number}": 1 for number in range(count)}).encode()


def _parts(count: int) -> bytes:
    part = b'--e\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    return part * count + b"--e--\r\n"


def _chunked(body: bytes) -> object:
    return iter([body[at : at + 65536] for at in range(0, len(body), 65536)])


BODIES: dict[str, tuple[bytes, dict[str, str]]] = {
    "200,000 unknown keys": (_many_keys(200_000), JSON),
    "keys that just fit": (_many_keys(700), JSON),
    "one long name": (b'{"' + b"x" * 1_900_000 + b'": 1}', JSON),
    "a long name that just fits": (b'{"' + b"x" * 8000 + b'": 1}', JSON),
    "deep": (b'{"a":' * 300_000, JSON),
    "deep that just fits": (b"[" * 8000, JSON),
    "a huge number": (b'{"email": ' + b"9" * 8000 + b"}", JSON),
    "malformed": (b'{"email": ' + b"x" * 1_900_000, JSON),
    "form fields": (b"&".join(b"a%d=1" % number for number in range(150_000)), FORM),
    "parts": (_parts(40_000), MULTIPART),
    "a type that is not read": (b"x" * 1_900_000, {"Content-Type": "text/plain"}),
}
PATHS = ("/api/v1/auth/login", "/api/v1/auth/register", "/login", "/register")


def _send(site: Site, path: str, body: object, headers: dict[str, str]) -> tuple[int, int]:
    """Return status and size of the answer; 0 where the site closed while it was being sent."""
    try:
        answer = requests.post(f"{site.url}{path}", data=body, headers=headers, timeout=30)  # type: ignore[arg-type]
    except requests.ConnectionError:
        return 0, 0
    return answer.status_code, len(answer.content)


def _flood(send: Callable[[int], tuple[int, int]]) -> list[tuple[int, int]]:
    with ThreadPoolExecutor(PARALLEL) as pool:
        return list(pool.map(send, range(PARALLEL * EACH)))


def test_bodies_of_strangers(site: Site, watch: Watch) -> None:
    for what, (body, headers) in BODIES.items():
        for chunked in (False, True):

            def send(
                number: int,
                body: bytes = body,
                headers: dict[str, str] = headers,
                chunked: bool = chunked,
            ) -> tuple[int, int]:
                path = PATHS[number % len(PATHS)]
                given = headers | {"X-Forwarded-For": f"203.0.113.{number}"}
                return _send(site, path, _chunked(body) if chunked else body, given)

            answers = _flood(send)
            statuses = {status for status, _ in answers}
            assert statuses <= {0, 400, 413, 415, 422, 429}, (what, statuses)
            assert max(size for _, size in answers) < 20_000, what


def test_the_answer_to_many_wrong_fields_is_short(site: Site) -> None:
    answer = requests.post(
        f"{site.url}/api/v1/auth/login", data=_many_keys(700), headers=JSON, timeout=30
    )
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) <= 20
    assert len(answer.content) < 8000


def test_bodies_of_an_account_are_bounded_too(site: Site, watch: Watch) -> None:
    ada = site.account("ada")
    big = json.dumps({f"k{number}": [1] * 20 for number in range(10_000)}).encode()

    def send(number: int) -> tuple[int, int]:
        path = ("/api/v1/runs", "/api/v1/tokens", "/api/v1/estimates", "/api/v1/webhooks")
        try:
            answer = ada.http("POST", path[number % 4], data=big, headers=JSON)
        except requests.ConnectionError:
            return 0, 0
        return answer.status_code, len(answer.content)

    answers = _flood(send)
    assert {status for status, _ in answers} <= {0, 413, 429}
    assert max(size for _, size in answers) < 20_000


def test_every_failing_attempt_counts(site: Site) -> None:
    """Wrong type, malformed, wrong fields, too large, no CSRF token: all are attempts."""
    tries = [
        ("/api/v1/auth/login", b"{", JSON),
        ("/api/v1/auth/login", b"{}", JSON),
        ("/api/v1/auth/login", b"x", {"Content-Type": "text/plain"}),
        ("/login", b"email=a%40b.org", FORM),
        ("/api/v1/auth/login", b"x" * 9000, JSON),
        ("/api/v1/auth/login", b"{}", JSON),
    ]
    statuses = [_send(site, path, body, headers)[0] for path, body, headers in tries]
    assert statuses == [400, 422, 415, 400, 413, 429]


HEADS: dict[str, bytes] = {
    "a long address": b"GET /login?" + b"q" * 200_000 + b" HTTP/1.1\r\nHost: s\r\n\r\n",
    "a query of many fields": b"GET /login?" + b"a=1&" * 2000 + b" HTTP/1.1\r\nHost: s\r\n\r\n",
    "many headers": b"GET /login HTTP/1.1\r\nHost: s\r\n" + b"X-A: 1\r\n" * 3000 + b"\r\n",
    "a long header": b"GET /login HTTP/1.1\r\nHost: s\r\nX-A: " + b"x" * 100_000 + b"\r\n\r\n",
    "many cookies": b"GET /login HTTP/1.1\r\nHost: s\r\nCookie: " + b"a=1; " * 1600 + b"\r\n\r\n",
    "a head without end": b"GET /login HTTP/1.1\r\nHost: s\r\nX-A: " + b"x" * 1_000_000,
}


def test_heads(site: Site, watch: Watch) -> None:
    for what, head in HEADS.items():

        def send(_number: int, head: bytes = head) -> tuple[int, int]:
            with socket.create_connection(("127.0.0.1", site.port), timeout=30) as client:
                try:
                    client.sendall(head)
                    answer = client.recv(65536)
                except ConnectionError:
                    return 0, 0
            return int(answer.split(b" ", 2)[1] if answer else 0), len(answer)

        statuses = {status for status, _ in _flood(send)}
        assert statuses <= {0, 200, 303, 400, 414, 431}, (what, statuses)


def test_a_malformed_chunk_is_400(site: Site) -> None:
    ada = site.account("ada")
    head = (
        "POST /api/v1/tokens HTTP/1.1\r\nHost: s\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {ada.token}\r\nTransfer-Encoding: chunked\r\n\r\n"
    ).encode()
    long = b"5000\r\n" + b" " * 0x5000 + b"\r\n"  # beyond what is awaited outside the threads
    for before in (b"", b"2\r\n{}\r\n", long):
        for chunk in (b"zz\r\n", b"-5\r\n", b"5\r\nabcdeXX", b"1;a=\x00\r\nx\r\n"):
            with socket.create_connection(("127.0.0.1", site.port), timeout=60) as client:
                client.sendall(head + before + chunk)
                answer = client.recv(65536)
            wanted = b"HTTP/1.1 413 " if before is long else b"HTTP/1.1 400 "
            assert answer.startswith(wanted), (before[:20], chunk, answer)
