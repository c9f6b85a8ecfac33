"""Serves what is under static: one script, one style sheet, squeezed and under a name for good.

The address of a file has its digest (``/static/studio.css?v=...``), so that a browser keeps it and
asks again only after it has changed. Where Flask debugs, all is made anew for each request, and
readable.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, request

from app.web import script_bundle, sheet_bundle
from app.web.packed_file import PackedFile

SCRIPT = "studio.js"
SHEET = "studio.css"
YEAR_S = 31_536_000
_SQUEEZED = {".js": script_bundle.squeeze_script, ".css": sheet_bundle.squeeze_sheet}


def install(app: Flask) -> None:
    """Serve the files of ``app``'s static folder, and give their addresses their digests."""
    folder = Path(app.static_folder or "")

    def files() -> Mapping[str, PackedFile]:
        return _read(folder, readable=True) if app.debug else _read_once(folder)

    def serve(filename: str) -> Response:
        found = files().get(filename)
        if found is None:
            abort(404)
        is_current = request.args.get("v") == found.digest
        return found.answer(max_age_s=YEAR_S if is_current else 0, is_immutable=is_current)

    def add_digest(endpoint: str, values: dict[str, Any]) -> None:
        found = files().get(values["filename"]) if endpoint == "static" else None
        if found is not None:
            values["v"] = found.digest

    app.view_functions["static"] = serve
    app.url_default_functions.setdefault(None, []).append(add_digest)


@lru_cache(maxsize=2)
def _read_once(folder: Path) -> Mapping[str, PackedFile]:
    return _read(folder)


def _read(folder: Path, *, readable: bool = False) -> Mapping[str, PackedFile]:
    """Return all files of a folder and the two bundles, by name."""
    texts = {
        SCRIPT: script_bundle.bundle(folder / "js" / "main.js", readable=readable),
        SHEET: sheet_bundle.bundle(folder / "css", readable=readable),
    }
    for path in filter(Path.is_file, folder.rglob("*")):
        text = path.read_text(encoding="utf-8")
        squeeze = None if readable else _SQUEEZED.get(path.suffix)
        texts[path.relative_to(folder).as_posix()] = squeeze(text) if squeeze else text
    return {name: PackedFile.pack(text.encode(), _kind(name)) for name, text in texts.items()}


def _kind(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
