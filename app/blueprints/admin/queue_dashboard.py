"""rq-dashboard at ``/admin/rq``: for signed-in administrators, and read-only.

Its own blueprint is not used: it also takes POST, and one GET, that change the queue behind the
database's back. Only its reading views are mounted here, with addresses narrowed to what they
can take. Three views are replaced: those of a job and of workers, which unpickle or break with
RQ 3, and that of a job's page, which has no answer for a job that is gone.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import rq_dashboard
from flask import Blueprint, Flask, Response, current_app, g, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from markupsafe import escape
from rq_dashboard import web
from werkzeug.exceptions import MethodNotAllowed

from app.broker.client import get_broker
from app.errors import NotFound
from app.extensions import login_manager
from app.services.operations import queue_view
from app.web.json_answers import answer

# The name is that of its own blueprint: its templates ask for addresses under it.
_FOLDER = Path(rq_dashboard.__file__).parent
bp = Blueprint(
    "rq_dashboard",
    __name__,
    url_prefix="/admin/rq",
    template_folder=str(_FOLDER / "templates"),
    static_folder=str(_FOLDER / "static"),
)

# Its pages hold scripts, and its templates of rows are compiled in the browser.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'unsafe-eval' 'nonce-{nonce}'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HIDDEN = (
    "<style>#compact-btn,#requeue-all-btn,#requeue-job-btn,[data-role=requeue-job-btn]"
    "{display:none!important}</style></head>"
)
_POLL_INTERVAL_MS = 2500
_ONE = "/<int(max=0):instance_number>"  # there is one queue server: 0
_QUEUE = f"<any({', '.join(queue_view.QUEUES)}):queue_name>"
_REGISTRY = "<any(queued, started, failed, deferred, scheduled, finished, canceled):registry_name>"
_PART = "<int(min=1, max=200):per_page>/<any(asc, dsc):order>/<int(min=1, max=100000):page>"


def install(app: Flask) -> None:
    """Attach the dashboard to ``app``."""
    web.config.serializer = queue_view.SERIALIZER
    app.config.update(
        RQ_DASHBOARD_REDIS_URL=("queue",),  # shown; without the address and its password
        RQ_DASHBOARD_DISABLE_DELETE=True,
    )
    app.register_blueprint(bp)


@bp.before_request
def require_admin() -> ResponseReturnValue | None:
    """Send visitors to the sign-in page, and show 404 to accounts that are not administrators."""
    if not current_user.is_authenticated:
        return login_manager.unauthorized()  # type: ignore[no-any-return]
    if not current_user.is_admin:
        raise NotFound("There is nothing at this address.", action="Check the address.")
    current_app.redis_conn = get_broker()  # type: ignore[attr-defined]
    g.queue_nonce = secrets.token_urlsafe(16)
    return None


@bp.after_request
def allow_its_scripts(response: Response) -> Response:
    """Give the dashboard's pages a CSP with a nonce, and hide buttons that do nothing."""
    nonce = g.get("queue_nonce")
    if nonce is None or response.mimetype != "text/html" or response.status_code != 200:
        return response
    page = response.get_data(as_text=True)
    response.set_data(
        page.replace("<script", f'<script nonce="{nonce}"').replace("</head>", _HIDDEN, 1)
    )
    response.headers["Content-Security-Policy"] = _POLICY.format(nonce=nonce)
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.context_processor
def its_values() -> dict[str, Any]:
    """Return the values that the dashboard's templates expect besides those of the views."""
    return {"poll_interval": _POLL_INTERVAL_MS}


def job_view(instance_number: int, job_id: str) -> ResponseReturnValue:
    """Show the page of a job."""
    if not queue_view.job_exists(job_id):
        raise NotFound("This job is no longer in the queue.", code="job_not_found")
    # Its own view unpickles what the job holds before it shows the id.
    return render_template(
        "rq_dashboard/job.html",
        current_instance=instance_number,
        instance_list=["queue"],
        id=job_id,
        active_tab="jobs",
        deprecation_options_usage=False,
        rq_url_prefix=url_for(".queues_overview"),
        rq_dashboard_version=web.rq_dashboard_version,
        rq_version=web.rq_version,
        enable_delete=False,
    )


def job_info(instance_number: int, job_id: str) -> Response:
    """Return what is known about a job."""
    return answer(_escaped(queue_view.describe_job(job_id)))


def list_workers(instance_number: int) -> Response:
    """Return the workers."""
    return answer({"workers": _escaped(queue_view.describe_workers())})


def _escaped(value: Any) -> Any:
    """Return ``value`` with its texts escaped: the dashboard's scripts put them into HTML as is."""
    if isinstance(value, str):
        return str(escape(value))
    if isinstance(value, list):
        return [_escaped(each) for each in value]
    if isinstance(value, dict):
        return {name: _escaped(each) for name, each in value.items()}
    return value


def refuse(**_: Any) -> ResponseReturnValue:
    """Refuse requests that would change the queue: the database decides what is queued."""
    raise MethodNotAllowed(valid_methods=[])


for _rule, _endpoint, _view in (
    (f"{_ONE}/", "queues_overview", web.queues_overview),
    (f"{_ONE}/view", "queues_overview", web.queues_overview),
    (f"{_ONE}/view/queues", "queues_overview", web.queues_overview),
    (f"{_ONE}/view/workers", "workers_overview", web.workers_overview),
    (f"{_ONE}/view/jobs/{_QUEUE}/{_REGISTRY}/{_PART}", "jobs_overview", web.jobs_overview),
    (f"{_ONE}/view/job/<job_id>", "job_view", job_view),
    (f"{_ONE}/data/queues.json", "list_queues", web.list_queues),
    (f"{_ONE}/data/jobs/{_QUEUE}/{_REGISTRY}/{_PART}.json", "list_jobs", web.list_jobs),
    (f"{_ONE}/data/job/<job_id>.json", "job_info", job_info),
    (f"{_ONE}/data/workers.json", "list_workers", list_workers),
):
    bp.add_url_rule(_rule, _endpoint, _view, methods=["GET"])
bp.add_url_rule("/", "queues_overview", web.queues_overview, defaults={"instance_number": 0})
bp.add_url_rule(
    f"{_ONE}/view/jobs",
    "jobs_overview",
    web.jobs_overview,
    defaults={
        "queue_name": queue_view.QUEUES[0],
        "registry_name": "queued",
        "per_page": 8,
        "order": "asc",
        "page": 1,
    },
)
for _rule, _endpoint in (
    ("/job/<job_id>/delete", "delete_job_view"),
    ("/job/<job_id>/requeue", "requeue_job_view"),
    ("/requeue/<queue_name>", "requeue_all"),
    ("/queue/<queue_name>/<registry_name>/empty", "empty_queue"),
    ("/queue/<queue_name>/compact", "compact_queue"),
):
    bp.add_url_rule(_rule, _endpoint, refuse, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
