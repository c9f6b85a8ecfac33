"""What the server finds for the command palette; the page's own commands its script finds."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response, request
from flask_login import current_user, login_required

from app.queries import palette
from app.queries.palette import FoundRun
from app.services.connections import store
from app.template_filters.words import short_id, status_word
from app.web.json_answers import answer
from app.web.urls import address

MOST_CONNECTIONS = 5

bp = Blueprint("palette", __name__)


@bp.get("/palette")
@login_required
def find() -> Response:
    """Return runs, benchmarks and connections that have all words of ``q``, the best first."""
    q = request.args.get("q", "").strip()
    found = palette.find(current_user.id, q)
    benchmarks = [
        _item("Benchmark", each.title, each.name, address("benchmarks.show", name=each.name))
        for each in found.benchmarks
    ]
    connections = list(_connections(q.lower().split()))[:MOST_CONNECTIONS] if q else []
    return answer({"items": [*benchmarks, *map(_run, found.runs), *connections]})


def _item(kind: str, label: str, note: str, url: str) -> dict[str, str]:
    return {"kind": kind, "label": label, "note": note, "url": url}


def _run(run: FoundRun) -> dict[str, str]:
    asked = f"{run.benchmark}, {run.model}"
    note = ", ".join(filter(None, (asked if run.name else "", status_word(run.status))))
    return _item(
        "Run",
        run.name or asked,
        f"{short_id(run.id)}, {note}",
        address("runs.show", run_id=run.id),
    )


def _connections(words: list[str]) -> Iterator[dict[str, str]]:
    for info in store.list_connections(current_user.id, current_user.is_admin):
        host = info.base_url.partition("://")[2]
        if all(word in f"{info.name} {host}".lower() for word in words):
            url = address("settings.connections")
            if not info.read_only:
                url = address("settings.connection_save", name=info.name)
            yield _item("Connection", info.name, host, url)
