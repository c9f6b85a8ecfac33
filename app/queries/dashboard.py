"""The key figures on top of the dashboard."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select

from app.db import db, now
from app.formats import percent, usd
from app.models import Run

WEEK = timedelta(days=7)


def key_figures(account_id: int) -> list[dict[str, Any]]:
    """Return what the account did lately; empty before its first run.

    Simulated runs are left out of spend and errors: they cost nothing and mean nothing.
    """
    this_week = now() - WEEK
    mine = Run.user_id == account_id
    recent, before = db.session.execute(
        select(
            func.count().filter(Run.created_at >= this_week),
            func.count().filter(Run.created_at < this_week),
        ).where(mine, Run.created_at >= this_week - WEEK)
    ).one()
    statuses = dict(
        db.session.execute(
            select(Run.status, func.count())
            .where(mine, Run.status.in_(("queued", "running")))
            .group_by(Run.status)
        ).all()
    )
    month = now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    spend, unpriced, done, errors = db.session.execute(
        select(
            func.coalesce(func.sum(func.coalesce(Run.cost_usd, 0.0)), 0.0)
            + func.coalesce(func.sum(func.coalesce(Run.judge_cost_usd, 0.0)), 0.0),
            func.count().filter(
                or_(
                    and_(Run.cost_usd.is_(None), Run.done > 0),
                    and_(Run.cost_usd > 0, Run.unmetered > 0),
                )
            ),
            func.coalesce(func.sum(Run.done), 0),
            func.coalesce(func.sum(Run.error), 0),
        ).where(mine, Run.created_at >= month, Run.simulated.is_(False))
    ).one()
    return [
        {
            "label": "Runs this week",
            "value": f"{recent:,}",
            "note": f"{before:,} the week before",
            "foot": f"{statuses.get('running', 0):,} running, {statuses.get('queued', 0):,} queued",
        },
        {
            "label": f"Spend in {now():%B}",
            "value": usd(spend) if spend or not unpriced else "unknown",
            "note": f"{unpriced:,} {'run' if unpriced == 1 else 'runs'} whose cost is not known"
            if unpriced
            else None,
            "foot": "Simulated runs cost nothing",
        },
        {
            "label": f"Samples in {now():%B}",
            "value": f"{done:,}",
            "note": None,
            "foot": "Simulated runs left out",
        },
        {
            "label": "Sample error rate",
            "value": percent(errors / done) if done else "–",
            "note": f"{errors:,} of {done:,}" if done else None,
            "foot": "Errors are never scored as wrong",
        },
    ]
