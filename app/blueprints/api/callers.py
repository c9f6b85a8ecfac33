"""Who may call the API: a bearer token, or the browser's session with its CSRF token."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import ExitStack
from functools import partial

from flask import g, request
from flask_login import current_user
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from flask_wtf.csrf import CSRFError, validate_csrf
from werkzeug.exceptions import BadRequest as MalformedRequest
from werkzeug.exceptions import RequestEntityTooLarge
from wtforms import ValidationError as CsrfProblem

from app.blueprints.api.repeated_requests import note_answer, repeat_answer
from app.blueprints.api.validation_problems import COMMON_PROBLEMS
from app.current import get_settings
from app.errors import Forbidden, Invalid, StudioError, Unauthorized
from app.extensions import csrf
from app.services.accounts.accounts import Account
from app.services.accounts.api_tokens import authenticate_token
from app.services.own_benchmarks.upload_turns import upload_turn
from app.web import bounds
from app.web.problems import from_our_script
from app.web.rate_limits import count_attempt
from app.web.sign_in_again import session_ended

PREFIX = "/api/v1"
SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"session": []}]
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class MalformedJson(StudioError):
    """The body is not JSON."""

    status, code, title = 400, "malformed_json", "Malformed JSON"


class NotJson(StudioError):
    """The request's content type is not JSON."""

    status, code, title = 415, "unsupported_media_type", "Unsupported content type"


def api_blueprint(
    noun: str,
    description: str,
    *,
    public: Collection[str] = (),
    any_scope: Collection[str] = (),
    bodyless: Collection[str] = (),
    bodies: Mapping[str, int] | None = None,
    uploads: Mapping[str, int] | None = None,
) -> APIBlueprint:
    """Return a blueprint under ``/api/v1`` whose routes require authentication.

    Use it once per file and register it in ``register_api``::

        bp = api_blueprint("runs", "Runs and their results.", bodyless={"cancel_run"})

        @bp.post("/runs/<string:run_id>/cancel", responses={202: RunAnswer})
        def cancel_run(path: RunPath):
            lifecycle.cancel_run(path.run_id, g.account.id)

    In a view ``g.account`` is an ``Account``; every query takes ``g.account.id``. Errors are
    raised as ``StudioError``; ``app.web.error_pages`` makes problems of them.

    Args:
        noun: The resource; the blueprint is called ``api_<noun>``.
        description: Of its group in the documentation.
        public: Names of views that need no credential.
        any_scope: Names of views that change something but need no ``write`` scope.
        bodyless: Names of views with POST, PUT or PATCH that take no body, or an optional one.
        bodies: Names of views whose JSON may be longer than ``bounds.JSON_BYTES``, and the most
            bytes.
        uploads: Names of views that take a multipart form with a file, and the most bytes.
    """
    blueprint = APIBlueprint(
        f"api_{noun}",
        __name__,
        url_prefix=PREFIX,
        abp_tags=[Tag(name=noun, description=description)],
        abp_security=SECURITY,
        abp_responses=COMMON_PROBLEMS,
        operation_id_callback=lambda *, name, path, method: name,
    )
    csrf.exempt(blueprint)  # the guard checks the token where the cookie is the credential
    open_views = {f"api_{noun}.{view}" for view in public}
    scope_free = {f"api_{noun}.{view}" for view in any_scope}
    without_body = {f"api_{noun}.{view}" for view in bodyless}
    upload_views = {f"api_{noun}.{view}" for view in uploads or ()}
    most_bytes = {
        f"api_{noun}.{view}": most for view, most in {**(bodies or {}), **(uploads or {})}.items()
    }

    @blueprint.before_request
    def guard() -> None:
        endpoint = request.endpoint or ""
        if endpoint not in open_views:
            g.account = _authenticate()
            if endpoint not in scope_free:
                _check_scope(g.account)
            # From here on: until somebody is known, no more than a stranger's body is read.
            request.max_content_length = most_bytes.get(endpoint, bounds.JSON_BYTES)
        count_attempt()
        if endpoint in upload_views:
            _check_upload()
            g.upload = ExitStack()
            settings = get_settings()
            turn = upload_turn(g.account.id, settings, request.content_length)
            g.upload.enter_context(turn)
        elif request.method in _WITH_BODY:
            _check_body(optional=endpoint in without_body)

    blueprint.before_request(partial(repeat_answer, open_views | scope_free))
    blueprint.after_request(note_answer)

    @blueprint.teardown_request
    def end_upload(_error: BaseException | None) -> None:
        turn = g.pop("upload", None)
        if turn is not None:
            turn.close()

    return blueprint


def bearer_token() -> str | None:
    """Return the bearer token of the request, if it has one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _authenticate() -> Account:
    if "Authorization" in request.headers:
        token = bearer_token()
        account = authenticate_token(token) if token else None
        if account is None:
            raise Unauthorized(
                "The token is not valid: it is unknown, revoked or expired.",
                code="invalid_token",
                action="Create a new one in Settings, API tokens.",
            )
        return account
    if not current_user.is_authenticated and from_our_script():
        raise session_ended()
    if not current_user.is_authenticated:
        raise Unauthorized(
            "This request needs a valid token or a signed-in session.",
            action="Send the header Authorization: Bearer obs_..., or sign in.",
        )
    if request.method not in _READS:
        _check_csrf()
    account = current_user.account
    if not isinstance(account, Account):
        raise Unauthorized("This request needs a valid token or a signed-in session.")
    return account


def _check_csrf() -> None:
    try:
        validate_csrf(request.headers.get("X-CSRFToken", ""))
    except CsrfProblem as error:
        raise CSRFError(str(error)) from None


def _check_scope(account: Account) -> None:
    needed = "read" if request.method in _READS else "write"
    if needed not in account.scopes:
        raise Forbidden(
            f"This token lacks the scope {needed}.",
            code="missing_scope",
            action=f"Create a token with the scope {needed}.",
        )


def _check_upload() -> None:
    if request.mimetype != "multipart/form-data":
        raise NotJson(
            "The body must be a form with a file.",
            action="Send it as multipart/form-data (curl: -F file=@questions.csv).",
        )


def _check_body(*, optional: bool) -> None:
    data = request.get_data(cache=True)
    if request.content_length is None and len(data) == request.max_content_length:
        raise RequestEntityTooLarge  # a body in chunks is cut there, not refused
    if optional and not data:
        return
    if not request.is_json:
        raise NotJson(
            "The body must be JSON.", action="Send the header Content-Type: application/json."
        )
    try:
        body = request.get_json()
    except (MalformedRequest, RecursionError):
        raise MalformedJson(
            "The body is not valid JSON.", action="Check quotes, commas and the encoding (UTF-8)."
        ) from None
    if not isinstance(body, dict):
        raise Invalid(
            "The body must be a JSON object.", fields={"body": ["This must be a JSON object."]}
        )
    bounds.check_shape(body)
