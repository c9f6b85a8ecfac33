"""Comparison of runs: paired by sample, and careful about what is comparable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from flask import Flask

from app.services.accounts.accounts import Account
from tests.app_fixtures import ApiClient
from tests.run_fixtures import add_run, add_samples

DIGESTS = {"dataset": "d", "prompt": "p", "scorer": "s", "parameters": "x", "engine": "1"}


def finished(owner: Account, scores: Sequence[float | None], **columns: Any) -> str:
    values: dict[str, Any] = {
        "status": "completed",
        "digests": DIGESTS,
        "simulated": False,
        "done": len(scores),
        "score": {
            "metric": "accuracy",
            "value": 0.5,
            "stderr": 0.1,
            "ci95": [0.3, 0.7],
            "bounds": [0.5, 0.5],
            "n": len(scores),
        },
        **columns,
    }
    run_id = add_run(owner.id, **values)
    outcomes = {1.0: "correct", 0.0: "incorrect", None: "error"}
    add_samples(
        run_id,
        *[{"score": score, "outcome": outcomes.get(score, "partial")} for score in scores],
    )
    return run_id


def compared(api: ApiClient, *ids: str) -> dict[str, Any]:
    answer = api.get(f"/compare?run_ids={','.join(ids)}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def test_identical_runs_do_not_differ(app: Flask, api: ApiClient, owner: Account) -> None:
    with app.app_context():
        ids = [finished(owner, [1.0, 0.0] * 10) for _ in range(2)]
    shown = compared(api, *ids)
    assert (shown["comparable"], shown["warnings"], shown["common_samples"]) == (True, [], 20)
    (pair,) = shown["pairs"]
    assert (pair["a"], pair["b"], pair["difference"], pair["n"]) == (*ids, 0, 20)
    assert f"{pair['a_model']} (B) and {pair['b_model']} (A) score the same" in pair["verdict"]
    assert (pair["wins"], pair["losses"], pair["ties"]) == (0, 0, 20)
    assert pair["p_value"] in (None, 1.0)
    assert (shown["flips"], shown["flips_total"]) == ([], 0)
    assert [run["run_id"] for run in shown["runs"]] == ids


def test_a_clearly_better_run_is_called_better(app: Flask, api: ApiClient, owner: Account) -> None:
    with app.app_context():
        a = finished(owner, [0.0] * 18 + [1.0] * 12, model="x/weak")
        b = finished(owner, [1.0] * 30, model="x/strong")
    shown = compared(api, a, b)
    (pair,) = shown["pairs"]
    assert pair["difference"] == pytest.approx(0.6)
    assert (pair["wins"], pair["losses"]) == (18, 0)
    assert pair["p_value"] < 0.001
    assert pair["p_value_adjusted"] == pair["p_value"]
    assert pair["ci95"][0] > 0
    assert pair["method"] == "McNemar's exact test"
    assert "x/strong" in pair["verdict"]
    assert shown["flips_total"] == 18
    flip = shown["flips"][0]
    assert (flip["sample_id"], flip["preview"], flip["target"]) == ("s0", "question 0", "4")
    assert [cell["outcome"] for cell in flip["cells"]] == ["incorrect", "correct"]


def test_all_flips_can_be_read(app: Flask, api: ApiClient, owner: Account) -> None:
    with app.app_context():
        ids = [finished(owner, [score] * 230) for score in (0.0, 1.0)]
    address = f"/compare?run_ids={','.join(ids)}&flips_from="
    pages = [api.get(f"{address}{start}").json for start in (0, 100, 200)]
    assert [page["flips_next"] for page in pages] == [100, 200, None]
    seen = [flip["sample_id"] for page in pages for flip in page["flips"]]
    assert seen == [f"s{n}" for n in range(230)]
    beyond = api.get(f"{address}230").json
    assert (beyond["flips"], beyond["flips_total"], beyond["flips_next"]) == ([], 230, None)
    assert api.get(f"{address}-1").status_code == 422


def test_graded_scores_are_compared_by_their_differences(
    app: Flask, api: ApiClient, owner: Account
) -> None:
    with app.app_context():
        a = finished(owner, [0.2, 0.4, 0.5, 0.9] * 5)
        b = finished(owner, [0.3, 0.4, 0.7, 0.95] * 5)
    (pair,) = compared(api, a, b)["pairs"]
    assert pair["method"] == "paired t test"
    assert pair["difference"] == pytest.approx(0.0875)


def test_several_pairs_are_corrected_and_the_first_run_is_the_baseline(
    app: Flask, api: ApiClient, owner: Account
) -> None:
    with app.app_context():
        ids = [finished(owner, [1.0] * n + [0.0] * (20 - n)) for n in (4, 10, 14)]
    shown = compared(api, *ids)
    assert [(pair["a"], pair["b"]) for pair in shown["pairs"]] == [
        (ids[0], ids[1]),
        (ids[0], ids[2]),
        (ids[1], ids[2]),
    ]
    assert all("Holm" in pair["method"] for pair in shown["pairs"])
    assert all(pair["p_value_adjusted"] >= pair["p_value"] for pair in shown["pairs"])
    assert all(len(flip["cells"]) == 3 for flip in shown["flips"])


def test_different_benchmarks_are_refused(app: Flask, api: ApiClient, owner: Account) -> None:
    with app.app_context():
        ids = [finished(owner, [1.0]), finished(owner, [1.0], benchmark="gsm8k")]
    shown = compared(api, *ids)
    assert (shown["comparable"], shown["pairs"]) == (False, [])
    assert "different benchmarks (gen_chain_sum, gsm8k)" in shown["warnings"][0]


def test_what_differs_is_named(app: Flask, api: ApiClient, owner: Account) -> None:
    with app.app_context():
        a = finished(owner, [1.0, 0.0, None, 1.0])
        b = finished(
            owner,
            [1.0, 0.0, 1.0, 1.0],
            digests={**DIGESTS, "dataset": "other", "prompt": "other"},
            benchmark_version=99,
            protocol="openbench",
            simulated=True,
            status="canceled",
        )
    shown = compared(api, a, b)
    assert shown["comparable"]
    assert shown["common_samples"] == 3
    text = "\n".join(shown["warnings"])
    for words in (
        "the questions (dataset)",
        "the prompt",
        "benchmark_version",
        "different protocols (openbench, studio)",
        "Only the 3 samples",
        "simulated models",
        "1 of the runs did not complete",
    ):
        assert words in text
    assert "the scorer" not in text


def test_parameters_that_differ_are_named_with_their_values(
    app: Flask, api: ApiClient, owner: Account
) -> None:
    with app.app_context():
        no_limit = {"max_tokens": 512, "max_tokens_is_default": True}
        a = finished(owner, [1.0], config={"temperature": 0.0, "max_retries": 1, **no_limit})
        b = finished(
            owner,
            [1.0],
            config={
                "temperature": 0.7,
                "seed": 3,
                "stop": ["\n"],
                "epochs": 2,
                "judge": "x/y",
                "max_retries": 2,
            },
            digests={**DIGESTS, "engine": "9.9.9", "scorer": "exact/text@1 by x/y"},
        )  # fmt: skip
        c = finished(owner, [1.0], config={"temperature": 0.7})
    shown = compared(api, a, b)
    text = "\n".join(shown["warnings"])
    for words in (
        "differ in temperature: 0 and 0.7",
        "differ in seed: default and 3",
        r'stop sequences (stop): none and ["\n"]',
        "epochs: 1 and 2",
        "the judge: none and x/y",
        f"the version of the Studio (engine): {DIGESTS['engine']} and 9.9.9",
    ):
        assert words in text
    assert "max_retries" not in text
    assert "is_default" not in text
    assert {"field": "temperature", "values": [0.0, 0.7]} in shown["differences"]
    three = "\n".join(compared(api, a, b, c)["warnings"])
    assert "temperature: 0, 0.7, 0.7" in three


def test_versions_of_own_data_are_not_called_the_scorer(
    app: Flask, api: ApiClient, owner: Account
) -> None:
    with app.app_context():
        a, b = (
            finished(
                owner,
                [1.0],
                benchmark="own/sums",
                benchmark_version=version,
                digests={
                    **DIGESTS,
                    "dataset": f"{version}0abcdef99",
                    "scorer": f"exact/number@{version}",
                },
            )
            for version in (1, 2)
        )
    text = "\n".join(compared(api, a, b)["warnings"])
    assert "different versions of your data (benchmark_version): 1 and 2" in text
    assert "the questions (dataset): 10abcdef and 20abcdef" in text
    assert "scorer" not in text
    assert "where rows of the file moved, different questions are compared" in text


def test_scorers_and_judges_that_differ_are_told_apart(
    app: Flask, api: ApiClient, owner: Account
) -> None:
    with app.app_context():
        a = finished(owner, [1.0], digests={**DIGESTS, "scorer": "exact/text@1"})
        b = finished(owner, [1.0], digests={**DIGESTS, "scorer": "exact/number@1"})
    assert compared(api, a, b)["warnings"] == [
        "The runs differ in the scorer: exact/text and exact/number."
    ]


def test_runs_without_a_common_sample_are_not_comparable(
    app: Flask, api: ApiClient, owner: Account
) -> None:
    with app.app_context():
        ids = [finished(owner, [1.0, None]), finished(owner, [None, 1.0])]
    shown = compared(api, *ids)
    assert (shown["comparable"], shown["common_samples"], shown["pairs"]) == (False, 0, [])
    assert "The runs have no scored sample in common." in shown["warnings"]


def test_epochs_of_a_sample_are_averaged(app: Flask, api: ApiClient, owner: Account) -> None:
    with app.app_context():
        a = add_run(owner.id, status="completed", digests=DIGESTS, config={"epochs": 2})
        add_samples(
            a,
            {"sample_id": "s0", "score": 1.0, "epoch": 1},
            {"sample_id": "s0", "score": 0.0, "epoch": 2},
            {"sample_id": "s1", "score": 1.0},
        )
        b = finished(owner, [1.0, 1.0])
    (pair,) = compared(api, a, b)["pairs"]
    assert (pair["n"], pair["difference"]) == (2, 0.25)


@pytest.mark.parametrize("ids", ["", "one", "one,one", ",".join("abcdefg")])
def test_two_to_six_different_runs_are_needed(api: ApiClient, ids: str) -> None:
    refused = api.get(f"/compare?run_ids={ids}")
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["run_ids"])


def test_an_unknown_run_is_not_found(app: Flask, api: ApiClient, owner: Account) -> None:
    with app.app_context():
        run_id = finished(owner, [1.0])
    assert api.get(f"/compare?run_ids={run_id},unknown").status_code == 404


def test_categories_are_compared_and_corrected_together(
    app: Flask, api: ApiClient, owner: Account
) -> None:
    with app.app_context():
        ids = [add_run(owner.id, status="completed", done=60) for _ in range(2)]
        for run_id, right in zip(ids, (0, 30), strict=True):
            add_samples(
                run_id,
                *[
                    {"category": "ab"[at // 30], "score": float(at < right or at >= 55)}
                    for at in range(60)
                ],
            )
    shown = compared(api, *ids)
    first, second = shown["categories"]
    assert (first["category"], first["n"], first["difference"]) == ("a", 30, 1.0)
    assert first["p_value"] < first["p_value_adjusted"] < 0.001
    assert first["ci95"][0] > 0
    assert (second["category"], second["difference"], second["p_value_adjusted"]) == ("b", 0, 1)
    assert [label["rest"] for label in shown["labels"]] == ["", ""]


def test_other_samples_than_the_flips_can_be_listed(
    app: Flask, api: ApiClient, owner: Account
) -> None:
    with app.app_context():
        ids = [finished(owner, scores) for scores in ([1, 0, 0], [0, 1, 0], [1, 1, 1])]
    address = f"/compare?run_ids={','.join(ids)}"

    def listed(more: str) -> list[str]:
        return [flip["sample_id"] for flip in api.get(f"{address}&{more}").json["flips"]]

    assert listed("show=worse") == ["s0"]
    assert listed("show=both_wrong") == ["s2"]
    assert listed(f"show=better&against={ids[2]}") == ["s1", "s2"]
    assert listed("show=all&category=none") == []
    assert api.get(f"{address}&show=nice").status_code == 422
    wrong = api.get(f"{address}&against={ids[0]}")
    assert (wrong.status_code, "against" in wrong.json["errors"]) == (422, True)
