"""Makes one script of our modules, since a page that asks for each waits for forty answers.

It knows the imports and exports that we write and refuses all others, so that it needs no parser.
"""

from __future__ import annotations

import re
from pathlib import Path

_IMPORT = re.compile(r'^import \{([^}]*)\} from "([^"]+)";$', re.MULTILINE)
_LATER = re.compile(r'\bimport\("([^"]+)"\)')
_EXPORT = re.compile(r"^export (?=(?:async function|function|class|const|let) (\w+))", re.MULTILINE)
_LEFT = re.compile(r"^[ \t]*(?:import|export)\b.*$", re.MULTILINE)
# A module runs when it is first asked for, and once.
_ONCE = """const once = (run) => {
  let made;
  return () => (made ??= run());
};
"""


class BundleError(Exception):
    """A module is not written as the bundle needs it; the text says which and why."""


def bundle(start: Path, *, readable: bool = False) -> str:
    """Return the module ``start`` and all that it imports, now or later, as one module.

    Args:
        start: Its file.
        readable: Keep comments and indentation.

    Raises:
        BundleError: A module imports itself by some way, or in a form that is not known.
    """
    start, parts = start.resolve(), dict[Path, str]()
    _add(start, start.parent, parts, ())
    text = f"{_ONCE}{''.join(parts.values())}{_name(start, start.parent)}();\n"
    return text if readable else squeeze_script(text)


def _add(path: Path, root: Path, parts: dict[Path, str], importers: tuple[Path, ...]) -> None:
    if path in importers:
        raise BundleError(f"{path.name} imports itself through {importers[-1].name}.")
    if path in parts:
        return
    text = path.read_text(encoding="utf-8")
    for target in [match[2] for match in _IMPORT.finditer(text)] + _LATER.findall(text):
        _add((path.parent / target).resolve(), root, parts, (*importers, path))
    parts[path] = _wrap(path, root, text)


def _wrap(path: Path, root: Path, text: str) -> str:
    """Return a module as a function that gives what the module exports."""

    def name(target: str) -> str:
        return _name((path.parent / target).resolve(), root)

    names = ", ".join(match[1] for match in _EXPORT.finditer(text))
    text = _IMPORT.sub(lambda to: f"const {{ {_renamed(to[1])} }} = {name(to[2])}();", text)
    text = _LATER.sub(lambda to: f"Promise.resolve().then({name(to[1])})", text)
    text = _EXPORT.sub("", text)
    if left := _LEFT.search(text):
        raise BundleError(f"{path.name}: this form is not known: {left[0].strip()}")
    for line in text.splitlines():
        if line.count("`") % 2:
            raise BundleError(f"{path.name}: a template of several lines loses its indentation.")
    return f"const {_name(path, root)} = once(() => {{\n{text}return {{ {names} }};\n}});\n"


def _name(path: Path, root: Path) -> str:
    return re.sub(r"\W", "_", str(path.relative_to(root).with_suffix("")))


def _renamed(names: str) -> str:
    return " ".join(names.split()).replace(" as ", ": ")


def squeeze_script(text: str) -> str:
    """Return a script without comments that have their own lines, and without indentation."""
    kept, is_comment = [], False
    for line in squeeze_lines(text).splitlines():
        is_comment = is_comment or line.startswith("/*")
        if not is_comment and not line.startswith("//"):
            kept.append(f"{line}\n")
        is_comment = is_comment and not line.endswith("*/")
    return "".join(kept)


def squeeze_lines(text: str) -> str:
    """Return a text without indentation and empty lines."""
    return "\n".join(filter(None, map(str.strip, text.splitlines()))) + "\n"
