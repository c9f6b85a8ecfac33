"""The chance that at least one of k attempts is right."""

from __future__ import annotations

import math
from collections.abc import Iterable

from app.engine.statistics.intervals import CONFIDENCE, Estimate, mean_estimate


def pass_at_k(attempts: int, correct: int, k: int) -> float:
    """Return the unbiased estimate of pass@k for one sample.

    1 - C(n-c, k) / C(n, k) for n attempts of which c are right (Chen et al. 2021,
    arXiv:2107.03374, equation 1).

    Raises:
        ValueError: Fewer than ``k`` attempts, or ``correct`` is not in 0..``attempts``.
    """
    if not 1 <= k <= attempts or not 0 <= correct <= attempts:
        raise ValueError("needs 1 <= k <= attempts and 0 <= correct <= attempts")
    return 1 - math.comb(attempts - correct, k) / math.comb(attempts, k)


def mean_pass_at_k(
    samples: Iterable[tuple[int, int]], k: int, confidence: float = CONFIDENCE
) -> Estimate | None:
    """Estimate pass@k over samples, each given as ``(attempts, correct)``.

    Samples with fewer than ``k`` attempts are left out; ``None`` where none is left. The
    interval is that of a mean over independent samples.
    """
    return mean_estimate(
        (pass_at_k(attempts, correct, k) for attempts, correct in samples if attempts >= k),
        confidence,
    )
