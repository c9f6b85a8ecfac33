"""What nginx lets through agrees with what the web server takes, for each kind of address."""

from __future__ import annotations

import re
from contextlib import closing
from http.client import HTTPConnection

import pytest

from app.services.own_benchmarks.reading import SAVE_DEADLINE_S
from app.services.own_benchmarks.uploads import MAX_REQUEST_BYTES
from app.web import bounds
from tests.deployment.image import ROOT
from tests.deployment.site import Client, Site

MEGABYTE = 1024 * 1024
WAIT_FOR_A_TURN_S = 30.0


def _rows(megabytes: int) -> bytes:
    row = b'{"question": "' + b"x" * 1000 + b'", "answer": "y"}\n'
    return row * (megabytes * MEGABYTE // len(row))


def test_the_limits_of_nginx_are_no_smaller_than_the_web_servers() -> None:
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    units = {"k": 1024, "m": MEGABYTE}
    found = re.findall(r"client_max_body_size (\d+)([km]);", text)
    page, stranger, upload = (int(number) * units[unit] for number, unit in found)
    assert bounds.FORM_BYTES <= page <= MEGABYTE
    assert bounds.STRANGER_BYTES <= stranger <= 2 * bounds.STRANGER_BYTES
    assert MAX_REQUEST_BYTES <= upload <= MAX_REQUEST_BYTES + MEGABYTE


@pytest.mark.parametrize(
    "path",
    [
        "/benchmarks/own/new",
        "/benchmarks/own/new/0123456789abcdef",
        "/api/v1/benchmarks/own",
        "/api/v1/benchmarks/own/preview",
    ],
)
def test_nginx_waits_for_what_reads_own_data(path: str) -> None:
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    for mark, pattern, block in re.findall(
        r"location (\^~|~) (\S+) \{(.*?)\n    \}", text, re.DOTALL
    ):
        if path.startswith(pattern) if mark == "^~" else re.search(pattern, path):
            patience = re.search(r"proxy_read_timeout (\d+)m;", block)
            assert patience is not None
            assert 60 * int(patience[1]) >= SAVE_DEADLINE_S + WAIT_FOR_A_TURN_S
            return
    pytest.fail("no location of its own")


def test_own_data_of_90_mb_is_taken_through_nginx(api: Client) -> None:
    answer = api.post("/api/v1/benchmarks/own/preview", files={"file": ("q.jsonl", _rows(90))})
    assert answer.status_code == 200, answer.text
    assert answer.json()["columns"] == ["question", "answer"]


def test_own_data_beyond_the_limit_is_refused(api: Client) -> None:
    answer = api.post("/api/v1/benchmarks/own/preview", files={"file": ("q.jsonl", _rows(103))})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/api/v1/auth/login", 10_000, 413),
        ("/api/v1/auth/login", 100_000, 413),
        ("/login", 100_000, 413),
        ("/api/v1/runs", 400_000, 413),
        ("/api/v1/runs", 3_000_000, 413),
        ("/api/v1/runs", 100_000, 422),
    ],
)
def test_other_bodies_are_refused_by_what_they_are_for(
    api: Client, path: str, size: int, status: int
) -> None:
    body = b'{"notes": "' + b"x" * size + b'"}'
    answer = api.post(path, data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text


def test_a_strangers_upload_is_refused_before_it_is_sent(site: Site) -> None:
    with closing(HTTPConnection("127.0.0.1", site.http_port, timeout=30)) as client:
        client.putrequest("POST", "/api/v1/benchmarks/own")
        client.putheader("Content-Type", "multipart/form-data; boundary=edge")
        client.putheader("Content-Length", str(90 * MEGABYTE))
        client.endheaders()
        client.send(b"x" * 100_000)
        assert client.getresponse().status == 401
