"""One thing done with many runs: a page that counts and asks, and what it leads to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from flask import flash, redirect, render_template, request
from flask_login import current_user, login_required
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.blueprints.runs import bp
from app.blueprints.runs.list_address import read_query
from app.errors import Invalid
from app.queries import runs as run_queries
from app.services.runs import bulk as bulk_actions
from app.template_filters.words import short_id
from app.web import rate_limits

VERBS = {
    "tag": ("Tag", "Tagged"),
    "cancel": ("Cancel", "Canceled"),
    "retry_errors": ("Retry the errors of", "Retrying the errors of"),
    "delete": ("Delete", "Deleted"),
}
_NAMED = 3


@bp.get("/runs/bulk")
@login_required
def bulk() -> Response | str:
    """Show what an action would do with the chosen runs, and ask."""
    run_ids, total = chosen(request.args)
    if not run_ids:
        flash("Choose runs first: tick them in the list.", "info")
        return redirect(read_query(request.args.get("back", "")).url(), 303)
    return _page(request.args, run_ids, total)


@bp.post("/runs/bulk")
@login_required
@rate_limits.bulk_runs
def bulk_do() -> Response | tuple[str, int]:
    """Do it, and say what was done and what was not."""
    action, (run_ids, total) = request.form.get("action", ""), chosen(request.form)
    back_url = read_query(request.form.get("back", "")).url()
    try:
        tags = None
        if action == "tag":
            tags = bulk_actions.read_tags(
                request.form.get("add", ""), request.form.get("remove", "")
            )
        done = bulk_actions.carry_out(action, current_user.id, run_ids, tags)
    except Invalid as error:
        if action not in bulk_actions.ACTIONS or not run_ids:
            raise
        return _page(request.form, run_ids, total, error.detail), 422
    verb, number = VERBS[action][1], len(done.runs)
    if number:
        flash(f"{verb} {_runs(number)}.", "success")
    for line in (*_left_out(done.skipped), *_gone(run_ids, done)):
        flash(line, "warning")
    return redirect(back_url, 303)


def chosen(given: MultiDict[str, str]) -> tuple[list[str], int]:
    """Return the ids of the runs that were chosen, and how many there would be without a limit.

    Those that are ticked; with ``all``, the first ones that the list has.
    """
    if given.get("all"):
        shown = read_query(given.get("back", ""))
        found = run_queries.chosen_ids(current_user.id, shown.wanted, sort=shown.sort)
        return found[: bulk_actions.MOST_RUNS], len(found)
    ids = [run_id for run_id in ",".join(given.getlist("run_ids")).split(",") if run_id]
    return ids, len(ids)


def _page(given: MultiDict[str, str], run_ids: list[str], total: int, problem: str = "") -> str:
    action, back = given.get("action", ""), read_query(given.get("back", ""))
    planned = bulk_actions.plan(action, current_user.id, run_ids)
    return render_template(
        "runs/bulk.html",
        action=action,
        title=f"{VERBS[action][0]} {_runs(len(planned.runs))}",
        runs=[{"run": view} for view in run_queries.views(planned.runs)],
        skipped=[
            {"run": run_queries.page_view(each.run, {}), "reason": each.reason}
            for each in planned.skipped
        ],
        samples=sum(run.done for run in planned.runs),
        errors=sum(run.error for run in planned.runs),
        total=total if total > len(run_ids) else None,
        gone=_gone(run_ids, planned),
        problem=problem,
        typed={name: given.get(name, "") for name in ("add", "remove")},
        back=back.query,
        back_url=back.url(),
    )


def _runs(number: int) -> str:
    return f"{number:,} {'run' if number == 1 else 'runs'}"


def _gone(run_ids: Sequence[str], done: bulk_actions.BulkPlan) -> list[str]:
    """Return a sentence where some of the chosen runs are not in the account, or not any more."""
    number = len(set(run_ids)) - len(done.runs) - len(done.skipped)
    return [f"Left out {_runs(number)} that you do not have, or not any more."] if number else []


def _left_out(skipped: Sequence[bulk_actions.Skipped]) -> list[str]:
    """Return a sentence for each reason, which names some of its runs."""
    by_reason = defaultdict(list)
    for each in skipped:
        by_reason[each.reason].append(short_id(each.run.id))
    lines = []
    for reason, names in by_reason.items():
        more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
        lines.append(f"Left out {_runs(len(names))} ({', '.join(names[:_NAMED])}{more}): {reason}.")
    return lines
