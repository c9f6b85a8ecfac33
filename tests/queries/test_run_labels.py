"""What runs that are compared are called."""

from __future__ import annotations

from typing import Any

from app.models import Run
from app.queries.differences import differences_of
from app.queries.run_labels import RunLabel, labels_of
from tests.run_fixtures import CONFIG


def labels(*runs: dict[str, Any]) -> list[RunLabel]:
    rows = [
        Run(
            **{
                "benchmark": "gsm8k",
                "benchmark_version": 1,
                "protocol": "studio",
                "model": "x/m",
                "digests": {},
                **each,
                "config": {**CONFIG, **each.get("config", {})},
            }
        )
        for each in runs
    ]
    return labels_of(rows, differences_of(rows))


def names(*runs: dict[str, Any]) -> list[str]:
    return [label.name for label in labels(*runs)]


def test_different_models_are_called_by_their_names() -> None:
    assert names({}, {"model": "y/n"}) == ["x/m", "y/n"]
    hot = {"model": "y/n", "config": {"temperature": 1.0}}
    assert labels({}, hot)[1] == RunLabel("y/n", "temperature 1")


def test_runs_of_one_model_are_called_by_what_differs() -> None:
    assert names({}, {"config": {"temperature": 0.7}}) == ["temperature 0", "temperature 0.7"]
    assert names({}, {"protocol": "inspect"}) == ["studio protocol", "inspect protocol"]
    long = {"config": {"system_message": "You are a careful mathematician."}}
    assert names({}, long) == ["no system message", "system message You are a careful mathe…"]


def test_of_several_models_those_that_are_alike_say_what_differs_too() -> None:
    hot = {"config": {"temperature": 1.0}}
    assert names({}, hot, {"model": "y/n"}) == [
        "x/m, temperature 0",
        "x/m, temperature 1",
        "y/n, temperature 0",
    ]


def test_runs_that_do_not_differ_get_letters_and_digests_stand_in_where_nothing_else_differs() -> (
    None
):
    assert names({}, {}) == ["x/m (A)", "x/m (B)"]
    other = {"digests": {"prompt": "abc"}}
    assert names({"digests": {"prompt": "def"}}, other) == ["prompt def", "prompt abc"]
