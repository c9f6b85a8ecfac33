"""A shared run or comparison, for whoever has its link.

Each address asks for the link anew, and answers alike whether it was revoked, has expired or never
was. Nothing here reads who is signed in.
"""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from app.blueprints.shares import bp
from app.errors import NotFound
from app.queries import sample_lists as lists
from app.queries.comparisons import FLIPS_PER_PAGE, flips_start
from app.queries.public_views import public_run, public_sample
from app.queries.runs import prompt_shape
from app.services.shares import OpenShare, open_share
from app.template_filters.words import OUTCOME_WORDS
from app.web import rate_limits
from app.web.result_file import PAGE_SIZES, comparison_file, fit_sample, run_file
from app.web.security import NO_SCRIPT_POLICY
from app.web.shared_results import STRANGERS, comparison_values, run_values
from app.web.urls import address

LOOK_AGAIN_S = 30


@bp.after_request
def keep_private(response: Response) -> Response:
    """Keep the address out of search engines, and out of what other sites are told."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/<token>")
@rate_limits.shared_page
def show(token: str) -> ResponseReturnValue:
    """Show the run, or the comparison of several."""
    shared = open_share(token)
    if len(shared.runs) > 1:
        return _comparison(token, shared)
    values = run_values(shared.runs[0], hide_texts=shared.hide_texts)
    page = _page(
        "shared/run.html",
        **values,
        samples_url=address("shares.samples", token=token),
        file_url=address("shares.file", token=token),
    )
    if values["run"]["active"]:
        page.headers["Refresh"] = str(LOOK_AGAIN_S)
    return page


def _comparison(token: str, shared: OpenShare) -> Response:
    flips_from = flips_start(request.args.get("flips_from", 0, type=int))
    values = comparison_values(shared.runs, hide_texts=shared.hide_texts, flips_from=flips_from)

    def flips_url(start: int) -> str:
        return address("shares.show", token=token, flips_from=start or None, _anchor="flips-title")

    following = values["comparison"]["flips_next"]
    values["flips"] |= {
        "previous_url": flips_url(max(0, flips_from - FLIPS_PER_PAGE)) if flips_from else None,
        "next_url": flips_url(following) if following is not None else None,
    }
    return _page("shared/comparison.html", **values, file_url=address("shares.file", token=token))


@bp.get("/<token>/samples")
@rate_limits.shared_page
def samples(token: str) -> ResponseReturnValue:
    """List the samples of the run, or those of one outcome."""
    run, hide_texts = _shared_run(token)
    outcome = request.args.get("outcome", "")
    cursor = request.args.get("cursor") or None
    found = lists.list_samples(
        run.id, lists.SampleFilter(outcome=outcome), cursor=cursor, rows_only=hide_texts
    )
    shape = prompt_shape(run)

    def url(**more: str | None) -> str:
        return address("shares.samples", token=token, outcome=outcome, **more)

    return _page(
        "shared/samples.html",
        run=public_run(run),
        samples=[
            fit_sample(public_sample(row, shape, hide_texts=hide_texts), PAGE_SIZES)
            for row in found.items
        ],
        hide_texts=hide_texts,
        outcome_tabs=_tabs(token, run, outcome),
        run_url=address("shares.show", token=token),
        page={
            "newer_url": url() if cursor else None,
            "older_url": url(cursor=found.next_cursor) if found.next_cursor else None,
            "total": found.total,
            "shown": len(found.items),
        },
    )


def _tabs(token: str, run: Any, outcome: str) -> list[dict[str, Any]]:
    counts = run.counts()
    tabs = [("", "All", run.done)]
    tabs += [(value, word, counts[value]) for value, word in OUTCOME_WORDS.items() if counts[value]]
    return [
        {
            "label": label,
            "count": count,
            "url": address("shares.samples", token=token, outcome=value),
            "current": value == outcome,
        }
        for value, label, count in tabs
    ]


@bp.get("/<token>/file")
@rate_limits.shared_file
def file(token: str) -> ResponseReturnValue:
    """Download what the link shows as one file."""
    shared = open_share(token)
    if len(shared.runs) > 1:
        return comparison_file(shared.runs, hide_texts=shared.hide_texts, reader=STRANGERS)
    return run_file(shared.runs[0], hide_texts=shared.hide_texts, reader=STRANGERS)


def _shared_run(token: str) -> tuple[Any, bool]:
    """Return the run behind a link to a single one, and whether its texts are hidden."""
    shared = open_share(token)
    if len(shared.runs) > 1:
        raise NotFound("There is nothing at this address.", action="Check the address.")
    return shared.runs[0], shared.hide_texts


def _page(template: str, **values: Any) -> Response:
    page = make_response(render_template(template, **values))
    page.headers["Content-Security-Policy"] = NO_SCRIPT_POLICY
    return page
