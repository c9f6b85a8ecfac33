"""``/benchmarks/own``: benchmarks of the account's own data."""

from __future__ import annotations

from typing import Any

from flask import Response, g, request
from pydantic import BaseModel

from app.blueprints.api.callers import api_blueprint
from app.blueprints.api.schemas.benchmarks import BenchmarkDetail
from app.blueprints.api.schemas.own_benchmarks import OwnPath, OwnPreview, PreviewForm, SaveForm
from app.current import get_settings
from app.errors import Invalid
from app.queries import benchmarks
from app.queries.catalog import versions_of
from app.services.own_benchmarks import save_requests, uploads, versions
from app.web import rate_limits
from app.web.json_answers import answer, no_content

bp = api_blueprint(
    "own_benchmarks",
    "Benchmarks of your own CSV or JSON; they are listed among all benchmarks.",
    uploads=dict.fromkeys(("save_own_benchmark", "preview_own"), uploads.MAX_REQUEST_BYTES),
)


def _form_of(model: type[BaseModel]) -> dict[str, Any]:
    """Describe a multipart form for OpenAPI (the library would read its text as JSON)."""
    schema = model.model_json_schema()
    schema["properties"] |= {"file": {"type": "string", "format": "binary"}}
    schema["required"] = ["file", *schema.get("required", [])]
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    }


@bp.post(
    "/benchmarks/own",
    responses={201: BenchmarkDetail},
    openapi_extensions=_form_of(SaveForm),
)
@rate_limits.upload
def save_own_benchmark() -> Response:
    """Save a file as a benchmark; a name that exists gets a new version."""
    settings = get_settings()
    asked = save_requests.read_request(_values())
    with _upload() as upload:
        name, _version = versions.save(g.account.id, upload, asked, settings)
    found = benchmarks.get_benchmark(name, g.account.id)
    view = benchmarks.detail_view(found, settings)
    view["versions"] = versions_of(name, g.account.id)
    return answer(view, 201, location=f"/api/v1/benchmarks/{name}")


@bp.post(
    "/benchmarks/own/preview",
    responses={200: OwnPreview},
    openapi_extensions=_form_of(PreviewForm),
)
@rate_limits.upload
def preview_own() -> Response:
    """Show columns and first rows of a file and, once columns are mapped, three prompts."""
    with _upload() as upload:
        look = versions.inspect_upload(g.account.id, upload)
        values = _values()
        shown = None
        if values.get("question") or values.get("target"):
            shown = versions.preview(g.account.id, upload, save_requests.read_columns(values))
    return answer(
        {
            "columns": look.columns,
            "guess": look.guess,
            "rows": look.rows,
            "row_count": look.row_count,
            "prompts": shown and shown.prompts,
            "warnings": [*shown.warnings, *shown.notes] if shown else [],
        }
    )


@bp.delete("/benchmarks/own/<string:slug>")
def delete_own_benchmark(path: OwnPath) -> Response:
    """Delete a benchmark with all its versions; its runs are kept."""
    versions.delete(g.account.id, path.slug, get_settings())
    return no_content()


def _values() -> dict[str, Any]:
    return {**request.form.to_dict(), "choices": request.form.getlist("choices")}


def _upload() -> Any:
    file = request.files.get("file")
    if file is None:
        raise Invalid("The form has no file.", fields={"file": ["This field is required."]})
    settings = get_settings()
    return uploads.passing_upload(g.account.id, file.stream, file.filename or "", settings)
