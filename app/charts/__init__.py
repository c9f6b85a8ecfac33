"""Server-drawn SVG charts: themeable by CSS, fluid without script, clean under the CSP."""

from app.charts.bars import Bar, bars
from app.charts.difference import Difference, differences
from app.charts.forest import ForestRow, Gap, forest
from app.charts.histogram import histogram
from app.charts.line_band import BandPoint, Series, line_band
from app.charts.scatter import ScatterPoint, pareto_front, scatter

__all__ = [
    "BandPoint",
    "Bar",
    "Difference",
    "ForestRow",
    "Gap",
    "ScatterPoint",
    "Series",
    "bars",
    "differences",
    "forest",
    "histogram",
    "line_band",
    "pareto_front",
    "scatter",
]
