"""Writes what documents the settings: ``.env.example`` and the table in the README.

Usage: scripts/env_docs.py [--check]

--check writes nothing and ends with 1 if either is out of date. In the README the table stands
between the lines ``<!-- settings -->`` and ``<!-- /settings -->``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from textwrap import wrap
from typing import Any

from pydantic.fields import FieldInfo

from app.config import Settings

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / ".env.example"
README = ROOT / "README.md"
_TABLE = re.compile(r"(<!-- settings -->\n).*?(<!-- /settings -->)", re.DOTALL)
_HEAD = """\
# Settings of OpenBench Studio. Copy this file to .env and change what you need; the environment
# wins over it. Every line here shows its default; all are optional outside production.
# Written by scripts/env_docs.py from app/config.py.
"""
_KEYS = """
# Provider keys are no settings: OPENAI_API_KEY, ANTHROPIC_API_KEY and the like are offered to
# administrators as connections, under the names that the providers use.
# OPENAI_API_KEY=
"""


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=True)
    if value is None or value == ():
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def example() -> str:
    """Return the text of ``.env.example``."""
    lines = [_HEAD]
    for name, field in Settings.model_fields.items():
        lines += [f"# {line}" for line in wrap(field.description or "", 96)]
        lines += [f"# {name.upper()}={_default(field)}", ""]
    return "\n".join(lines).rstrip() + "\n" + _KEYS


def table() -> str:
    """Return the settings as a Markdown table."""
    rows = ["| Variable | Default | Meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = _default(field)
        shown = f"`{default}`" if default else ""
        rows.append(f"| `{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(rows) + "\n"


def documents() -> dict[Path, str]:
    """Return what the files should contain; the README only if it has a place for the table."""
    wanted = {EXAMPLE: example()}
    if README.exists():
        text = README.read_text()
        wanted[README] = _TABLE.sub(lambda found: found[1] + table() + found[2], text)
    return wanted


def main() -> int:
    """Write or check; return the exit code."""
    arguments = sys.argv[1:]
    if arguments not in ([], ["--check"]):
        sys.stderr.write(__doc__ or "")
        return 0 if arguments and arguments[0] in ("-h", "--help") else 2
    stale = [
        path for path, text in documents().items() if not path.exists() or path.read_text() != text
    ]
    if arguments:
        for path in stale:
            sys.stderr.write(f"{path.name} is out of date; run scripts/check --fix\n")
        return 1 if stale else 0
    for path, text in documents().items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
