"""How sure a score is and whether two models differ; pure Python, sources in each docstring."""

from app.engine.statistics.comparison import (
    Comparison,
    Pair,
    compare_counts,
)
from app.engine.statistics.comparison_sentence import describe
from app.engine.statistics.correction import holm
from app.engine.statistics.distributions import (
    normal_cdf,
    normal_quantile,
    t_cdf,
    t_quantile,
)
from app.engine.statistics.intervals import (
    Cluster,
    Estimate,
    clustered_estimate,
    mean_estimate,
    moments_estimate,
    wilson,
)
from app.engine.statistics.pass_at_k import mean_pass_at_k, pass_at_k
from app.engine.statistics.power import samples_to_settle

__all__ = [
    "Cluster",
    "Comparison",
    "Estimate",
    "Pair",
    "clustered_estimate",
    "compare_counts",
    "describe",
    "holm",
    "mean_estimate",
    "mean_pass_at_k",
    "moments_estimate",
    "normal_cdf",
    "normal_quantile",
    "pass_at_k",
    "samples_to_settle",
    "t_cdf",
    "t_quantile",
    "wilson",
]
