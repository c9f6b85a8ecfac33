"""Prints every regular expression of the app as a line of JSON: where it stands, what it matches.

A process of its own: it looks over the shoulder of ``re`` while all modules are imported. What
functions compile later is found in their source.
"""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "app"
_METHODS = frozenset(
    ("compile", "search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn")
)
_SCRIPTS = frozenset(("app.supervisor.__main__", "app.worker.__main__"))  # importing starts them


def patterns_of_modules() -> list[dict[str, Any]]:
    """Return what is compiled while the modules of the app are imported."""
    found: dict[tuple[str, int, Any, int], dict[str, Any]] = {}
    compile_pattern: Any = vars(re)["_compile"]

    def record(pattern: Any, flags: int) -> Any:
        compiled = compile_pattern(pattern, flags)
        frame = sys._getframe(1)
        while frame.f_back and Path(frame.f_code.co_filename).parent.name == "re":
            frame = frame.f_back
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(APP):
            # Through a function of the same file: where that was called tells more.
            where = (str(path.relative_to(ROOT)), frame.f_lineno, compiled.pattern, compiled.flags)
            found[where] = _view(*where)
        return compiled

    vars(re)["_compile"] = record
    for info in pkgutil.walk_packages([str(APP)], "app."):
        if info.name not in _SCRIPTS:
            importlib.import_module(info.name)
    return list(found.values())


def patterns_of_functions() -> Iterator[dict[str, Any]]:
    """Yield what functions compile: the pattern, or ``null`` where it is made at that moment."""
    for path in sorted(APP.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                for call in ast.walk(function):
                    if _compiles(call):
                        yield _of_call(call, str(path.relative_to(ROOT)))


def _compiles(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _METHODS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
    )


def _of_call(call: Any, path: str) -> dict[str, Any]:
    given = call.args[0] if call.args else None
    if isinstance(given, ast.Constant) and isinstance(given.value, str | bytes):
        return _view(path, call.lineno, given.value, re.compile(given.value).flags)
    return {"path": path, "line": call.lineno, "pattern": None, "source": ast.unparse(call)}


def _view(path: str, line: int, pattern: str | bytes, flags: int) -> dict[str, Any]:
    is_bytes = isinstance(pattern, bytes)
    text = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
    return {"path": path, "line": line, "pattern": text, "flags": flags, "bytes": is_bytes}


if __name__ == "__main__":
    for each in [*patterns_of_modules(), *patterns_of_functions()]:
        sys.stdout.write(json.dumps(each) + "\n")
