"""What an account keeps of its list of runs: saved views, columns; and the list as a file."""

from __future__ import annotations

from flask import Response as Answer
from flask import flash, redirect, request
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from app.blueprints.runs import bp
from app.blueprints.runs.bulk import chosen
from app.blueprints.runs.list_address import read_address, read_query
from app.queries import run_views
from app.queries import runs as run_queries
from app.queries.run_list_export import export_list
from app.services.runs import saved_views
from app.template_filters.run_columns import COLUMNS
from app.web import rate_limits
from app.web.downloads import file_answer


@bp.post("/runs/views")
@login_required
@rate_limits.save_run_view
def save_view() -> Response:
    """Save filters, order and columns of the list under a name."""
    chosen_columns = run_views.chosen_columns(current_user.id)
    shown = read_query(request.form.get("back", ""), chosen_columns)
    columns = ",".join(column.name for column in shown.columns)
    url = shown.url(columns=columns)
    name = " ".join(request.form.get("name", "").split())
    saved_views.save_view(current_user.id, name, url.partition("?")[2])
    flash(f"Saved the view {name}.", "success")
    return redirect(url, 303)


@bp.post("/runs/views/<int:view_id>/delete")
@login_required
def delete_view(view_id: int) -> Response:
    """Delete a saved view; no run is touched."""
    saved_views.delete_view(current_user.id, view_id)
    return redirect(read_query(request.form.get("back", "")).url(), 303)


@bp.post("/runs/columns")
@login_required
@rate_limits.save_run_view
def choose_columns() -> Response:
    """Keep which columns the list has; the usual ones with ``usual``."""
    wanted = set(request.form.getlist("columns"))
    names = [column.name for column in COLUMNS if column.name in wanted]
    saved_views.choose_columns(current_user.id, None if "usual" in request.form else names)
    return redirect(read_query(request.form.get("back", "")).url(columns=""), 303)


@bp.get("/runs/export")
@login_required
def export_runs() -> Answer:
    """Download the runs that are ticked, or all that the list has, as CSV."""
    if request.args.get("run_ids") and not request.args.get("all"):
        run_ids, _total = chosen(request.args)
    else:
        shown = read_query(request.args["back"]) if "back" in request.args else None
        shown = shown or read_address(request.args)
        run_ids = run_queries.chosen_ids(current_user.id, shown.wanted, sort=shown.sort)
    file = export_list(current_user.id, run_ids, bom="bom" in request.args)
    return file_answer(file, current_user.id)
