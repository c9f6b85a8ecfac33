"""The API's description and its documentation page, both served from this machine."""

from __future__ import annotations

import mimetypes
from importlib.resources import files
from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    make_response,
    render_template,
)
from werkzeug.security import safe_join

from app.template_filters.words import OUTCOME_MEANINGS
from app.web.json_answers import answer
from app.web.packed_file import pack_file
from app.web.security import DOCUMENTATION_POLICY

bp = Blueprint("docs", __name__)

_SWAGGER = files("flask_openapi3_swagger") / "templates" / "swagger"
_ASSET_AGE_S = 86_400


@bp.get("/docs")
@bp.get("/docs/", endpoint="show_slash")
def show() -> Response:
    """Show the documentation."""
    page = make_response(render_template("docs.html"))
    page.headers["Content-Security-Policy"] = DOCUMENTATION_POLICY
    return page


@bp.get("/docs/outcomes")
def outcomes() -> str:
    """Explain what the outcomes of samples mean."""
    return render_template("outcomes.html", meanings=OUTCOME_MEANINGS)


@bp.get("/docs/assets/<path:name>")
def asset(name: str) -> Response:
    """Serve a file of Swagger UI."""
    path = Path(safe_join(str(_SWAGGER), name) or "")
    if not path.is_file():
        abort(404)
    return pack_file(path, mimetypes.guess_type(name)[0] or "").answer(max_age_s=_ASSET_AGE_S)


@bp.get("/api/v1/openapi.json")
def description() -> Response:
    """Serve the OpenAPI document."""
    document: dict[str, Any] = current_app.api_doc  # type: ignore[attr-defined]
    return answer(document)
