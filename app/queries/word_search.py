"""Case-insensitive search for words in texts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.errors import Invalid

MOST_CHARS = 200
"""Of a search: at each place of each text, a database may read as much of it as there is."""
TOO_LONG = f"Search for at most {MOST_CHARS} characters."


class _ascii_folded(FunctionElement[str]):  # noqa: N801 - reads as an SQL function
    """Non-ASCII case folding: PostgreSQL only, and only for non-ASCII words."""

    type = Text()
    inherit_cache = True


@compiles(_ascii_folded, "sqlite")
def _sqlite_folded(element: _ascii_folded, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)  # its LIKE ignores the case of A to Z itself


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
    if not word.isascii():
        return text.icontains(word, autoescape=True)
    return _ascii_folded(text).contains(word.lower(), autoescape=True)
