"""Benchmarks of an account's own data through the API: from a file to a run's score."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from tests.app_fixtures import ApiClient, Browser

ROWS = [
    {"q": f"What is {n} + {n}?", "a": 2 * n, "topic": "even" if n % 2 else "odd", "key": f"k{n}"}
    for n in range(1, 9)
]
COLUMNS = {"question": "q", "target": "a", "category": "topic", "id": "key"}
SUMS = {"name": "sums", "scorer": "exact/number", **COLUMNS}


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


def json_lines(rows: Any = ROWS) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def send(
    api: ApiClient, path: str, content: bytes, file_name: str = "rows.jsonl", **fields: Any
) -> TestResponse:
    form = {**fields, "file": FileStorage(io.BytesIO(content), file_name)}
    # Encoded here: the test client would leave a temporary file open for large ones.
    boundary, body = encode_multipart(form)
    kind = f"multipart/form-data; boundary={boundary}"
    answer: TestResponse = api.post(path, data=body, content_type=kind)
    return answer


def save(api: ApiClient, content: bytes | None = None, **fields: Any) -> TestResponse:
    return send(api, "/benchmarks/own", content or json_lines(), **{**SUMS, **fields})


def test_a_file_becomes_a_benchmark_that_is_listed_and_run_like_any_other(
    api: ApiClient, start_run: Any, work: Any
) -> None:
    made = save(api, title="Sums", description="Adding a number to itself.")
    assert made.status_code == 201, made.text
    assert made.headers["Location"] == "/api/v1/benchmarks/own/sums"
    own = made.json
    assert (own["name"], own["version"], own["samples"]) == ("own/sums", 1, 8)
    assert (own["category"], own["source"]["kind"], own["offline"]) == ("own", "own", True)
    assert own["example"]["messages"][0]["content"].startswith("What is 1 + 1?\n\n")
    assert own["example"]["target"] == "2"
    listed = api.get("/benchmarks?category=own").json["items"]
    assert [item["name"] for item in listed] == ["own/sums"]
    assert api.get("/benchmarks/own/sums").json == own

    estimate = api.post("/estimates", json={"benchmark": "own/sums", "model": "simulated/expert"})
    assert (estimate.status_code, estimate.json["calls"]) == (200, 8)
    assert "8 real prompts" in estimate.json["basis"]
    run_id = start_run(benchmark="own/sums", limit=None)
    assert work(run_id)["status"] == "completed"
    run = api.get(f"/runs/{run_id}").json
    assert (run["benchmark"], run["benchmark_version"], run["counts"]["done"]) == ("own/sums", 1, 8)
    assert run["score"]["value"] >= 0.5
    assert {item["key"] for item in run["breakdown"]} == {"even", "odd"}
    assert api.get(f"/runs/{run_id}/samples/k3").json["target"] == "6"


def test_a_csv_with_a_column_for_each_option(api: ApiClient, start_run: Any, work: Any) -> None:
    text = "question;A;B;C;right\n" + "".join(
        f'"Which is {n}?\nChoose.";one {n};two;three;one {n}\n' for n in range(5)
    )
    answer = send(
        api, "/benchmarks/own", text.encode("utf-8-sig"), "own.csv", name="letters",
        question="question", target="right", choices=["A", "B", "C"], scorer="mcq/inspect",
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    example = answer.json["example"]
    assert "Which is 0?\nChoose.\n\nA) one 0\nB) two\nC) three" in example["messages"][0]["content"]
    assert example["target"] == "A"
    assert work(start_run(benchmark="own/letters"))["error"] == 0


def test_a_second_file_is_a_second_version_and_runs_keep_theirs(
    api: ApiClient, start_run: Any, work: Any
) -> None:
    save(api)
    first = start_run(benchmark="own/sums")
    again = save(api, json_lines(ROWS[:3]))
    assert (again.status_code, again.json["version"], again.json["samples"]) == (201, 2, 3)
    row = work(first)
    assert (row["status"], row["benchmark_version"], row["done"]) == ("completed", 1, 5)
    second = work(start_run(benchmark="own/sums"))
    assert (second["benchmark_version"], second["done"]) == (2, 3)
    assert row["digests"]["dataset"] != second["digests"]["dataset"]


def test_a_preview_shows_columns_first_and_then_three_prompts(api: ApiClient) -> None:
    look = send(api, "/benchmarks/own/preview", json_lines())
    assert look.status_code == 200, look.text
    assert look.json["columns"] == ["q", "a", "topic", "key"]
    assert look.json["guess"]["category"] == "topic"
    assert (len(look.json["rows"]), look.json["prompts"]) == (3, None)
    assert look.json["row_count"] == len(ROWS)
    broken = send(api, "/benchmarks/own/preview", json_lines() * 5 + b"{")
    assert (broken.status_code, broken.json["row_count"]) == (200, None)
    fields = {**COLUMNS, "scorer": "exact/number", "prompt_template": "Q: {question} {x}\r\nA:"}
    shown = send(api, "/benchmarks/own/preview", json_lines(), **fields)
    assert [each["prompt"] for each in shown.json["prompts"]] == [
        f"Q: What is {n} + {n}? {{x}}\nA:" for n in (1, 2, 3)
    ]
    assert api.get("/benchmarks?category=own").json["items"] == []


@pytest.mark.parametrize(
    ("rows", "fields", "field", "words"),
    [
        ([*ROWS, {"q": "left", "topic": "x", "key": "z"}], {}, "target", "Line 9: has no column"),
        ([*ROWS, {**ROWS[0], "key": "z", "q": " "}], {}, "question", "Line 9: its 'q' is empty."),
        ([*ROWS, ROWS[2]], {}, "id", "Line 9: the id 'k3' occurs twice."),
        ([*ROWS, {**ROWS[0], "key": "z", "q": {}}], {}, "file", "should be text or a number"),
        ([*ROWS, {**ROWS[0], "key": "z" * 101}], {}, "id", "longer than 100 characters"),
        (ROWS, {"scorer": "mcq/inspect"}, "choices", "Line 1: has 0 options"),
        (ROWS, {"scorer": "code/mbpp_inspect"}, "scorer", "no such scorer"),
        (ROWS, {"prompt_template": "no place"}, "prompt_template", "needs {question}"),
        (ROWS, {"name": "../up"}, "name", "a-z"),
        (ROWS, {"name": "new"}, "name", "reserved for a built-in"),
        (ROWS, {"question": ""}, "question", "This field is required."),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_and_nothing_is_saved(
    api: ApiClient, rows: Any, fields: Any, field: str, words: str
) -> None:
    answer = save(api, json_lines(rows), **fields)
    assert answer.status_code == 422
    assert words in answer.json["errors"][field][0]
    assert api.get("/benchmarks?category=own").json["items"] == []


def test_only_a_form_with_a_file_is_taken(api: ApiClient, stranger_api: ApiClient) -> None:
    assert api.post("/benchmarks/own", json=SUMS).status_code == 415
    without = api.post("/benchmarks/own", data=SUMS, content_type="multipart/form-data")
    assert (without.status_code, list(without.json["errors"])) == (422, ["file"])
    assert save(stranger_api).status_code == 401


def test_more_than_the_limit_of_bytes_is_refused_and_less_than_it_is_not(api: ApiClient) -> None:
    row = json.dumps({"q": "x" * 900_000, "a": 1}).encode() + b"\n"
    fields = {**SUMS, "category": "", "id": ""}
    assert save(api, row * 4, **fields).status_code == 201  # more than other views take
    answer = save(api, row * 120, **fields)
    assert answer.status_code == 413


def test_own_benchmarks_are_private(api: ApiClient, second_api: ApiClient, start_run: Any) -> None:
    save(api)
    assert second_api.get("/benchmarks/own/sums").status_code == 404
    assert second_api.get("/benchmarks?category=own").json["items"] == []
    body = {"benchmark": "own/sums", "model": "simulated/expert"}
    assert second_api.post("/runs", json=body).status_code == 422
    assert second_api.post("/estimates", json=body).status_code == 422
    assert second_api.get("/models?benchmark=own/sums").status_code == 422
    assert second_api.delete("/benchmarks/own/sums").status_code == 404
    assert save(second_api, json_lines(ROWS[:2])).json["version"] == 1
    assert api.get("/benchmarks/own/sums").json["samples"] == 8


def test_deleting_waits_for_active_runs_and_keeps_finished_ones(
    api: ApiClient, app: Flask, start_run: Any, work: Any, tmp_path: Path
) -> None:
    save(api)
    run_id = start_run(benchmark="own/sums")
    assert api.delete("/benchmarks/own/sums").status_code == 409
    work(run_id)
    assert api.delete("/benchmarks/own/sums").status_code == 204
    assert api.get("/benchmarks/own/sums").status_code == 404
    assert api.get(f"/runs/{run_id}").json["score"] is not None
    assert [path for path in (tmp_path / "own").rglob("*") if path.is_file()] == []


def test_a_run_of_a_benchmark_that_is_gone_says_so(
    api: ApiClient, start_run: Any, work: Any
) -> None:
    save(api)
    run_id = start_run(benchmark="own/sums")
    api.post(f"/runs/{run_id}/cancel", json={})
    api.delete("/benchmarks/own/sums")
    assert api.post(f"/runs/{run_id}/resume", json={}).status_code == 202
    assert work(run_id)["failure"]["code"] == "benchmark_gone"


def test_a_file_that_was_changed_on_disk_stops_the_run_before_the_first_call(
    api: ApiClient, start_run: Any, work: Any, tmp_path: Path
) -> None:
    save(api)
    [path] = (tmp_path / "own").rglob("1.jsonl")
    run_id = start_run(benchmark="own/sums")
    path.write_bytes(path.read_bytes() + b"{}\n")
    row = work(run_id)
    assert (row["status"], row["failure"]["code"], row["done"]) == ("failed", "dataset_digest", 0)


def test_a_judge_scores_own_questions(api: ApiClient, start_run: Any, work: Any) -> None:
    made = save(api, scorer="judge/simpleqa_inspect")
    assert made.json["requirements"] == ["judge"]
    row = work(start_run(benchmark="own/sums", judge="simulated/expert"))
    assert (row["status"], row["error"]) == ("completed", 0)
    assert row["correct"] >= 2


def test_the_description_of_the_api_has_the_form(api: ApiClient) -> None:
    document = api.get("/openapi.json").json
    operation = document["paths"]["/api/v1/benchmarks/own"]["post"]
    schema = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert schema["properties"]["file"]["format"] == "binary"
    assert {"file", "name", "question", "target", "scorer"} <= set(schema["required"])


def test_an_older_version_can_be_run_and_is_kept_by_a_duplicate(
    api: ApiClient, signed_in: Browser, start_run: Any, work: Any
) -> None:
    save(api)
    save(api, json_lines(ROWS[:3]))
    listed = api.get("/benchmarks/own/sums").json["versions"]
    assert [(each["version"], each["samples"]) for each in listed] == [(2, 3), (1, 8)]
    run = {"benchmark": "own/sums", "limit": None}
    latest, old = start_run(**run), start_run(**run, benchmark_version=1)
    written = start_run(**{**run, "benchmark": "own/sums@1"})
    assert work(old)["status"] == work(written)["status"] == "completed"

    def shown(run_id: str) -> tuple[str, int, int]:
        row = api.get(f"/runs/{run_id}").json
        return row["benchmark"], row["benchmark_version"], row["counts"]["total"]

    assert shown(latest) == ("own/sums", 2, 3)
    assert shown(old) == shown(written) == ("own/sums", 1, 8)
    again = api.post(f"/runs/{old}/duplicate").json["run_id"]
    assert shown(again) == ("own/sums", 1, 8)
    page = signed_in.get(f"/runs/new?from={old}").text
    (field,) = re.findall(r"<input[^>]*name=\"benchmark_version\"[^>]*>", page)
    assert 'value="1"' in field
    assert "benchmark_version=1" in signed_in.get("/benchmarks/own/sums").text


def test_versions_are_compared_on_the_questions_that_kept_their_id(
    api: ApiClient, start_run: Any, work: Any
) -> None:
    save(api)
    changed = [{**ROWS[0], "q": "What is 7 + 7?", "a": 14}, *ROWS[1:5]]
    save(api, json_lines(changed))
    ids = [start_run(benchmark=f"own/sums@{version}", limit=None) for version in (1, 2)]
    for run_id in ids:
        assert work(run_id)["status"] == "completed"
    compared = api.get(f"/compare?run_ids={','.join(ids)}").json
    assert compared["common_samples"] == 4
    assert compared["pairs"][0]["n"] == 4
    assert any("where id and question are the same" in each for each in compared["warnings"])


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"benchmark": "own/sums", "benchmark_version": 9}, "benchmark_version"),
        ({"benchmark": "own/sums@9"}, "benchmark_version"),
        ({"benchmark": "own/sums@x"}, "benchmark"),
        ({"benchmark": "gen_chain_sum", "benchmark_version": 99}, "benchmark_version"),
    ],
)
def test_a_version_that_does_not_exist_is_refused(
    api: ApiClient, fields: dict[str, Any], field: str
) -> None:
    save(api)
    for path in ("/runs", "/estimates"):
        refused = api.post(path, json={"model": "simulated/expert", **fields})
        assert (refused.status_code, list(refused.json["errors"])) == (422, [field])


OPTIONS = {"label": ["1", "2", "3", "4"], "text": ["red", "blue", "green", "grey"]}


def test_labels_of_the_data_say_which_option_is_right(api: ApiClient) -> None:
    rows = [{"q": "Which?", "o": OPTIONS, "a": "2"}]
    made = send(
        api, "/benchmarks/own", json.dumps(rows, indent=1).encode(), "own.json", name="labels",
        question="q", target="a", choices=["o"], scorer="mcq/inspect",
    )  # fmt: skip
    assert made.status_code == 201, made.text
    assert made.json["scorer"] == "choice/studio"
    assert made.json["example"]["target"] == "B"


def test_a_target_that_can_never_match_is_refused_with_its_line(api: ApiClient) -> None:
    answer = save(api, json_lines([*ROWS, {"q": "?", "a": "about five", "key": "z"}]))
    assert answer.status_code == 422
    assert answer.json["errors"]["target"][0].startswith("Line 9: its 'a' is 'about five'")


def test_a_prompt_that_contradicts_the_scorer_is_warned_about(api: ApiClient) -> None:
    fields = {**COLUMNS, "scorer": "exact/number", "prompt_template": "{question}"}
    shown = send(api, "/benchmarks/own/preview", json_lines(), **fields)
    assert "ANSWER:" in shown.json["warnings"][0]
    assert save(api, prompt_template="{question}").json["warnings"] == shown.json["warnings"]
    assert save(api).json["warnings"] == []


def test_code_is_run_with_the_tests_that_the_target_holds(api: ApiClient) -> None:
    made = save(api, json_lines([{"q": "Write add.", "a": "assert add(1, 2) == 3"}]),
                scorer="code/studio", category="", id="")  # fmt: skip
    assert (made.status_code, made.json["requirements"]) == (201, ["sandbox"])
