"""Saves a connection, and finds its server's API where the address lacks the path to it."""

from __future__ import annotations

from app.db import db
from app.errors import Conflict
from app.services.connections import store
from app.services.connections.api_finder import find_api
from app.services.connections.base_urls import has_version
from app.services.connections.store import ConnectionChanges, ConnectionInfo


def save_connection(
    account_id: int, is_admin: bool, name: str, changes: ConnectionChanges
) -> tuple[ConnectionInfo, bool]:
    """Create or change the connection ``name``; also returns whether it is new.

    An address without a version (``http://127.0.0.1:8001``) is looked at: if the API of that
    server is below it, such as at ``/v1``, the connection gets that address.

    Raises:
        Invalid: See `store.save_connection`.
        Conflict: See there.
    """
    info, new = store.save_connection(account_id, is_admin, name, changes)
    if "base_url" not in changes or info.simulated or has_version(info.base_url):
        return info, new
    return find_address(account_id, is_admin, info) or info, new


def find_address(account_id: int, is_admin: bool, info: ConnectionInfo) -> ConnectionInfo | None:
    """Give a connection the address, on the same server, at which its API answers.

    Returns:
        The changed connection; ``None``: nothing better was found, or it is not to be changed.
    """
    if info.read_only:
        return None
    try:
        opened = store.open_connection(account_id, is_admin, info.name)
    except Conflict:
        return None
    db.session.rollback()  # the server may take seconds: no transaction meanwhile
    found = find_api(account_id, opened)
    if found is None or found == info.base_url:
        return None
    return store.move_connection(account_id, info, found)
