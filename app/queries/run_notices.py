"""What the user of a run must know: what its work noted, and what its counts show."""

from __future__ import annotations

from app.models import ACTIVE, Run
from app.queries.run_records import RunRecord
from app.recorder.notices import notice_views

REFUSED_ANSWERS = "refused_answers"
"""Code of the notice of a run whose answers were mostly refused."""


def run_notices(run: Run | RunRecord) -> list[dict[str, str]]:
    """Return the notices of a run as pages and API show them."""
    refused = mostly_refused(run)
    own = [{"code": REFUSED_ANSWERS, "message": refused}] if refused else []
    return [*own, *notice_views(run.notices)]


def mostly_refused(run: Run | RunRecord) -> str | None:
    """Return what to know of a run that is over and half of whose answers or more were refused.

    Its score looks like that of a model that knows nothing.
    """
    answered = run.done - run.error
    if run.status in ACTIVE or not run.refused or run.refused * 2 < answered:
        return None
    if run.refused == answered:
        which = "The only answer was" if answered == 1 else f"All {answered:,} answers were"
    else:
        which = f"{run.refused:,} of {answered:,} answers were"
    return (
        f"{which} refused by the model or filtered by its provider. Each scores 0, so the score "
        "does not show what the model knows: the samples say why."
    )
