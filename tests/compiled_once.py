"""What is compiled once for all applications of a test process, which makes one for most tests.

Routes, templates and SQL: an application of its own would take four times as long without.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from types import CodeType
from typing import Any, ClassVar

from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Dialect, Engine, event
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule


class SharedRule(Rule):
    """A rule whose builder of addresses is compiled once.

    The builder depends on nothing but what is in the key, and finds the converters in the rule
    that it is bound to.
    """

    _builders: ClassVar[dict[Any, Callable[..., tuple[str, str]]]] = {}

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = (self.rule, *self._trace, str(self.defaults), append_unknown)
        if key not in self._builders:
            self._builders[key] = super()._compile_builder(append_unknown)
        return self._builders[key]


class SharedTemplates(BytecodeCache):
    """Compiled templates by name and content."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket, if the template was compiled before."""
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._codes[bucket.key, bucket.checksum] = bucket.code


TEMPLATES = SharedTemplates()

_DIALECTS: dict[str, Dialect] = {}
_STATEMENTS: LRUCache[Any, Any] = LRUCache(2_000)


def hurry(engine: Engine) -> None:
    """Let an engine use the statements that others compiled, and wait for no disk.

    SQLAlchemy keeps them by dialect, so that they must have that in common too.
    """
    engine.dialect = _DIALECTS.setdefault(engine.dialect.name, engine.dialect)
    engine.update_execution_options(compiled_cache=_STATEMENTS)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _trust_the_disk)


def _trust_the_disk(connection: sqlite3.Connection, record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")
