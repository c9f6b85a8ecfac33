"""The pages of provider connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.blueprints.settings.blueprint import bp
from app.blueprints.settings.forms import ConnectionForm
from app.blueprints.settings.price_rows import PriceRows, prices_of, stored_rows, typed_rows
from app.errors import Conflict, Invalid
from app.services import connection_deletion
from app.services.connections import probe, saving
from app.services.connections import store as connection_service
from app.services.connections.presets import PRESETS
from app.services.connections.store import ConnectionChanges, ConnectionInfo
from app.web import rate_limits

FRESH = "fresh_connection"
_STREAM: Mapping[str, Literal["auto"] | bool] = {"true": True, "false": False}


@bp.get("/connections")
def connections() -> ResponseReturnValue:
    """List the connections."""
    return render_template(
        "settings/connections.html",
        connections=connection_service.list_connections(current_user.id, current_user.is_admin),
        fresh=session.pop(FRESH, None),
    )


@bp.route("/connections/new", methods=["GET", "POST"], defaults={"name": None})
@bp.route("/connections/<name>", methods=["GET", "POST"])
@rate_limits.save_connection
def connection_save(name: str | None) -> ResponseReturnValue:
    """Show the form for a new or an existing connection, or save it."""
    info = _editable(name)
    if request.method == "POST":
        return _save(info)
    prices = stored_rows(info.prices if info else {})
    return _page(ConnectionForm(formdata=None, obj=info), info, prices)


def _save(info: ConnectionInfo | None) -> ResponseReturnValue:
    form, prices = ConnectionForm(), typed_rows(request.form)
    if not form.validate_on_submit():
        return _page(form, info, prices), 422
    target = info.name if info else (form.name.data or "").strip().lower()
    if info is None and _is_taken(target):
        form.show_errors({"name": ["You already have a connection with this name."]})
        return _page(form, info, prices), 409
    try:
        saved, _new = saving.save_connection(
            current_user.id, current_user.is_admin, target, _changes(form, target, prices)
        )
    except (Invalid, Conflict) as error:
        fields = dict(error.fields)
        of_prices = fields.pop("prices", ())
        for message in form.show_errors(fields) or ([] if error.fields else [error.detail]):
            flash(message, "error")
        return _page(form, info, prices, next(iter(of_prices), None)), error.status
    session[FRESH] = target  # the list tests it at once
    asked = (form.base_url.data or "").strip().rstrip("/")
    found = f" Its API is at {saved.base_url}." if asked and saved.base_url != asked else ""
    flash(f"{target} has been saved.{found}", "success")
    return redirect(url_for("settings.connections"), 303)


@bp.post("/connections/<name>/test")
@rate_limits.test_connection
def connection_test(name: str) -> ResponseReturnValue:
    """Test a connection and show the result."""
    result = probe.probe_connection(current_user.id, current_user.is_admin, name)
    if result.error:
        flash(f"{name}: {result.error.message} {result.error.action or ''}".strip(), "error")
    else:
        models = "1 model" if result.models_found == 1 else f"{result.models_found} models"
        moved = f" Its API is at {result.moved_to}." if result.moved_to else ""
        flash(f"The connection {name} works: {models}, {result.latency_ms} ms.{moved}", "success")
    return redirect(url_for("settings.connections"), 303)


@bp.post("/connections/<name>/delete")
def connection_delete(name: str) -> ResponseReturnValue:
    """Delete a connection and its key."""
    connection_deletion.delete_connection(current_user.id, current_user.is_admin, name)
    flash(f"The connection {name} has been deleted.", "success")
    return redirect(url_for("settings.connections"), 303)


def _editable(name: str | None) -> ConnectionInfo | None:
    if name is None:
        return None
    info = connection_service.get_connection(current_user.id, current_user.is_admin, name)
    if info.read_only:
        # Saving over it makes a connection of the account's own under the same name.
        return None
    return info


def _is_taken(name: str) -> bool:
    mine = connection_service.list_connections(current_user.id, current_user.is_admin)
    return any(info.name == name and not info.read_only for info in mine)


def _changes(form: ConnectionForm, target: str, prices: PriceRows) -> ConnectionChanges:
    changes = ConnectionChanges(
        max_retries=form.max_retries.data or 0,
        max_connections=form.max_connections.data or 0,
        requests_per_minute=form.requests_per_minute.data,
        timeout_s=form.timeout_s.data or 0,
        auth=form.auth.data or None,
        stream=_STREAM.get(form.stream.data, "auto"),
        prices=prices_of(prices),
    )
    url = (form.base_url.data or "").strip()
    if url:
        changes["base_url"] = url
    if url or target not in PRESETS:
        changes["kind"] = form.kind.data
    if form.api_key.data:
        changes["api_key"] = form.api_key.data
    return changes


def _page(
    form: ConnectionForm,
    info: ConnectionInfo | None,
    prices: PriceRows,
    price_error: str | None = None,
) -> str:
    return render_template(
        "settings/connection_form.html",
        form=form,
        connection=info,
        presets=list(PRESETS.values()),
        prices=prices,
        price_error=price_error,
    )
