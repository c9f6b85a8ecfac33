"""Downloads: a few of an account at a time, whatever becomes of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Response

from app.errors import Limited
from app.web.downloads import PER_ACCOUNT, as_download

MINE, THEIRS = 71, 72


def _download(account_id: int, closed: list[bool] | None = None) -> Response:
    def chunks() -> Iterator[str]:
        try:
            yield "one, "
            yield "two"
        finally:
            if closed is not None:
                closed.append(True)

    return as_download(Response(chunks()), account_id)


def test_an_account_has_three_at_a_time_and_others_theirs() -> None:
    """Twelve at once of a large run held up the others, and each took its memory."""
    under_way = [_download(MINE) for _ in range(PER_ACCOUNT)]
    with pytest.raises(Limited, match="Too many downloads are under way"):
        _download(MINE)
    _download(THEIRS).close()
    for each in under_way:
        each.close()
    _download(MINE).close()


@pytest.mark.parametrize("sent", [0, 1, 3])
def test_a_place_is_free_again_however_far_it_came(sent: int) -> None:
    for _ in range(PER_ACCOUNT + 1):
        closed: list[bool] = []
        response = _download(MINE, closed)
        pieces = response.iter_encoded()
        assert b"".join(piece for _, piece in zip(range(sent), pieces, strict=False)) == (
            b"one, two" if sent == 3 else b"one, "[: 5 * sent]
        )
        response.close()
        assert bool(closed) is (sent > 0)
