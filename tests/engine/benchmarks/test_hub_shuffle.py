"""The shuffle is the one of the hub's library."""

from __future__ import annotations

import pytest

from app.engine.benchmarks.hub_shuffle import hub_permutation


def test_known_orders() -> None:
    assert hub_permutation(7473, 42)[:10] == (
        3082, 2184, 5897, 2437, 6330, 819, 3812, 5878, 5302, 5876,
    )  # fmt: skip
    assert hub_permutation(1, 42) == (0,)
    assert hub_permutation(0, 42) == ()


@pytest.mark.parametrize(("size", "seed"), [(2, 0), (817, 42), (1000, 7), (4096, 2**31)])
def test_equals_numpy(size: int, seed: int) -> None:
    numpy = pytest.importorskip("numpy")
    assert hub_permutation(size, seed) == tuple(numpy.random.default_rng(seed).permutation(size))
