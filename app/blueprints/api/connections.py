"""``/connections``: provider endpoints of the account."""

from __future__ import annotations

from flask import Response, g, url_for

from app.blueprints.api.callers import api_blueprint
from app.blueprints.api.schemas.connections import (
    ConnectionAnswer,
    ConnectionBody,
    ConnectionList,
    ConnectionPath,
    ConnectionTestResult,
    LocalServers,
)
from app.blueprints.api.schemas.fields import PageQuery
from app.errors import Invalid
from app.queries.paging import page_of
from app.services import connection_deletion
from app.services.connections import local_servers, probe, saving, store
from app.web import rate_limits
from app.web.json_answers import answer, no_content

bp = api_blueprint(
    "connections",
    "Provider endpoints and their keys.",
    bodyless={"test_connection", "find_local_servers"},
)


@bp.get("/connections", responses={200: ConnectionList})
def list_connections(query: PageQuery) -> Response:
    """List the connections by name."""
    page = page_of(
        store.list_connections(g.account.id, g.account.is_admin),
        lambda info: info.name,
        limit=query.limit,
        cursor=query.cursor,
    )
    return answer(
        ConnectionList(
            items=[ConnectionAnswer.of(info) for info in page.items],
            next_cursor=page.next_cursor,
            total=page.total,
        )
    )


@bp.get("/connections/<string:name>", responses={200: ConnectionAnswer})
def get_connection(path: ConnectionPath) -> Response:
    """Return a connection."""
    info = store.get_connection(g.account.id, g.account.is_admin, path.name)
    return answer(ConnectionAnswer.of(info))


@bp.put("/connections/<string:name>", responses={200: ConnectionAnswer, 201: ConnectionAnswer})
@rate_limits.save_connection
def save_connection(path: ConnectionPath, body: ConnectionBody) -> Response:
    """Create a connection, or change the one with that name."""
    if body.name not in (None, path.name):
        raise Invalid(
            "The name in the body differs from the name in the path.",
            fields={"name": ["Leave it out, or send the name in the path."]},
        )
    info, new = saving.save_connection(g.account.id, g.account.is_admin, path.name, body.changes())
    location = url_for("api_connections.get_connection", name=info.name) if new else None
    return answer(ConnectionAnswer.of(info), 201 if new else 200, location=location)


@bp.delete("/connections/<string:name>", responses={204: None})
def delete_connection(path: ConnectionPath) -> Response:
    """Delete a connection and its key."""
    connection_deletion.delete_connection(g.account.id, g.account.is_admin, path.name)
    return no_content()


@bp.post("/connections/<string:name>/test", responses={200: ConnectionTestResult})
@rate_limits.test_connection
def test_connection(path: ConnectionPath) -> Response:
    """Test a connection by asking the provider for its models, which costs nothing."""
    result = probe.probe_connection(g.account.id, g.account.is_admin, path.name)
    return answer(ConnectionTestResult.of(result))


@bp.post("/connections/find-local", responses={200: LocalServers})
@rate_limits.look_for_servers
def find_local_servers() -> Response:
    """Look for model servers on the Studio's machine, for administrators.

    A fixed list of ports is asked, and servers are known by what they answer. Save one with
    ``PUT /connections/{name}`` and its ``base_url``.
    """
    found = local_servers.look_for_servers(g.account.id, g.account.is_admin)
    connections = store.list_connections(g.account.id, g.account.is_admin)
    return answer(LocalServers.of(found, local_servers.connected_ports(connections)))
