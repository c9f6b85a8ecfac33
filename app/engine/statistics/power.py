"""How many samples a question needs."""

from __future__ import annotations

import math

from app.engine.statistics.distributions import normal_quantile

ALPHA = 0.05
POWER = 0.8


def samples_to_settle(
    difference: float, spread: float, alpha: float = ALPHA, power: float = POWER
) -> int | None:
    """Return how many paired samples show a true difference with the given power.

    n = ((z_alpha/2 + z_beta) * spread / difference)^2, where ``spread`` is the standard
    deviation of the differences by sample (Miller 2024, arXiv:2411.00640, section 5).
    ``None`` where the difference is 0: no number settles that.
    """
    if difference == 0:
        return None
    z = normal_quantile(1 - alpha / 2) + normal_quantile(power)
    return max(2, math.ceil((z * spread / difference) ** 2))
