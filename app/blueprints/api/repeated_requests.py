"""``Idempotency-Key``: a repeated POST gets the answer of the first one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Set
from typing import IO

from flask import Response, current_app, g, request

from app.services import request_keys
from app.services.request_keys import KeptAnswer, KeyClaim

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_CHUNK_BYTES = 1 << 16


def repeat_answer(exempt: Set[str]) -> Response | None:
    """Return the answer of an earlier request with the same key; ``None``: do this one.

    Args:
        exempt: Endpoints that make nothing, or whose caller has no account yet.

    Raises:
        Invalid: The key is malformed, or was used for another request.
        Conflict: The first one is not answered yet.
    """
    key = request.headers.get(HEADER, "").strip()
    if not key or request.method != "POST" or request.endpoint in exempt:
        return None
    kept = request_keys.claim(g.account.id, key, _digest())
    if isinstance(kept, KeyClaim):
        g.request_claim = kept
        return None
    response = current_app.response_class(
        kept.text, status=kept.status, mimetype="application/json" if kept.text else None
    )
    if kept.location:
        response.headers["Location"] = kept.location
    response.headers[REPLAYED] = "true"
    return response


def note_answer(response: Response) -> Response:
    """Keep the answer of a request that was done; let one that was refused be sent again."""
    mine: KeyClaim | None = g.pop("request_claim", None)
    if mine is None:
        return response
    if 200 <= response.status_code < 300:
        text = response.get_data(as_text=True)
        kept = KeptAnswer(response.status_code, response.headers.get("Location"), text)
        request_keys.keep_answer(mine, kept)
    else:
        request_keys.release(mine)
    return response


def _digest() -> str:
    """Return a digest of all that the request asks for."""
    digest = hashlib.sha256(f"{request.method} {request.full_path}\n".encode())
    if request.mimetype == "multipart/form-data":  # whose boundary differs each time
        for name, value in sorted(request.form.items(multi=True)):
            digest.update(json.dumps([name, value]).encode())
        for name, file in sorted(request.files.items(multi=True)):
            digest.update(json.dumps([name, file.filename]).encode())
            _add_file(digest, file.stream)
    elif request.is_json and request.get_data(cache=True):
        digest.update(json.dumps(request.get_json(), sort_keys=True).encode())
    return digest.hexdigest()


def _add_file(digest: hashlib._Hash, stream: IO[bytes]) -> None:
    while chunk := stream.read(_CHUNK_BYTES):
        digest.update(chunk)
    stream.seek(0)
