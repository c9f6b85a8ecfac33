"""The child: locks itself in, then becomes the untrusted program.

Started as ``python -I -S -c ... request.json status_fd`` in an empty directory. It writes
``ready`` to the status pipe once every lock holds, and the request's token when the program
reached its end: an exit code alone cannot tell a program that passed its tests from one that
called ``exit()`` before them.
"""

from __future__ import annotations

import json
import linecache
import os
import sys
import traceback
import types

from app.engine.sandbox.landlock import python_paths, restrict_files
from app.engine.sandbox.limits import die_with_parent, drop_privileges, limit_resources
from app.engine.sandbox.seccomp import install_filter

READY = b"ready\n"
"""First words on the status pipe: everything is locked."""
UNAVAILABLE_EXIT_CODE = 97
"""Exit code of a child that could not lock itself in."""
_NAME = "program.py"
_FRAMES_ABOVE_PROGRAM = 2


def main(request_path: str, status_fd: int, root: str) -> None:
    """Lock this process in and run the program of the request.

    Args:
        request_path: JSON file with ``program``, ``token``, ``parent_pid``, ``memory_bytes``
            and ``cpu_s``; removed once read.
        status_fd: Write end of the status pipe.
        root: Where the studio's code lies, taken off ``sys.path``.
    """
    with open(request_path, encoding="ascii") as file:
        request = json.load(file)
    os.unlink(request_path)
    try:
        _lock_in(request)
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(UNAVAILABLE_EXIT_CODE)
    _forget_studio(root)
    os.write(status_fd, READY)
    _become(request["program"])
    os.write(status_fd, request["token"].encode())


def _lock_in(request: dict[str, object]) -> None:
    die_with_parent(int(str(request["parent_pid"])))
    limit_resources(int(str(request["memory_bytes"])), int(str(request["cpu_s"])))
    drop_privileges()
    restrict_files(python_paths(), (os.getcwd(),))
    install_filter(os.getpid())


def _forget_studio(root: str) -> None:
    sys.path = [path for path in sys.path if path != root]
    for name in [name for name in sys.modules if name.split(".")[0] == "app"]:
        del sys.modules[name]
    sys.argv = [_NAME]


def _become(program: str) -> None:
    """Run ``program`` as ``__main__``, with tracebacks that show its lines and not ours."""
    lines = program.splitlines(keepends=True)
    linecache.cache[_NAME] = (len(program), None, lines, _NAME)
    sys.excepthook = _print_program_frames
    main_module = types.ModuleType("__main__")
    sys.modules["__main__"] = main_module
    code = compile(program, _NAME, "exec", dont_inherit=True)
    exec(code, main_module.__dict__)  # noqa: S102 - running it is the purpose, behind the locks


def _print_program_frames(
    kind: type[BaseException], error: BaseException, frames: types.TracebackType | None
) -> None:
    for _ in range(_FRAMES_ABOVE_PROGRAM + 1):
        if frames is not None:
            frames = frames.tb_next
    traceback.print_exception(kind, error, frames)
