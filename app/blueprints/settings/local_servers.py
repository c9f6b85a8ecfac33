"""The page of model servers on the Studio's machine, for administrators."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.blueprints.settings.blueprint import bp
from app.blueprints.settings.connections import FRESH
from app.blueprints.settings.users import admins_only
from app.errors import Conflict, shorten
from app.services.connections import local_servers
from app.services.connections.local_servers import LocalPort
from app.services.connections.store import list_connections
from app.web import rate_limits

_FOUND = "local_servers"
MODELS_NAMED = 5
NAME_CHARS = 60


@bp.get("/local-servers")
@admins_only
def local_servers_found() -> ResponseReturnValue:
    """Show what was found last, which this browser's session keeps."""
    tried = session.get(_FOUND, [])
    by_port = {each["port"]: each for each in tried}
    connections = list_connections(current_user.id, current_user.is_admin)
    return render_template(
        "settings/local_servers.html",
        found=[each for each in tried if each["state"] == "found"],
        tried=tried,
        ports=[(port, by_port.get(port), usual) for port, usual in local_servers.PORTS.items()],
        connected=local_servers.connected_ports(connections),
    )


@bp.post("/local-servers")
@admins_only
@rate_limits.look_for_servers
def local_servers_look() -> ResponseReturnValue:
    """Look for servers, and show what was found."""
    found = local_servers.look_for_servers(current_user.id, current_user.is_admin)
    session[_FOUND] = [_kept(each) for each in found]
    return redirect(url_for("settings.local_servers_found"), 303)


def _kept(found: LocalPort) -> dict[str, Any]:
    """Return what the page shows of a port, and no more: it travels in a cookie."""
    kept = {"port": found.port, "state": found.state}
    if found.state != "found":
        return kept
    return kept | {
        "name": found.name,
        "title": found.title,
        "base_url": found.base_url,
        "models": [shorten(name, NAME_CHARS) for name in found.models[:MODELS_NAMED]],
        "count": len(found.models),
        "needs_key": found.needs_key,
    }


@bp.post("/local-servers/connect")
@admins_only
@rate_limits.save_connection
def local_servers_connect() -> ResponseReturnValue:
    """Make a connection to a server that was found; the list of connections tests it at once."""
    name = request.form.get("name", "")
    port = request.form.get("port", 0, type=int)
    try:
        info = local_servers.connect_server(current_user.id, current_user.is_admin, name, port)
    except Conflict as error:
        flash(error.detail, "error")
        return redirect(url_for("settings.local_servers_found"), 303)
    session[FRESH] = info.name
    flash(f"{info.name} has been saved.", "success")
    return redirect(url_for("settings.connections"), 303)
