"""How errors are told."""

from __future__ import annotations

import pytest

from app.web.problems import retry_after_header, wait_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "1 second"),
        (0.4, "1 second"),
        (1.0, "1 second"),
        (1.1, "2 seconds"),
        (60, "60 seconds"),
    ],
)
def test_a_wait_is_told_in_whole_seconds(seconds: float, words: str) -> None:
    assert wait_words(seconds) == words
    assert words.startswith(f"{retry_after_header(seconds)} ")
