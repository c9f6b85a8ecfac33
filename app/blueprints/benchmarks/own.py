"""The pages that turn a file into a benchmark: upload, map columns, preview, save."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from app.blueprints.benchmarks import bp
from app.current import get_settings
from app.errors import Invalid, StudioError
from app.services.field_words import MISSING
from app.services.own_benchmarks import save_requests, upload_turns, uploads, versions
from app.web import rate_limits
from app.web.bounds import takes

_NEEDED = json.dumps({"kind": "any", "words": {"missing": MISSING}})
_RULES = {
    "question": _NEEDED,
    "target": _NEEDED,
    "name": json.dumps(
        {
            "kind": "pattern",
            "pattern": f"(own/)?{versions.NAME_PATTERN}",
            "words": {"kind": versions.NAME_WORDS, "missing": MISSING},
        }
    ),
}
"""What a field takes, for the check while it is typed."""

_LABELS = {
    "question": "Question",
    "target": "Right answer",
    "category": "Category",
    "id": "Unique name",
    "choices": "Options of multiple choice",
    "scorer": "Scorer",
    "prompt_template": "Prompt",
    "name": "Name",
    "title": "Title",
    "description": "Description",
}
_FIELDS = (
    "question",
    "target",
    "category",
    "id",
    "scorer",
    "prompt_template",
    "name",
    "title",
    "description",
)


@bp.url_value_preprocessor
def take_upload_turn(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Limit concurrent uploads of an account, before anything reads the form."""
    upload = endpoint == "benchmarks.upload_own" and request.method == "POST"
    if upload and current_user.is_authenticated:
        settings = get_settings()
        g.upload = ExitStack()
        turn = upload_turns.upload_turn(current_user.id, settings, request.content_length)
        g.upload.enter_context(turn)


@bp.teardown_request
def end_upload(_error: BaseException | None) -> None:
    """Release the upload turn."""
    turn = g.pop("upload", None)
    if turn is not None:
        turn.close()


@bp.get("/benchmarks/own/new")
@login_required
def new_own() -> str:
    """Ask for a file."""
    return _upload_page(request.args.get("name", ""))


@bp.post("/benchmarks/own/new")
@takes(uploads.MAX_REQUEST_BYTES)
@login_required
@rate_limits.upload
def upload_own() -> Response | tuple[str, int]:
    """Store the file and continue with its columns."""
    name = request.form.get("name", "")
    file = request.files.get("file")
    if file is None or not file.filename:
        return _upload_page(name, "Choose a file first."), 422
    try:
        upload = uploads.keep_upload(current_user.id, file.stream, file.filename, get_settings())
        versions.inspect_upload(current_user.id, upload)
    except Invalid as error:
        return _upload_page(name, error.detail), 422
    return redirect(url_for("benchmarks.map_own", upload_id=upload.id, name=name or None), 303)


@bp.get("/benchmarks/own/new/<upload_id>")
@login_required
def map_own(upload_id: str) -> str:
    """Ask what the columns hold, starting from a guess, and show the resulting prompts."""
    upload = uploads.find_upload(current_user.id, upload_id, get_settings())
    look = versions.inspect_upload(current_user.id, upload)
    values = versions.first_values(current_user.id, request.args.get("name", ""), look)
    shown, errors = _try_preview(upload, values)
    # The guess may be wrong: nothing is red before the reader had a chance.
    return _map_page(upload, look, values, shown, {} if shown is None else errors)


@bp.post("/benchmarks/own/new/<upload_id>")
@login_required
def save_own(upload_id: str) -> Response | str | tuple[str, int]:
    """Show the prompts of a changed mapping, or save the benchmark."""
    settings = get_settings()
    upload = uploads.find_upload(current_user.id, upload_id, settings)
    values: dict[str, Any] = {name: request.form.get(name, "") for name in _FIELDS}
    values["choices"] = request.form.getlist("choices")
    values = save_requests.with_fitting_prompt(values)
    shown, errors = _try_preview(upload, values)
    values["action"] = request.form.get("action", "")
    if errors or values["action"] != "save":
        page = _map_page(
            upload, versions.inspect_upload(current_user.id, upload), values, shown, errors
        )
        return (page, 422) if errors else page
    try:
        asked = save_requests.read_request(values)
        name, version = versions.save(current_user.id, upload, asked, settings)
    except StudioError as error:
        fields = error.fields or {"name": [error.detail]}
        look = versions.inspect_upload(current_user.id, upload)
        return _map_page(upload, look, values, shown, fields), error.status
    upload.path.unlink(missing_ok=True)
    flash(f"{name} version {version} is ready to run.", "success")
    for note in shown.notes if shown else []:  # the page itself warns about the prompt
        flash(note, "warning")
    return redirect(url_for("benchmarks.show", name=name), 303)


@bp.post("/benchmarks/own/<slug>/delete")
@login_required
def delete_own(slug: str) -> Response:
    """Delete a benchmark with all its versions; its runs are kept."""
    versions.delete(current_user.id, slug, get_settings())
    flash(f"own/{slug} was deleted. Its runs are kept.", "success")
    return redirect(url_for("benchmarks.index"), 303)


def _try_preview(
    upload: uploads.Upload, values: dict[str, Any]
) -> tuple[versions.Preview | None, dict[str, list[str]]]:
    try:
        return versions.preview(current_user.id, upload, save_requests.read_columns(values)), {}
    except Invalid as error:
        return None, error.fields


def _upload_page(name: str, error: str | None = None) -> str:
    return render_template(
        "benchmarks/own_upload.html", name=name, error=error, limits=uploads.LIMITS
    )


def _map_page(
    upload: uploads.Upload,
    look: versions.Look,
    values: dict[str, Any],
    shown: versions.Preview | None,
    errors: dict[str, list[str]],
) -> str:
    return render_template(
        "benchmarks/own_map.html",
        upload_id=upload.id,
        look=look,
        values=values,
        prompts=shown and shown.prompts,
        warnings=[*shown.warnings, *shown.notes] if shown else [],
        errors=errors,
        problems=[
            {"id": name, "label": label, "text": errors[name][0]}
            for name, label in _LABELS.items()
            if errors.get(name)
        ],
        rules=_RULES,
        profiles=save_requests.profile_options(),
    )
