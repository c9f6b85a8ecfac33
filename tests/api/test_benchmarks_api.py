"""The catalog through the API: found, described, honest about what cannot run here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.engine.benchmarks.benchmark_registry import all_benchmarks
from app.queries import benchmarks
from app.services.accounts.accounts import Account
from tests.app_fixtures import ApiClient, _api_of, make_settings


def test_the_whole_catalog_is_listed_page_by_page(api: ApiClient) -> None:
    names, cursor = [], ""
    while True:
        page = api.get("/benchmarks", query_string={"limit": 25, "cursor": cursor}).json
        names += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert sorted(names) == list(all_benchmarks())
    assert page["total"] == len(names)


def test_a_benchmark_in_the_list_says_what_it_is(api: ApiClient) -> None:
    (item,) = api.get("/benchmarks?q=gsm8k").json["items"]
    assert (item["name"], item["category"], item["samples"]) == ("gsm8k", "math", 1319)
    assert item["source"]["kind"] == "hub"
    assert item["source"]["dataset"] == "openai/gsm8k"
    assert item["source"]["revision"]
    assert item["source"]["url"].endswith("/openai/gsm8k")
    assert {"title", "version", "description", "license", "metric", "scorer"} <= set(item)
    assert (item["offline"], item["available"]) == (False, False)
    assert "OFFLINE" in item["unavailable_reason"]


def test_the_list_is_filtered(api: ApiClient) -> None:
    def names(**query: str) -> list[str]:
        return [item["name"] for item in api.get("/benchmarks", query_string=query).json["items"]]

    assert set(names(q="grade school")) <= {"gsm8k", "mgsm"}
    assert names(q="grade zebra") == []
    assert "humaneval" in names(category="coding")
    offline = names(offline="true")
    assert offline
    assert all(name.startswith("gen_") for name in offline)
    assert len(names(offline="false", limit="200")) == len(all_benchmarks())


def test_the_detail_has_prompt_example_and_source(api: ApiClient) -> None:
    shown = api.get("/benchmarks/gen_chain_sum").json
    assert shown["example"]["messages"][-1]["role"] == "user"
    assert shown["example"]["target"]
    assert shown["prompt_template"]
    assert shown["source"] == {"kind": "generated", "dataset": None, "revision": None, "url": None}
    assert (shown["offline"], shown["available"]) == (True, True)
    gone = api.get("/benchmarks/gsm8k").json
    assert gone["example"] is None  # its data is not here
    assert gone["fewshot"] == all_benchmarks()["gsm8k"].protocol().fewshot
    missing = api.get("/benchmarks/nothing")
    assert (missing.status_code, missing.json["code"]) == (404, "benchmark_not_found")


def test_a_dataset_that_is_fetched_by_address_names_it(api: ApiClient) -> None:
    kinds = {
        name: api.get(f"/benchmarks/{name}").json["source"]["kind"]
        for name in ("simpleqa", "gsm8k", "gen_primes")
    }
    assert set(kinds.values()) <= {"url", "hub", "generated"}
    assert (kinds["gsm8k"], kinds["gen_primes"]) == ("hub", "generated")


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    online = make_settings(tmp_path, offline=False)
    allowed = make_settings(tmp_path, offline=False, allow_code_execution=True, hf_token="hf_x")
    reason = benchmarks.unavailable_reason
    catalog = all_benchmarks()
    assert "ALLOW_CODE_EXECUTION" in str(reason(catalog["humaneval"], online))
    assert "HF_TOKEN" in str(reason(catalog["gpqa_diamond"], online))
    assert reason(catalog["gsm8k"], online) is None
    assert reason(catalog["humaneval"], allowed) is None
    assert reason(catalog["gpqa_diamond"], allowed) is None


def test_an_example_appears_once_the_data_is_here(
    make_app: Callable[..., Flask], owner: Account, test_data: Path, tmp_path: Path
) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    client = _api_of(make_app(datasets_dir=mirror), owner)
    assert client.get("/benchmarks/gsm8k").json["example"] is None
    (mirror / "openai__gsm8k").symlink_to(test_data / "datasets" / "openai__gsm8k")
    assert client.get("/benchmarks/gsm8k").json["example"]["messages"]


def test_broken_data_has_no_example_but_a_page(
    make_app: Callable[..., Flask],
    owner: Account,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "mirror" / "openai__gsm8k" / "main"
    folder.mkdir(parents=True)
    for split in ("test", "train"):
        (folder / f"{split}.jsonl").write_text("{broken\n")
    client = _api_of(make_app(datasets_dir=tmp_path / "mirror"), owner)
    answer: Any = client.get("/benchmarks/gsm8k")
    assert (answer.status_code, answer.json["example"]) == (200, None)
    assert "no preview" in capsys.readouterr().err
