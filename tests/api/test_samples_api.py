"""Samples of a run: listed, filtered, found, exported."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from flask import Flask

from app.queries import samples as sample_queries
from app.services.accounts.accounts import Account
from tests.app_fixtures import ApiClient
from tests.run_fixtures import add_run, add_samples

FORMULA = '=HYPERLINK("http://evil","x")'


@pytest.fixture
def run_id(app: Flask, owner: Account) -> str:
    with app.app_context():
        made = add_run(owner.id, status="completed", total=6)
        add_samples(
            made,
            {"category": "easy"},
            {"outcome": "incorrect", "score": 0.0, "completion": "ANSWER: 100%", "answer": "100%"},
            {"outcome": "error", "score": None, "error": {"code": "timeout", "message": "Late."}},
            {
                "category": "hard",
                "target": ["4", "four"],
                "completion": FORMULA,
                "answer": "-4",
                "explanation": "line one\nline two, with a comma",
                "input": [{"role": "user", "content": 'Wie groß ist "π"?\nNeue Zeile'}],
            },
            {
                "outcome": "truncated",
                "score": 0.5,
                "completion": "\tTab",
                "answer": "@x",
                "input": [{"role": "user", "content": "An example. Which whale?"}],
                "question": "Which whale?",
            },
            {"sample_id": "dir/with slash", "category": "hard"},
        )
    return made


def test_samples_come_page_by_page_in_the_benchmarks_order(api: ApiClient, run_id: str) -> None:
    seen, cursor = [], ""
    while True:
        page = api.get(f"/runs/{run_id}/samples", query_string={"limit": 4, "cursor": cursor}).json
        assert page["total"] == 6
        seen += [item["sample_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen == ["s0", "s1", "s2", "s3", "s4", "dir/with slash"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"outcome": "error"}, ["s2"]),
        ({"outcome": "error,truncated"}, ["s2", "s4"]),
        ({"category": "hard"}, ["s3", "dir/with slash"]),
        ({"category": "hard", "outcome": "error"}, []),
        ({"q": "s1"}, ["s1"]),
        ({"q": "100%"}, ["s1"]),
        ({"q": "QUESTION 2"}, ["s2"]),
        ({"q": "groß"}, ["s3"]),
        ({"q": '"π"'}, ["s3"]),
        ({"q": "hyperlink"}, ["s3"]),
        ({"q": "_"}, []),
        ({"q": "four"}, ["s3"]),
        ({"q": "example"}, []),
        ({"q": "whale"}, ["s4"]),
    ],
)
def test_samples_are_filtered(
    api: ApiClient, run_id: str, query: dict[str, str], expected: list[str]
) -> None:
    page = api.get(f"/runs/{run_id}/samples", query_string=query).json
    assert [item["sample_id"] for item in page["items"]] == expected
    assert page["total"] == len(expected)


def test_one_sample_is_found_by_id_and_epoch(api: ApiClient, run_id: str) -> None:
    found = api.get(f"/runs/{run_id}/samples/dir/with slash")
    assert found.json["sample_id"] == "dir/with slash"
    assert api.get(f"/runs/{run_id}/samples/s0?epoch=2").json["code"] == "sample_not_found"
    assert api.get(f"/runs/{run_id}/samples/nothing").status_code == 404
    assert api.get(f"/runs/{run_id}/samples/s0?epoch=0").status_code == 422


def test_a_csv_holds_every_field_and_no_formula(api: ApiClient, run_id: str) -> None:
    answer = api.get(f"/runs/{run_id}/export?format=csv")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.mimetype == "text/csv"
    name = f"gen_chain_sum-simulated-expert-{run_id}.csv"
    assert f'filename="{name}"' in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["sample_id"] for row in rows][:3] == ["s0", "s1", "s2"]
    odd = rows[3]
    assert odd["completion"] == f"'{FORMULA}"
    assert odd["answer"] == "-4"
    assert json.loads(odd["target"]) == ["4", "four"]
    assert odd["explanation"] == "line one\nline two, with a comma"
    assert json.loads(odd["input"])[0]["content"].startswith('Wie groß ist "π"')
    assert (rows[4]["completion"], rows[4]["answer"]) == ("'\tTab", "'@x")
    assert (rows[0]["score"], rows[2]["score"]) == ("1.0", "")
    assert not any(
        cell.startswith(("=", "+", "@", "\t", "\r")) for row in rows for cell in row.values()
    )


def test_a_csv_for_excel_begins_with_a_byte_order_mark(api: ApiClient, run_id: str) -> None:
    plain = api.get(f"/runs/{run_id}/export?format=csv").text
    assert not plain.startswith("\ufeff")
    assert api.get(f"/runs/{run_id}/export?format=csv&bom=true").text == "\ufeff" + plain


def test_json_lines_and_json_are_what_the_api_shows(api: ApiClient, run_id: str) -> None:
    shown = api.get(f"/runs/{run_id}/samples").json["items"]
    lines = api.get(f"/runs/{run_id}/export?format=jsonl")
    assert lines.mimetype == "application/x-ndjson"
    assert [json.loads(line) for line in lines.text.splitlines()] == shown
    whole = json.loads(api.get(f"/runs/{run_id}/export?format=json").text)
    assert whole["samples"] == shown
    assert {**whole["run"], "rescorings": []} == api.get(f"/runs/{run_id}").json


def test_an_empty_run_exports_an_empty_file(app: Flask, api: ApiClient, owner: Account) -> None:
    with app.app_context():
        empty = add_run(owner.id)
    assert api.get(f"/runs/{empty}/export?format=csv").text.count("\n") == 1
    assert json.loads(api.get(f"/runs/{empty}/export?format=json").text)["samples"] == []
    assert api.get(f"/runs/{empty}/export?format=xml").status_code == 422


def test_an_export_holds_every_epoch_across_its_batches(
    app: Flask, api: ApiClient, owner: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample_queries, "EXPORT_BATCH", 4)
    rows: list[dict[str, Any]] = [
        {"sample_id": f"s{position}", "position": position, "epoch": epoch}
        for position in range(5)
        for epoch in (1, 2, 3)
    ]
    with app.app_context():
        run_id = add_run(owner.id, config={"epochs": 3})
        add_samples(run_id, *rows)
    lines = api.get(f"/runs/{run_id}/export?format=jsonl").text.splitlines()
    found = [(item["sample_id"], item["epoch"]) for item in map(json.loads, lines)]
    assert found == [(row["sample_id"], row["epoch"]) for row in rows]


def test_a_place_for_a_download_is_free_again_when_it_was_sent(api: ApiClient, run_id: str) -> None:
    address = f"/runs/{run_id}/export?format=csv"
    for _ in range(5):
        assert api.call("HEAD", address).status_code == 200  # nothing of it is sent
        assert api.get(address).data
