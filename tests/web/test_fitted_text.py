"""Texts that fit into a number of bytes of HTML."""

from __future__ import annotations

import pytest

from app.web.fitted_text import beginning, fitted


def test_a_short_text_is_escaped_only():
    assert fitted("1 < 2", 20) == "1 &lt; 2"
    assert beginning("1 < 2", 20) == "1 &lt; 2"


def test_a_long_one_keeps_both_ends():
    assert fitted("a" * 50 + "b" * 50, 25) == "aaaaaaaaaa … bbbbbbbbbb"
    assert beginning("abcdefghij" * 5, 15) == "abcdefghij…"


@pytest.mark.parametrize("text", ["x" * 5000, "<" * 5000, "漢字" * 2500, '"' * 700, "🦜" * 900])
@pytest.mark.parametrize("most", [6, 40, 333])
def test_nothing_is_longer_than_it_may_be(text, most):
    for fit in (fitted(text, most), beginning(text, most)):
        assert len(fit.encode()) <= most
        assert "&lt" not in fit.replace("&lt;", "")  # no entity is cut
