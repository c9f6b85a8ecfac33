"""Pages are sent compressed to browsers that went to them by themselves, and to nobody else."""

from __future__ import annotations

import gzip
import re

import pytest
from flask import Flask

from tests.run_fixtures import add_run, add_samples

BY_ITSELF = {"Accept-Encoding": "gzip, deflate, br", "Sec-Fetch-Site": "same-origin"}
TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')
ANY_TOKEN = re.compile(r'(?:name="csrf_token" value|name="csrf-token" content)="[^"]+"')


@pytest.fixture
def reader(client, owner):
    """A browser that is signed in."""
    client.sign_in_as(owner)
    return client


@pytest.fixture
def run_id(app, owner):
    """A run that has ended, with a sample."""
    with app.app_context():
        run_id = add_run(owner.id, status="completed", total=1, done=1, scored=1)
        add_samples(run_id, {"completion": "four " * 500})
        return run_id


def text_of(answer):
    packed = answer.headers.get("Content-Encoding") == "gzip"
    return (gzip.decompress(answer.data) if packed else answer.data).decode()


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_a_page_is_sent_compressed_to_whom_it_is_for(reader, site):
    plain = reader.get("/benchmarks")
    packed = reader.get("/benchmarks", headers={**BY_ITSELF, "Sec-Fetch-Site": site})
    assert (packed.status_code, packed.headers["Content-Encoding"]) == (200, "gzip")
    assert ANY_TOKEN.sub("", text_of(packed)) == ANY_TOKEN.sub("", plain.text)
    assert len(packed.data) * 3 < len(plain.data)
    assert int(packed.headers["Content-Length"]) == len(packed.data)
    assert "Content-Encoding" not in plain.headers
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.vary
        assert "Sec-Fetch-Site" in answer.vary
        assert answer.headers["Cache-Control"] == "no-store"
        assert "ETag" not in answer.headers


@pytest.mark.parametrize(
    "changes",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "SAME-ORIGIN, none"},
        {"Sec-Fetch-Site": ""},
        {"Accept-Encoding": "br"},
        {"Accept-Encoding": "gzip;q=0, identity"},
        {"Accept-Encoding": ""},
    ],
    ids=str,
)
def test_another_site_never_learns_how_well_a_page_compresses(reader, changes):
    lengths = set()
    for guess in ("owner@example", "zqxwv@example"):
        answer = reader.get(f"/?q={guess}", headers={**BY_ITSELF, **changes})
        assert "Content-Encoding" not in answer.headers
        lengths.add(len(answer.data))
    assert len(lengths) == 1


def test_a_browser_that_does_not_say_who_asks_gets_the_page_as_it_is(reader):
    answer = reader.get("/", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers


def test_error_pages_are_pages(reader):
    answer = reader.get("/nowhere", headers=BY_ITSELF)
    assert (answer.status_code, answer.headers["Content-Encoding"]) == (404, "gzip")
    assert "</html>" in text_of(answer)


def test_the_token_of_a_compressed_page_is_taken(reader):
    token = TOKEN.search(text_of(reader.get("/", headers=BY_ITSELF)))
    assert token
    answer = reader.post("/logout", data={"csrf_token": token[1]}, headers=BY_ITSELF)
    assert answer.status_code == 303


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/benchmarks",
        "/api/v1/runs/{run}",
        "/palette?q=gsm",
        "/api/v1/runs/{run}/export?format=jsonl",
        "/api/v1/runs/{run}/export?format=csv",
        "/runs/{run}/export?format=html",
        "/runs/{run}/report.md",
        "/api/v1/openapi.json",
        "/health",
    ],
)
def test_answers_of_the_api_and_files_are_not_compressed(reader, run_id, path):
    answer = reader.get(path.format(run=run_id), headers=BY_ITSELF)
    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers
    assert answer.data


def test_what_is_compressed_already_is_left_so(reader):
    page = text_of(reader.get("/", headers=BY_ITSELF))
    address = re.search(r'"(/static/studio\.css[^"]*)"', page)
    assert address
    sheet = reader.get(address[1], headers=BY_ITSELF)
    assert sheet.headers["Content-Encoding"] == "gzip"
    assert b".panel" in gzip.decompress(sheet.data)


def test_a_short_page_and_a_redirect_are_sent_as_they_are(app: Flask, client):
    app.add_url_rule("/short", view_func=lambda: "<p>short</p>")
    assert "Content-Encoding" not in client.get("/short", headers=BY_ITSELF).headers
    moved = client.get("/", headers=BY_ITSELF)
    assert moved.status_code == 302
    assert "Content-Encoding" not in moved.headers
