"""Leads a browser back to its form: after signing in again, or from a page of an earlier session.

What was typed stays in the browser's tab (static/js/components/kept_form.js); the mark in the
address tells the page to fill it in. Nothing of the form is kept here.
"""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from flask import current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.errors import Unauthorized
from app.web.problems import from_our_script, problem_response
from app.web.security import is_local_path

_MARK = "#form-kept"
_READS = frozenset({"GET", "HEAD"})
_PAGES = {"runs.create": "runs.new", "settings.account_delete": "settings.account"}
"""Where the form is that is sent to an address without a page of its own."""


def session_ended() -> Unauthorized:
    """Return the problem of a script of ours whose session is over."""
    return Unauthorized("Your session has ended.", action="Sign in to go on.")


def ask_to_sign_in() -> ResponseReturnValue:
    """Lead to the sign-in page, and from there to where the request came from."""
    if from_our_script():
        return problem_response(session_ended())
    if request.method in _READS:
        flash("Sign in to continue.", "info")
        here = request.full_path if request.query_string else request.path
        return redirect(url_for("auth.login", next=here))
    flash(
        "Your session has ended, so nothing was sent. Sign in to go on where you were.", "warning"
    )
    page = page_of_form()
    return redirect(url_for("auth.login", next=page and page + _MARK), 303)


def back_to(page: str) -> ResponseReturnValue:
    """Lead back to the page that sent a form of an earlier session."""
    flash("That page was from an earlier session, so nothing was sent. Send it again.", "warning")
    return redirect(page + _MARK, 303)


def page_of_form() -> str | None:
    """Return the path of the page of ours that the sent form is on."""
    parts = urlsplit(request.referrer or "")
    if parts.netloc != request.host:
        return None
    path = urlunsplit(("", "", parts.path, parts.query, ""))
    adapter = current_app.create_url_adapter(request)
    if adapter is not None and is_local_path(path) and adapter.test(parts.path, method="GET"):
        return path
    endpoint = _PAGES.get(request.endpoint or "")
    return url_for(endpoint) if endpoint else url_for("runs.index")
