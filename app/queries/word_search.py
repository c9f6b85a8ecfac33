"""Case-insensitive search for words in texts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


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


def has_word(text: SQLColumnExpression[Any], word: str) -> ColumnElement[bool]:
    """Return the condition that ``text`` contains ``word``, ignoring case.

    Case of other letters than A to Z is ignored only in words that have some, on PostgreSQL.
    """
    if not word.isascii():
        return text.icontains(word, autoescape=True)
    return _ascii_folded(text).contains(word.lower(), autoescape=True)
