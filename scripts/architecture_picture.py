"""Draw docs/architecture.svg from the import contracts in pyproject.toml.

    scripts/architecture_picture.py [--check]

Each layer is a row of rooms; a room may import the rooms below it. The rooms inside app/services
have layers of their own and are drawn inside theirs. ``--check`` fails where the file differs.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "architecture.svg"
WIDTH, MARGIN = 860, 16
ROOM_HEIGHT, GAP, INSET = 34, 8, 12
TALL_HEIGHT = 52
"""Of a layer in which a name and what it is do not fit on one line."""
NAME_CHAR, WHAT_CHAR = 8.0, 6.4
"""Widths, generously: whoever looks may have another font."""
WHAT = {
    "supervisor": "scripts/start",
    "worker": "the pool that works on jobs",
    "factory": "wires everything",
    "blueprints": "pages and JSON API",
    "jobs": "ids in, idempotent",
    "cli": "flask commands",
    "web": "errors, headers, limits",
    "template_filters": "numbers, times, words",
    "services": "verbs that change things, a folder a noun",
    "queries": "reads for pages and API",
    "recorder": "the ledger's writer",
    "broker": "queue server, jobs, live events",
    "models": "rows",
    "db": "database set-up",
    "extensions": "Flask's extensions",
    "current": "the application's settings",
    "charts": "SVG",
    "engine": "dataset, prompt, call, score: plain Python",
    "net": "HTTP, retries, egress guard, signatures",
    "config": "all settings",
    "logs": "redacted",
    "errors": "what users are told",
    "lifeline": "ends with its parent",
    "disk": "how full it is",
    "private_files": "0700 and 0600",
    "web_server": "waits for slow clients",
    "version": "of the Studio",
    "heaps": "two for all threads of a process",
}


def layers_of(container: str) -> list[list[str]]:
    """Return the layers of a contract, each a list of rooms, from the top down."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    found = next(each for each in contracts if each.get("containers") == [container])
    return [[room.strip() for room in layer.split("|")] for layer in found["layers"]]


def draw() -> str:
    """Return the picture as SVG text."""
    parts: list[str] = []
    y = MARGIN
    for layer in layers_of("app"):
        width = (WIDTH - 2 * MARGIN - GAP * (len(layer) - 1)) / len(layer)
        height = ROOM_HEIGHT if all(_fits(room, width) for room in layer) else TALL_HEIGHT
        height = _inner_height() if "services" in layer else height
        for number, room in enumerate(layer):
            x = MARGIN + number * (width + GAP)
            parts += _room(x, y, width, height, room, WHAT.get(room, ""))
            if room == "services":
                parts += _services(x, y, width)
        y += height + GAP
    height = y - GAP + MARGIN
    return "\n".join([_HEAD.format(width=WIDTH, height=height), *parts, "</svg>", ""])


def _fits(room: str, width: float) -> bool:
    needed = len(room) * NAME_CHAR + len(WHAT.get(room, "")) * WHAT_CHAR
    return needed + 3 * INSET < width


def _inner_height() -> int:
    return ROOM_HEIGHT + len(layers_of("app.services")) * (ROOM_HEIGHT + GAP) + INSET - GAP


def _services(x: float, y: float, width: float) -> list[str]:
    parts: list[str] = []
    top = y + ROOM_HEIGHT
    for layer in layers_of("app.services"):
        room_width = (width - 2 * INSET - GAP * (len(layer) - 1)) / len(layer)
        for number, room in enumerate(layer):
            left = x + INSET + number * (room_width + GAP)
            parts += _room(left, top, room_width, ROOM_HEIGHT, room, "", inner=True)
        top += ROOM_HEIGHT + GAP
    return parts


def _room(
    x: float, y: float, width: float, height: float, name: str, what: str, *, inner: bool = False
) -> list[str]:
    kind = "inner" if inner else "room"
    place = f'x="{x + 12:.1f}" dy="18"' if height == TALL_HEIGHT else 'dx="8"'
    text = f'<tspan class="name">{escape(name)}</tspan>'
    if what:
        text += f'<tspan class="what" {place}>{escape(what)}</tspan>'
    return [
        f'<rect class="{kind}" x="{x:.1f}" y="{y}" width="{width:.1f}" height="{height}" rx="6"/>',
        f'<text x="{x + 12:.1f}" y="{y + 22}">{text}</text>',
    ]


_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" \
viewBox="0 0 {width} {height}" role="img" aria-label="The layers of app/, from supervisor down">
<style>
  svg {{ background: #ffffff; font: 13px system-ui, sans-serif; }}
  .room {{ fill: #f4f5f7; stroke: #c9cdd4; }}
  .inner {{ fill: #ffffff; stroke: #c9cdd4; }}
  .name {{ fill: #16181d; font-weight: 600; }}
  .what {{ fill: #5a6270; font-size: 12px; }}
</style>"""


def main() -> int:
    """Draw it, or with --check compare; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="fail if the file is not up to date")
    picture = draw()
    if not parser.parse_args().check:
        PICTURE.write_text(picture)
        return 0
    if not PICTURE.exists() or PICTURE.read_text() != picture:
        sys.stderr.write("docs/architecture.svg is out of date; run scripts/check --fix\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
