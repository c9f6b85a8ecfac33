"""The error about an uploaded file, and the limits that more than one reader holds."""

from __future__ import annotations

MAX_LINE_BYTES = 1024 * 1024
MAX_DEPTH = 50


class OwnDataError(Exception):
    """The uploaded file, or the mapping of it, is not valid.

    Attributes:
        text: What is wrong.
        message: The same, with the line where there is one.
        line: Counted from 1; ``None`` where no single line is at fault.
        field: What of the request is at fault: ``file``, ``scorer``, a kind of column ...
    """

    def __init__(self, message: str, line: int | None = None, field: str = "file") -> None:
        self.text = message
        self.message = message if line is None else f"Line {line:,}: {message}"
        super().__init__(self.message)
        self.line = line
        self.field = field
