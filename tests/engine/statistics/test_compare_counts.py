"""Comparing by how often each pair of scores occurs: what all pairs give, to the last bit."""

from __future__ import annotations

import math
from collections import Counter
from random import Random

import pytest

from app.engine.statistics.comparison import Pair, compare_counts

GRADES = {
    "right or wrong": [0.0, 1.0],
    "thirds": [0.0, 1 / 3, 2 / 3, 1.0],
    "tenths": [n / 10 for n in range(11)],
    "tiny and large": [1e-300, 1e-9, 0.1, 1.0],
}


def drawn(grades: list[float], n: int) -> list[Pair]:
    rng = Random(f"{grades} {n}")  # noqa: S311 - test data
    return [(rng.choice(grades), rng.choice(grades)) for _ in range(n)]


@pytest.mark.parametrize("name", sorted(GRADES))
@pytest.mark.parametrize("n", [1, 2, 7, 150, 5_000])
def test_means_are_the_correctly_rounded_ones_of_all_pairs(name: str, n: int) -> None:
    pairs = drawn(GRADES[name], n)
    found = compare_counts(Counter(pairs))
    assert found is not None
    differences = [b - a for a, b in pairs]
    assert found.n == n
    assert found.difference == math.fsum(differences) / n
    assert found.baseline == math.fsum(a for a, _ in pairs) / n
    assert found.candidate == math.fsum(b for _, b in pairs) / n
    assert found.flips == (
        sum(d > 0 for d in differences),
        sum(d < 0 for d in differences),
        n - sum(d != 0 for d in differences),
    )


@pytest.mark.parametrize("name", sorted(GRADES))
def test_the_interval_is_that_of_all_pairs(name: str) -> None:
    pairs = drawn(GRADES[name], 300)
    found = compare_counts(Counter(pairs))
    assert found is not None
    if found.method == "paired_t":
        mean = math.fsum(b - a for a, b in pairs) / 300
        spread = math.sqrt(math.fsum((b - a - mean) ** 2 for a, b in pairs) / 299)
        assert found.ci95 is not None
        assert found.ci95[1] - mean == pytest.approx(1.9679 * spread / math.sqrt(300), rel=1e-4)


def test_a_million_samples_are_as_quick_as_four() -> None:
    counts = {(0.0, 1.0): 120_001, (1.0, 0.0): 119_000, (1.0, 1.0): 500_000, (0.0, 0.0): 260_999}
    found = compare_counts(counts)
    assert found is not None
    assert (found.n, found.difference) == (1_000_000, 0.001001)
    assert found.flips == (120_001, 119_000, 760_999)


def test_nothing_to_compare() -> None:
    assert compare_counts({}) is None
