"""Makes one style sheet of those in static/css."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from app.web.script_bundle import squeeze_lines

FIRST = ("tokens", "base", "layout")
ALONE = ("pages/docs",)
"""Loaded beside the bundle by the page that needs it: it follows a sheet of others."""


def bundle(folder: Path, *, readable: bool = False) -> str:
    """Return all sheets as one: what all pages share, parts, pages, and how it is printed."""
    parts = sorted(path.stem for path in (folder / "components").glob("*.css"))
    pages = sorted(path.stem for path in (folder / "pages").glob("*.css"))
    names = [*FIRST, *(f"components/{name}" for name in parts)]
    names += [f"pages/{name}" for name in pages if f"pages/{name}" not in ALONE]
    text = join(folder, names) + f"@media print {{\n{join(folder, ['print'])}}}\n"
    return text if readable else squeeze_sheet(text)


def join(folder: Path, names: Iterable[str]) -> str:
    """Return sheets after each other."""
    return "".join((folder / f"{name}.css").read_text(encoding="utf-8") for name in names)


def squeeze_sheet(text: str) -> str:
    """Return a sheet without comments and indentation."""
    return squeeze_lines(without(text, "/*", "*/"))


def without(text: str, start: str, end: str) -> str:
    """Return a text without all that stands between two marks."""
    first, *rest = text.split(start)
    return first + "".join(part.partition(end)[2] for part in rest)
