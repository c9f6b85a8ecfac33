"""Case-insensitive search for words in texts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Boolean, ColumnElement, SQLColumnExpression, Text, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.db import StatementsTooSlowError, end_statements_after
from app.errors import Invalid

MOST_CHARS = 200
"""Of a search: at each place of each text, a database may read as much of it as there is."""
TOO_LONG = f"Search for at most {MOST_CHARS} characters."

PATIENCE_S = 10.0
"""Of a search in long texts, of which an account may have gigabytes."""
_LONG_CHARS = 16
"""SQLite's LIKE tries each letter of a word at each place of a text: quick for what people look
for, and with 200 letters up to a quarter of a second a megabyte."""


class _ascii_folded(FunctionElement[str]):  # noqa: N801 - reads as an SQL function
    """Non-ASCII case folding: PostgreSQL only, and only for non-ASCII words."""

    type = Text()
    inherit_cache = True


@compiles(_ascii_folded, "sqlite")
def _sqlite_folded(element: _ascii_folded, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)  # its LIKE ignores the case of A to Z itself


class _has_long_word(FunctionElement[bool]):  # noqa: N801 - reads as an SQL function
    """Whether the first text contains the second, in a time that hardly depends on the second."""

    type = Boolean()
    inherit_cache = True


@compiles(_has_long_word, "sqlite")
def _sqlite_has_long_word(element: _has_long_word, compiler: SQLCompiler, **kw: Any) -> str:
    text, word = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(instr(lower({text}), lower({word})) > 0)"  # lower() knows A to Z, as LIKE does


@compiles(_has_long_word, "postgresql")
def _postgresql_has_long_word(element: _has_long_word, compiler: SQLCompiler, **kw: Any) -> str:
    text, word = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(strpos({text}, {word}) > 0)"


@compiles(_ascii_folded, "postgresql")
def _postgresql_folded(element: _ascii_folded, compiler: SQLCompiler, **kw: Any) -> str:
    # By the rules of a language, each letter of 14,000 answers would be looked up.
    return f'lower({compiler.process(element.clauses, **kw)} COLLATE "C")'


def check_search(text: str) -> None:
    """Check that a search is not too long.

    Raises:
        Invalid: It is.
    """
    if len(text) > MOST_CHARS:
        raise Invalid(TOO_LONG, fields={"q": [TOO_LONG]})


def has_word(text: SQLColumnExpression[Any], word: str) -> ColumnElement[bool]:
    """Return the condition that ``text`` contains ``word``, ignoring case.

    Case of other letters than A to Z is ignored only in words that have some, on PostgreSQL.
    """
    is_long = len(word) > _LONG_CHARS
    if not word.isascii():
        if is_long:
            return _has_long_word(func.lower(text), func.lower(word))
        return text.icontains(word, autoescape=True)
    if is_long:
        return _has_long_word(_ascii_folded(text), word.lower())
    return _ascii_folded(text).contains(word.lower(), autoescape=True)


@contextmanager
def patience() -> Iterator[None]:
    """End a search that takes too long, whoever waits for it or has gone.

    Raises:
        Invalid: It did.
    """
    try:
        with end_statements_after(PATIENCE_S):
            yield
    except StatementsTooSlowError:
        raise Invalid(
            f"This took longer than {PATIENCE_S:g} seconds, since the run has so much text.",
            code="search_too_slow",
            action="Filter by category or outcome as well, or search in the exported run.",
        ) from None
