"""A preview of every template with invented data, for eyes and for the template tests.

Run it with ``python -m tests.templates.preview`` and open http://127.0.0.1:8099/preview.
It is not part of the product: the numbers are made up.
"""

from __future__ import annotations

import importlib.resources as resources
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flask import Flask, Response, render_template, request, send_file
from flask_wtf.csrf import CSRFProtect
from jinja2 import ChoiceLoader, FileSystemLoader

from app.template_filters import register_template_filters
from tests.templates.preview_data import MODELS, benchmarks
from tests.templates.preview_pages import pages

HERE = Path(__file__).resolve().parent
APP = HERE.parents[1] / "app"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
FONTS = {
    "geist": ("fontpkg_geist", "Geist[wght].ttf"),
    "geist-mono": ("fontpkg_geist_mono", "GeistMono[wght].ttf"),
}

ENDPOINTS = {
    "auth.login": "/auth/login",
    "auth.register": "/auth/register",
    "auth.logout": "/auth/logout",
    "runs.index": "/",
    "runs.new": "/runs/new",
    "runs.create": "/runs",
    "runs.show": "/runs/<run_id>",
    "runs.samples": "/runs/<run_id>/samples",
    "runs.sample": "/runs/<run_id>/samples/<path:sample_id>/<int:epoch>",
    "runs.cancel": "/runs/<run_id>/cancel",
    "runs.resume": "/runs/<run_id>/resume",
    "runs.retry_errors": "/runs/<run_id>/retry-errors",
    "runs.duplicate": "/runs/<run_id>/duplicate",
    "runs.delete": "/runs/<run_id>/delete",
    "runs.rescore": "/runs/<run_id>/rescore",
    "runs.events": "/runs/<run_id>/events",
    "runs.export": "/runs/<run_id>/export.<format>",
    "settings.account_delete": "/settings/account/delete",
    "benchmarks.index": "/benchmarks",
    "runs.estimates": "/estimates",
    "benchmarks.show": "/benchmarks/<path:name>",
    "benchmarks.new_own": "/benchmarks/own/new",
    "benchmarks.upload_own": "/benchmarks/own/new",
    "benchmarks.map_own": "/benchmarks/own/new/<upload_id>",
    "benchmarks.save_own": "/benchmarks/own/new/<upload_id>",
    "benchmarks.delete_own": "/benchmarks/own/<slug>/delete",
    "compare.show": "/compare",
    "settings.connections": "/settings/connections",
    "settings.connection_test": "/settings/connections/<name>/test",
    "settings.connection_delete": "/settings/connections/<name>/delete",
    "settings.tokens": "/settings/tokens",
    "settings.token_delete": "/settings/tokens/<token_id>/delete",
    "settings.webhooks": "/settings/webhooks",
    "settings.webhook": "/settings/webhooks/<webhook_id>",
    "settings.webhook_test": "/settings/webhooks/<webhook_id>/test",
    "settings.webhook_rotate": "/settings/webhooks/<webhook_id>/rotate",
    "settings.webhook_delete": "/settings/webhooks/<webhook_id>/delete",
    "settings.delivery_redeliver": "/settings/webhooks/<webhook_id>/deliveries/<delivery_id>",
    "settings.account": "/settings/account",
    "docs.show": "/docs",
}


def build_preview() -> Flask:
    """Return the app; signed in, with the product's CSP."""
    app = Flask(
        "preview", template_folder=str(APP / "templates"), static_folder=str(APP / "static")
    )
    app.config.update(SECRET_KEY="preview", WTF_CSRF_ENABLED=False)  # noqa: S106
    CSRFProtect(app)
    templates = [FileSystemLoader(APP / "templates"), FileSystemLoader(HERE)]
    app.jinja_loader = ChoiceLoader(templates)
    register_template_filters(app)
    for endpoint, rule in ENDPOINTS.items():
        app.add_url_rule(rule, endpoint, empty_page, methods=["GET", "POST"])
    for rule in ("/settings/connections/new", "/settings/connections/<name>"):
        app.add_url_rule(rule, "settings.connection_save", empty_page)
    app.add_url_rule("/api/v1/models", "api.models", api_models)
    app.add_url_rule("/api/v1/benchmarks/<name>", "api.benchmark", api_benchmark)
    app.add_url_rule("/api/v1/estimates", "api.estimate", api_estimate, methods=["POST"])
    app.add_url_rule(
        "/api/v1/connections/<name>/test", "api.test", api_connection_test, methods=["POST"]
    )
    app.add_url_rule("/fonts/<name>", "fonts", send_font)
    app.add_url_rule("/preview", "preview.index", list_pages)
    app.add_url_rule("/preview/<name>", "preview.page", show_page)
    app.context_processor(page_context)
    app.after_request(add_headers)
    return app


def api_models() -> dict[str, Any]:
    words = request.args.get("q", "")
    return {"items": [model for model in MODELS if words in str(model["id"])], "next_cursor": None}


def api_benchmark(name: str) -> dict[str, Any]:
    variables = pages()["benchmark"][1]
    row = next(row for row in benchmarks() if row["name"] == name)
    return {**variables["benchmark"], **row, "protocols": []}


def api_estimate() -> dict[str, Any]:
    priced = "gpt" in request.get_json()["model"]
    return {
        "samples": 200,
        "calls": 200,
        "input_tokens": 205_000,
        "output_tokens": {"low": 30_000, "high": 62_000},
        "cost_usd": {"low": 0.049, "high": 0.068} if priced else None,
        "price_known": priced,
        "price_source": "price list of 2026-11",
        "duration_s": {"low": 21, "high": 48},
        "basis": "From your last 3 runs of this benchmark",
    }


def api_connection_test(name: str) -> dict[str, Any]:
    error = {"code": "unreachable", "message": "Nothing answers there.", "action": "Start it."}
    ok = name != "vllm"
    return {"ok": ok, "latency_ms": 312, "models_found": 61, "error": None if ok else error}


def empty_page(**_: Any) -> Response:
    return Response("preview")


def send_font(name: str) -> Response:
    package, file = FONTS[name]
    with resources.as_file(resources.files(package) / "files" / file) as path:
        return send_file(path, mimetype="font/ttf", max_age=31536000)


def list_pages() -> str:
    links = "".join(f'<li><a href="/preview/{name}">{name}</a></li>' for name in pages())
    return f"<!doctype html><title>Preview</title><ul>{links}</ul>"


def show_page(name: str) -> str:
    template, variables = pages()[name]
    return render_template(template, **variables)


def page_context() -> dict[str, Any]:
    user = SimpleNamespace(is_authenticated=True, email="you@example.org", is_admin=True)
    theme = request.cookies.get("theme") or request.args.get("theme")
    return {"theme": theme, "current_user": user, "active_runs": 3, "app_version": "0.1.0"}


def add_headers(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = CSP
    return response


if __name__ == "__main__":
    build_preview().run("127.0.0.1", 8099, threaded=True)
