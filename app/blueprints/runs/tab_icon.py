"""The icon of a run's browser tab."""

from __future__ import annotations

from flask import Response
from flask_login import login_required

from app.blueprints.runs import bp
from app.charts.tab_icon import TONES
from app.charts.tab_icon import tab_icon as draw
from app.errors import NotFound

_YEAR_S = 365 * 24 * 3600


@bp.get("/runs/icon/<tone>/<int:percent>.svg")
@login_required
def tab_icon(tone: str, percent: int) -> Response:
    """Return the icon of a tone and a progress, which says nothing about any run."""
    if tone not in TONES or percent > 100:
        raise NotFound("There is no such icon.")
    answer = Response(draw(tone, percent), mimetype="image/svg+xml")
    answer.cache_control.private = True
    answer.cache_control.max_age = _YEAR_S
    return answer
