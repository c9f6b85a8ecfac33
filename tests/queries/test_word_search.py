"""Words in texts: in any case, taken literally, the same on both databases."""

from __future__ import annotations

import time

import pytest
from flask import Flask
from sqlalchemy import Text, cast, literal, select, text

from app.db import db
from app.errors import Invalid
from app.queries import word_search
from app.queries.word_search import MOST_CHARS, has_word

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
        ("THE ANSWER IS 100%", True),
        ("the answer is 100% sure_LY größer", True),
        ("the answer is 100% sure-ly größer", False),
        ("the answer is 1000% sure", False),
    ],
)
def test_a_word_is_found_in_any_case_and_stands_for_itself(
    app_context: Flask, word: str, *, found: bool
) -> None:
    assert db.session.scalar(select(has_word(literal(TEXT), word))) == found


def test_a_text_that_is_not_there_has_no_word(app_context: Flask) -> None:
    assert not db.session.scalar(select(has_word(literal(None), "a")))
    assert not db.session.scalar(select(has_word(cast(literal(None), Text), "a" * 100)))


def test_a_word_that_nearly_stands_everywhere_takes_little_longer(app_context: Flask) -> None:
    everywhere, word = "a" * 20_000_000, "a" * (MOST_CHARS - 1) + "b"
    began = time.process_time()
    assert not db.session.scalar(select(has_word(literal(everywhere), word)))
    assert time.process_time() - began < 2  # LIKE: five seconds


def test_what_takes_too_long_ends_and_the_next_search_is_done(
    app_context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(word_search, "PATIENCE_S", 0.2)
    endless = (
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT count(*) FROM n"
    )
    with pytest.raises(Invalid) as refused, word_search.patience():
        db.session.execute(text(endless))
    assert refused.value.code == "search_too_slow"
    with word_search.patience():
        assert db.session.scalar(text("SELECT 1")) == 1
    time.sleep(0.4)
    assert db.session.scalar(text("SELECT 1")) == 1
