"""Running source text as a program of its own, and telling what went wrong in it."""

from __future__ import annotations

import linecache
import os
import sys
import types
from typing import Any

PROGRAM = "program.py"
"""The untrusted program, in tracebacks."""
TESTS = "tests.py"
"""The tests, in tracebacks."""
_OUR_FILES = frozenset(
    ["<string>", *(entry.path for entry in os.scandir(os.path.dirname(__file__)))]
)


def run_as_main(source: str, name: str, names: dict[str, Any] | None = None) -> types.ModuleType:
    """Run ``source`` as ``__main__``, under a file name, with ``names`` defined already."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    module = types.ModuleType("__main__")
    module.__dict__.update(names or {})
    sys.modules["__main__"] = module
    code = compile(source, name, "exec", dont_inherit=True)
    exec(code, module.__dict__)  # noqa: S102 - running it is the purpose, behind the locks
    return module


def print_own_frames(
    kind: type[BaseException], error: BaseException, frames: types.TracebackType | None
) -> None:
    """Print an exception without the frames that are ours."""
    import traceback  # takes 10 ms, and most programs need none

    story = traceback.TracebackException(kind, error, frames)
    part: traceback.TracebackException | None = story
    while part is not None:
        own = [frame for frame in part.stack if frame.filename not in _OUR_FILES]
        part.stack = traceback.StackSummary.from_list(own)
        part = part.__cause__ or part.__context__
    sys.stderr.write("".join(story.format()))


def forget_studio(root: str) -> None:
    """Leave no trace of our code in what a program can import and list."""
    sys.path = [path for path in sys.path if path != root]
    for name in [name for name in sys.modules if name.split(".")[0] == "app"]:
        del sys.modules[name]
    sys.argv = [PROGRAM]
