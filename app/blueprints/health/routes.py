"""``/health`` always answers 200; ``/ready`` answers 503 when requests would fail."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from app.blueprints.health import bp
from app.extensions import limiter
from app.services.operations import health
from app.web.json_answers import answer


@bp.get("/health")
@limiter.exempt
def show_health() -> ResponseReturnValue:
    """Report on database, queue and workers; 200 even when they are down."""
    return answer(health.report()), 200, {"Cache-Control": "no-store"}


@bp.get("/ready")
@limiter.exempt
def show_ready() -> ResponseReturnValue:
    """Return 200 when requests can be served, else 503 with the check that failed.

    A full disk is told, but everything can still be read.
    """
    checks = health.readiness()
    ready = all(value == "ok" for part, value in checks.items() if part != "disk")
    body = {"ready": ready, "checks": checks}
    return answer(body), 200 if ready else 503, {"Cache-Control": "no-store"}
