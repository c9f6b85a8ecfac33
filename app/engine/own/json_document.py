"""Splits a JSON document into its rows: a list of objects, or objects of several lines each.

Memory holds one row at a time, however large the file is. A document whose only list of objects
is one of its fields (``{"data": [...]}``) gives that list's rows.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from app.engine.own.own_data_error import MAX_DEPTH, MAX_LINE_BYTES, OwnDataError

_CHUNK_BYTES = 64 * 1024
_SIGN = re.compile(r'["{}\[\]]')
_STRING_END = re.compile(r'[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_MOST_LEVELS = MAX_DEPTH + 10
_NAME = r'"[^"\\]{1,100}"\s*+:\s*+'
_FIELD = re.compile(
    rf'\s*+\{{\s*+(?:{_NAME}(?:"[^"\\]{{0,500}}"|[-\w.]++)\s*+,\s*+)*+{_NAME}\[\s*+\{{'
)
_GAP = re.compile(r"[\s,]*+")


def is_document(stream: BinaryIO) -> bool:
    """Return whether JSON is a list or an object of several lines, rather than one row a line."""
    head = stream.readline(MAX_LINE_BYTES)
    while head and not head.removeprefix(codecs.BOM_UTF8).strip():
        head = stream.readline(MAX_LINE_BYTES)
    is_all = not stream.read(_CHUNK_BYTES).strip()
    stream.seek(0)
    first = head.removeprefix(codecs.BOM_UTF8).strip()
    if first.startswith(b"[") or (first.startswith(b"{") and first.endswith((b"{", b"[", b","))):
        return True
    return is_all and bool(_FIELD.match(first.decode("utf-8", "replace")))


class JsonDocument:
    """The objects of a document, one after the other, as text with the line each begins on.

    Args:
        stream: At its beginning; UTF-8.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._at = 0
        self._line = 1
        self._is_done = False

    def rows(self) -> Iterator[tuple[int, str]]:
        """Yield each object of the list (or of the sequence) that the document is.

        Raises:
            OwnDataError: It is not such a document, a row is too long, or it is cut off.
        """
        in_list, is_all = self._open()
        while not self._ends(in_list):
            if self._text[self._at] != "{":
                raise OwnDataError(
                    "is not a JSON object; a list has one object for each question.", self._line
                )
            yield self._object()
        self._blank()
        if is_all and not self._is_at_end():
            raise OwnDataError("has more text behind the list.", self._line)

    def _open(self) -> tuple[bool, bool]:
        """Go to the first row; return whether a list ends them, and nothing may follow it."""
        self._fill()
        while not self._text.strip() and not self._is_done:
            self._fill()
        wrapped = _FIELD.match(self._text)
        if wrapped:
            self._skip(wrapped.end() - 1)
            return True, False
        return self._take("["), True

    def _ends(self, in_list: bool) -> bool:
        self._blank()
        if in_list and self._take("]"):
            return True
        if self._is_at_end() and in_list:
            raise OwnDataError("the list is never closed.", self._line)
        return self._is_at_end()

    def _object(self) -> tuple[int, str]:
        begins, depth, position = self._line, 0, self._at
        while True:
            sign = _SIGN.search(self._text, position)
            if sign is None:
                position = len(self._text)
            elif sign.group() == '"':
                end = self._end_of_string(sign.end())
                position = end
                continue
            else:
                position = sign.end()
                depth += 1 if sign.group() in "{[" else -1
                if depth > _MOST_LEVELS:
                    raise OwnDataError(f"is nested deeper than {MAX_DEPTH} levels.", begins)
                if depth == 0:
                    text = self._text[self._at : position]
                    self._skip(position - self._at)
                    return begins, text
                continue
            position = self._more(position, begins)

    def _end_of_string(self, position: int) -> int:
        begins = self._line
        while True:
            end = _STRING_END.match(self._text, position)
            if end:
                return end.end()
            # From its beginning again: a string has at most as many chunks as a row.
            position = self._more(position, begins)

    def _more(self, position: int, begins: int) -> int:
        """Read on within an object; return where ``position`` is now."""
        if len(self._text) - self._at > MAX_LINE_BYTES:
            raise OwnDataError(f"its row is longer than {MAX_LINE_BYTES:,} bytes.", begins)
        if self._is_done:
            raise OwnDataError("is not valid JSON (it is cut off).", begins)
        position -= self._at
        self._fill()
        return position

    def _fill(self) -> None:
        chunk = self._stream.read(_CHUNK_BYTES)
        self._is_done = not chunk
        try:
            more = self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError:
            raise OwnDataError("is not UTF-8 text; save the file as UTF-8.", self._line) from None
        self._text = self._text[self._at :] + more
        self._at = 0

    def _skip(self, count: int) -> None:
        self._line += self._text.count("\n", self._at, self._at + count)
        self._at += count

    def _blank(self) -> None:
        """Go past blanks and commas."""
        while True:
            gap = _GAP.match(self._text, self._at)
            self._skip((gap.end() if gap else self._at) - self._at)
            if self._at < len(self._text) or self._is_done:
                return
            self._fill()

    def _take(self, sign: str) -> bool:
        self._blank()
        if self._text.startswith(sign, self._at):
            self._skip(1)
            return True
        return False

    def _is_at_end(self) -> bool:
        return self._is_done and self._at >= len(self._text)
