"""Samples with odd names and with megabytes of text: on their pages and in the API."""

from __future__ import annotations

import json

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient

from app.queries import sample_batches, sample_texts
from app.services.accounts.accounts import Account
from tests.app_fixtures import ApiClient
from tests.run_fixtures import add_run, add_samples

IDS = [
    ".",
    "..",
    "//x",
    "x//y",
    "/lead",
    "trail/",
    "a/../b",
    "./a",
    "dir/with slash",
    "what?",
    "a#b",
    "100%",
    "%2F",
    "a&b=c;d",
    "back\\slash",
    "tab\there",
    "line\nbreak",
    "\x01\x7f",
    "~",
    "~tilde",
    "~Lg",
    "ü-中文-🎉",
    "\u202eright-to-left",
    " space ",
    "+plus",
    "<b>\"'",
    "x" * 200,
]
LONG = "a long answer " * 250_000  # 3.5 MB


def address_of(app: Flask, endpoint: str, run_id: str, sample_id: str) -> str:
    with app.test_request_context():
        return url_for(endpoint, run_id=run_id, sample_id=sample_id)


@pytest.mark.parametrize("sample_id", IDS)
def test_every_name_is_reached_on_its_page_and_in_the_api(
    app: Flask, owner: Account, api: ApiClient, signed_in: FlaskClient, sample_id: str
) -> None:
    with app.app_context():
        run_id = add_run(owner.id, status="completed", total=1)
        add_samples(run_id, {"sample_id": sample_id})
    page = signed_in.get(address_of(app, "runs.sample", run_id, sample_id))
    assert page.status_code == 200
    path = address_of(app, "api_samples.get_sample", run_id, sample_id)
    answer = api.get(path.removeprefix("/api/v1"))
    assert answer.status_code == 200
    assert answer.json["sample_id"] == sample_id


@pytest.mark.parametrize("sample_id", IDS)
def test_addresses_have_no_step_that_programs_take_out(app: Flask, sample_id: str) -> None:
    path = address_of(app, "runs.sample", "run", sample_id)
    steps = path.removeprefix("/runs/run/samples/").split("/")
    assert not {"", ".", ".."} & set(steps)
    assert path.isascii()
    assert not any(ord(char) < 33 for char in path)


@pytest.fixture
def long_run(app: Flask, owner: Account) -> str:
    with app.app_context():
        run_id = add_run(owner.id, status="completed", total=8)
        add_samples(
            run_id,
            *(
                {
                    "completion": f"{LONG}the end of {number}",
                    "answer": LONG,
                    "target": ["x" * 9_000] * 50,
                    "explanation": LONG,
                    "detail": {"judge_reply": LONG},
                    "input": [{"role": "user", "content": LONG}],
                }
                for number in range(3)
            ),
            *({} for _ in range(5)),
        )
    return run_id


def test_the_page_of_a_long_sample_is_short_and_leads_to_all_of_it(
    app: Flask, signed_in: FlaskClient, long_run: str
) -> None:
    path = address_of(app, "runs.sample", long_run, "s0")
    short = signed_in.get(path).text
    assert len(short) < 10 * sample_texts.TEXT_CHARS
    assert "the end of 0" not in short
    link = f"{path}?epoch=1&amp;show=all"
    assert link in short
    whole = signed_in.get(link.replace("&amp;", "&")).text
    assert "the end of 0" in whole
    assert "This sample is long" not in whole


def test_lists_of_long_samples_are_short(signed_in: FlaskClient, long_run: str) -> None:
    for path in (f"/runs/{long_run}", f"/runs/{long_run}/samples"):
        page = signed_in.get(path)
        assert page.status_code == 200
        assert len(page.text) < 200_000


def test_the_api_keeps_the_whole_and_lists_as_many_as_fit(api: ApiClient, long_run: str) -> None:
    one = api.get(f"/runs/{long_run}/samples/s0").json
    assert one["completion"] == f"{LONG}the end of 0"
    seen, cursor, pages = [], "", 0
    while True:
        page = api.get(
            f"/runs/{long_run}/samples", query_string={"limit": 5, "cursor": cursor}
        ).json
        assert page["total"] == 8
        # The last one is what made it too long.
        assert len(json.dumps(page["items"][:-1])) < sample_batches.BATCH_BYTES * 4
        seen += [item["sample_id"] for item in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1
        if not cursor:
            break
    assert seen == [f"s{number}" for number in range(8)]
    assert pages > 2


def test_a_page_is_short_in_bytes_whatever_its_characters_are(
    api: ApiClient, app: Flask, owner: Account
) -> None:
    """Thirty requests for answers of four bytes a character took 1.5 GB."""
    with app.app_context():
        run_id = add_run(owner.id, status="completed")
        emoji = "\N{GRINNING FACE}" * (sample_batches.BATCH_BYTES // 20)
        add_samples(run_id, *({"completion": emoji} for _ in range(12)))
    page = api.get(f"/runs/{run_id}/samples", query_string={"limit": 12})
    assert 5 <= len(page.json["items"]) <= 6
    assert len(page.data) < 2 * sample_batches.BATCH_BYTES
    assert page.json["next_cursor"]


def test_a_search_in_long_samples_goes_on_where_it_was_cut(api: ApiClient, long_run: str) -> None:
    seen, cursor = [], ""
    while True:
        query = {"q": "the end of", "cursor": cursor}
        page = api.get(f"/runs/{long_run}/samples", query_string=query).json
        assert page["total"] == 3
        seen += [item["sample_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen == ["s0", "s1", "s2"]


def test_an_export_has_all_of_long_samples(api: ApiClient, long_run: str) -> None:
    answer = api.get(f"/runs/{long_run}/export", query_string={"format": "jsonl"})
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert [row["sample_id"] for row in rows] == [f"s{number}" for number in range(8)]
    assert rows[2]["completion"] == f"{LONG}the end of 2"
