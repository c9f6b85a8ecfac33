from __future__ import annotations

import pytest

from app.charts.scale import Scale, padded


def test_a_linear_scale_maps_its_range_to_0_to_1_and_clamps() -> None:
    scale = Scale(10, 20)
    assert [scale(v) for v in (5, 10, 15, 20, 25)] == [0, 0, 0.5, 1, 1]


def test_a_logarithmic_scale_maps_ratios_to_distances() -> None:
    scale = Scale(0.01, 100, log=True)
    assert [scale(v) for v in (0.01, 1, 100)] == pytest.approx([0, 0.5, 1])
    assert scale(0) == 0
    with pytest.raises(ValueError, match="above 0"):
        Scale(0, 1, log=True)


def test_ticks_are_round_and_in_range() -> None:
    assert Scale(0, 1).ticks(5) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert Scale(0.37, 0.93).ticks(5) == [0.4, 0.6, 0.8]
    assert Scale(0, 14042).ticks(6) == [0, 2500, 5000, 7500, 10000, 12500]
    assert Scale(0.05, 3, log=True).ticks() == pytest.approx([0.05, 0.1, 0.2, 0.5, 1, 2])
    assert Scale(3, 3).ticks() == [3]


def test_a_scale_around_values_has_room_but_keeps_the_limits() -> None:
    scale = padded([0.5, 0.99], floor=0, ceiling=1)
    assert scale.low == pytest.approx(0.5 - 0.49 * 0.06)
    assert scale.high == 1
    assert padded([]) == Scale(0.0, 1.0)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0, -3.0])
def test_a_single_value_has_a_range_around_it(value: float) -> None:
    scale = padded([value])
    assert scale.low < value < scale.high
    limited = padded([value], floor=0, ceiling=1)
    assert limited.low < limited.high
