"""Words in texts: in any case, taken literally, the same on both databases."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import literal, select

from app.db import db
from app.queries.word_search import has_word

TEXT = "The Answer is 100% sure_ly größer, C:/x"


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("answer", True),
        ("ANSWER IS", True),
        ("tHE", True),
        ("100%", True),
        ("100%%", False),
        ("1%sure", False),
        ("sure_ly", True),
        ("s_re", False),
        ("c:/X", True),
        ("größer", True),
        ("", True),
        ("absent", False),
    ],
)
def test_a_word_is_found_in_any_case_and_stands_for_itself(
    app_context: Flask, word: str, *, found: bool
) -> None:
    assert db.session.scalar(select(has_word(literal(TEXT), word))) == found


def test_a_text_that_is_not_there_has_no_word(app_context: Flask) -> None:
    assert not db.session.scalar(select(has_word(literal(None), "a")))
