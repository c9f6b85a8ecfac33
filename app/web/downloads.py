"""Streams downloads, of which an account has a few at a time: each reads a run for its client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Any

from flask import Response, stream_with_context

from app.errors import Limited
from app.queries.exports import ExportFile
from app.services.outside_calls import Waits

PER_ACCOUNT = 3
_places = Waits(waits=16, per_account=PER_ACCOUNT)
"""Of this web process."""


def file_answer(file: ExportFile, account_id: int) -> Response:
    """Return a file as a download of the account.

    Raises:
        Limited: All of the account's places are taken.
    """
    response = Response(
        stream_with_context(file.chunks),
        mimetype=file.media_type,
        headers={"Content-Disposition": f'attachment; filename="{file.name}"'},
    )
    return as_download(response, account_id)


def as_download(response: Response, account_id: int) -> Response:
    """Hold a place of the account until the streamed answer was sent, or its client has gone.

    Raises:
        Limited: All of the account's places are taken.
    """
    chunks: Any = response.response
    place = ExitStack()
    place.callback(chunks.close)
    if not place.enter_context(_places.held_if_free(account_id)):
        place.close()
        raise Limited(
            "Too many downloads are under way.",
            code="too_many_at_once",
            action="Wait until one of them is done.",
            retry_after_s=5,
        )
    response.response = _sent(chunks, place)
    response.call_on_close(place.close)  # also where nothing of it was sent
    return response


def _sent(chunks: Iterable[str], place: ExitStack) -> Iterator[str]:
    with place:
        yield from chunks
