"""The form that starts a run."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask_login import current_user, login_required
from werkzeug.wrappers import Response
from wtforms import SelectChoice

from app.blueprints.runs import bp
from app.blueprints.runs.forms import RunForm
from app.current import get_settings
from app.errors import Invalid, StudioError
from app.queries import benchmarks as benchmark_queries
from app.queries import runs as run_queries
from app.queries.benchmark_order import benchmarks_in_use
from app.queries.catalog import find_benchmark
from app.services.connections import store
from app.services.runs import submission, trial
from app.services.runs.default_limits import without_default_limit
from app.web import rate_limits
from app.web.json_answers import answer
from app.web.problems import problem_response


@bp.get("/runs/new")
@login_required
def new() -> str:
    """Show the form, prefilled from the URL (``?benchmark=``) or from an earlier run."""
    form = RunForm(formdata=None)
    if source := request.args.get("from"):
        _fill_from_run(form, source)
    for name in ("benchmark", "benchmark_version", "model", "limit"):
        if value := request.args.get(name):
            form[name].data = value
    return _page(form)


@bp.post("/runs")
@login_required
@rate_limits.create_run
def create() -> Response | tuple[str, int]:
    """Start a run, or show the form again with what is wrong."""
    form = RunForm()
    asked = form.to_request()
    if asked is None:
        return _page(form, "Some fields need attention."), 422
    try:
        run_id = submission.submit_run(
            asked, current_user.id, current_user.is_admin, get_settings()
        )
    except StudioError as error:
        for name, messages in error.fields.items():
            form.complain(name, " ".join(messages))
        return _page(form, " ".join(filter(None, (error.detail, error.action)))), error.status
    return redirect(url_for("runs.show", run_id=run_id), 303)


@bp.post("/runs/try")
@login_required
@rate_limits.try_sample
def try_one() -> Response:
    """Ask one sample of the run that the form describes; answers JSON, as the API does."""
    form = RunForm()
    try:
        asked = form.to_request()
        if asked is None:
            fields = {name: list(map(str, found)) for name, found in form.errors.items()}
            raise Invalid("Some fields need attention.", fields=fields)
        account = current_user
        tried = trial.try_sample(asked, account.id, account.is_admin, get_settings())
    except StudioError as error:
        return problem_response(error)
    return answer({"sample": tried})


def _fill_from_run(form: RunForm, run_id: str) -> None:
    run = run_queries.get_run(run_id, current_user.id)
    form.benchmark.data, form.model.data = run.benchmark, run.model
    latest = find_benchmark(run.benchmark, current_user.id)
    if latest is not None and latest.version != run.benchmark_version:
        form.benchmark_version.data = str(run.benchmark_version) if latest.category == "own" else ""
    form.tags.data = ", ".join(run.tags)
    form.fill(without_default_limit(run_queries.config_of(run)), run_queries.protocol_defaults(run))


def _page(form: RunForm, problem: str = "") -> str:
    settings = get_settings()
    infos = store.list_connections(current_user.id, current_user.is_admin)
    used = benchmarks_in_use(current_user.id)
    cards = benchmark_queries.cards(settings, current_user.id, used)
    chosen = next((card for card in cards if card["name"] == form.benchmark.data), None)
    form.protocol.choices = [
        SelectChoice("", "Default"),
        *(SelectChoice(name, name) for name in (chosen["protocols"] if chosen else ())),
    ]
    return render_template(
        "runs/new.html",
        form=form,
        benchmarks=cards,
        categories=benchmark_queries.categories(cards),
        connections=infos,
        models=[],
        problem=problem,
    )
