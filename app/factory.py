"""Builds the application from configuration, extensions, blueprints, error pages and headers."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from importlib import resources
from typing import Any

from flask import Flask, Response, has_request_context, request
from flask_login import current_user
from flask_openapi3 import OpenAPI
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from app import cli
from app.blueprints import auth, benchmarks, compare, health, palette, runs, settings, shares
from app.blueprints.api import openapi_options, register_api
from app.config import Settings, load_settings, open_data_dir
from app.db import init_db
from app.extensions import csrf, limiter, login_manager
from app.logs import configure_logs
from app.queries.runs import count_active
from app.services.storage import disk_space
from app.template_filters import register_template_filters
from app.version import __version__
from app.web import (
    bounds,
    browser_session,
    error_pages,
    page_compression,
    security,
    static_files,
)
from app.web.packed_file import pack_file
from app.web.rate_limits import storage_config
from app.web.urls import SampleIdConverter

FONTS = {
    "geist": ("fontpkg_geist", "Geist[wght].ttf"),
    "geist-mono": ("fontpkg_geist_mono", "GeistMono[wght].ttf"),
}
THEMES = ("light", "dark")
log = logging.getLogger(__name__)


def build_app(settings_: Settings | None = None) -> Flask:
    """Return the web application.

    Raises:
        ConfigError: The environment does not make a valid configuration.
    """
    chosen = settings_ or load_settings()
    configure_logs(chosen.log_level, chosen.log_format)
    for warning in filter(None, (open_data_dir(chosen), chosen.advice)):
        log.warning(warning)
    app = OpenAPI(
        __name__, static_folder="static", template_folder="templates", **openapi_options()
    )
    app.url_map.converters["int"] = RowNumber
    app.extensions["settings"] = chosen
    app.extensions["started_at"] = time.monotonic()
    _configure(app, chosen)
    _attach_extensions(app)
    _register(app)
    return app


def _configure(app: Flask, chosen: Settings) -> None:
    app.config.update(
        SECRET_KEY=chosen.secret_key.get_secret_value() if chosen.secret_key else None,
        SQLALCHEMY_DATABASE_URI=chosen.database,
        SESSION_COOKIE_SECURE=chosen.cookies_need_tls,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_NAME="studio_session",
        PERMANENT_SESSION_LIFETIME=timedelta(days=chosen.session_days),
        MAX_CONTENT_LENGTH=bounds.STRANGER_BYTES,  # more for those who are known, see there
        MAX_FORM_PARTS=bounds.MAX_FORM_PARTS,
        TRUSTED_HOSTS=list(chosen.trusted_hosts) or None,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        WTF_CSRF_SSL_STRICT=chosen.cookies_need_tls,
        **storage_config(chosen),
    )
    app.url_map.converters["sample_id"] = SampleIdConverter
    app.json.sort_keys = False  # type: ignore[attr-defined]
    if chosen.trusted_proxies:
        hops = chosen.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops
        )


def _attach_extensions(app: Flask) -> None:
    init_db(app)
    csrf.init_app(app)
    limiter.init_app(app)
    browser_session.install(app, login_manager)
    security.install(app)
    page_compression.install(app)
    error_pages.install(app)
    static_files.install(app)
    register_template_filters(app)
    app.context_processor(_page_values)


def _register(app: OpenAPI) -> None:
    for module in (auth, runs, benchmarks, compare, palette, settings, shares, health):
        app.register_blueprint(module.bp)
    register_api(app)
    if app.extensions["settings"].rq_dashboard:
        from app.blueprints import admin  # only where it is wanted

        admin.install(app)
    cli.install(app)
    app.add_url_rule("/fonts/<name>", view_func=font)


class RowNumber(IntegerConverter):
    """A row number in a URL; longer numbers than a database holds are not found."""

    regex = r"\d{1,18}"


def font(name: str) -> Response:
    """Serve one of the two fonts from its package."""
    if name not in FONTS:
        return Response(status=404)
    package, file = FONTS[name]
    with resources.as_file(resources.files(package) / "files" / file) as path:
        return pack_file(path, "font/ttf").answer(max_age_s=static_files.YEAR_S)


def _page_values() -> dict[str, Any]:
    cookies = request.cookies if has_request_context() else {}
    theme = cookies.get("theme")
    signed_in = bool(current_user and current_user.is_authenticated)
    return {
        "theme": theme if theme in THEMES else None,
        "keys_off": cookies.get("keys") == "off",
        "app_version": __version__,
        "disk_level": disk_space.room().level if signed_in else None,
        "active_runs": count_active(current_user.id) if signed_in else None,
    }
