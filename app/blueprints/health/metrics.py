"""``/metrics`` for Prometheus, where the settings ask for it."""

from __future__ import annotations

from flask import Response

from app.blueprints.health import bp
from app.current import get_settings
from app.errors import NotFound
from app.extensions import limiter
from app.services.operations import metrics


@bp.get("/metrics")
@limiter.exempt
def show_metrics() -> Response:
    """Return all metrics as text; 404 if they are switched off."""
    if not get_settings().metrics:
        raise NotFound("There is nothing at this address.", action="Check the address.")
    return Response(
        metrics.render(), content_type=metrics.CONTENT_TYPE, headers={"Cache-Control": "no-store"}
    )
