"""Files from public addresses."""

from __future__ import annotations

from pathlib import Path

from app.net.call_errors import CallError
from app.net.guard import EgressPolicy
from app.net.http import HttpSession

MAX_BYTES = 200_000_000
TIMEOUT_S = 600.0


def download(url: str, target: Path, policy: EgressPolicy | None = None) -> None:
    """Write the file at ``url`` to ``target``.

    Args:
        url: Complete address; redirects are not followed.
        target: Its folder exists.
        policy: What may be reached; by default public addresses only.

    Raises:
        CallError: The address does not answer with the file (``download_failed``), or as
            :meth:`HttpSession.get_json`.
        OSError: The file cannot be written.
    """
    session = HttpSession(policy or EgressPolicy(), max_connections=1, max_bytes=MAX_BYTES)
    try:
        reply = session.get_json(url, {"Accept": "*/*"}, TIMEOUT_S)
    finally:
        session.close()
    if reply.status != 200:
        raise CallError("download_failed", f"{url} answered {reply.status}.", status=reply.status)
    target.write_bytes(reply.body)
