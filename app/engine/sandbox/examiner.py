"""The process that runs the tests and gives the verdict. The model's program is in another one.

The tests hold stand-ins (``peer.Remote``) for the program's functions. A call sends plain data and
gets plain data back; comparing it with what is expected happens here.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import importlib
import os
import sys
from collections import Counter
from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple

from app.engine.sandbox.answer import END
from app.engine.sandbox.link import Link, LinkEndedError
from app.engine.sandbox.peer import SERVED_BY_TESTS, Peer
from app.engine.sandbox.program import TESTS, print_own_frames, run_as_main

ANSWER_MODULE = "answer"
"""Tests may ``from answer import`` a name of the program that they define themselves, too."""
_MAIN_MODULE = 0
_KEPT_FAILURE_CHARS = 500


class Findings(NamedTuple):
    """The result of the tests.

    Attributes:
        passed: All tests held, and the program ended as it should.
        exit_code: Of the tests (1: one failed), or of the program where that ended first.
        failure: The last line of what failed, cut; empty where the program ended before its tests.
    """

    passed: bool
    exit_code: int
    failure: str = ""


class _TestsPeer(Peer):
    """The side of the tests, whose loops only an iterator of the program may end."""

    def ask(self, operation: str, target: int, *values: Any) -> Any:
        """Ask as every peer does; but a call that raises ``StopIteration`` has failed.

        Else ``all(map(f, cases))`` holds for a function that raises it: no case is looked at.
        Generators do the same with one that is raised within them (PEP 479).
        """
        try:
            return super().ask(operation, target, *values)
        except StopIteration:
            if operation == "next":
                raise
            raise RuntimeError("the program raised StopIteration") from None


class _Answer(ModuleType):
    """The program's names, as a module that the tests can import from."""

    def __init__(self, peer: Peer) -> None:
        super().__init__(ANSWER_MODULE)
        self._peer = peer

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what the import machinery looks for
            raise AttributeError(name)
        return self._peer.ask("getattr", _MAIN_MODULE, name)


def examine(link: Link, program: str, tests: str, answer_pid: int) -> Findings:
    """Run ``tests`` against ``program``, which the process at the other end of ``link`` runs."""
    try:
        link.send(["program", program])
        link.receive()  # loaded
        _run_tests(tests, _TestsPeer(link, SERVED_BY_TESTS, _may_be_passed))
        link.send(END)
    except LinkEndedError:
        pass  # below
    except BaseException as error:  # noqa: BLE001 - a failed test, whatever it raised
        if not link.is_broken:
            print_own_frames(type(error), error, error.__traceback__)
            return Findings(False, 1, _last_line(error))
    held = not link.is_broken
    link.close()
    exit_code = os.waitstatus_to_exitcode(os.waitpid(answer_pid, 0)[1])
    return Findings(held and exit_code == 0, exit_code)


def _run_tests(tests: str, peer: Peer) -> None:
    answer = _Answer(peer)
    sys.modules[ANSWER_MODULE] = answer
    names = {}
    tree = ast.parse(tests)
    modules = _names_of_modules(tree)
    for name in _names_of_the_program(tree):
        with contextlib.suppress(AttributeError):  # the tests will tell that it is missing
            its_own = getattr(answer, name)
            names[name] = importlib.import_module(name) if name in modules else its_own
    run_as_main(tests, TESTS, names)


def _names_of_the_program(tests: ast.Module) -> list[str]:
    """Return the names that the tests use and nobody else defines.

    A built-in function is the program's only where the tests call nothing else (a task of MBPP
    asks for a ``sum``); else a program could redefine what compares its results.
    """
    nodes = list(ast.walk(tests))
    defined = set(_defined_names(nodes))
    used = {
        node.id: None
        for node in nodes
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    foreign = [name for name in used if name not in defined]
    if any(not hasattr(builtins, name) for name in foreign) or ANSWER_MODULE in defined:
        return [name for name in foreign if not hasattr(builtins, name)]
    calls = (node.func for node in nodes if isinstance(node, ast.Call))
    return [func.id for func in calls if isinstance(func, ast.Name) and func.id in foreign]


def _names_of_modules(tests: ast.Module) -> set[str]:
    """Return the names that stand for modules of the library: all that is used is in them.

    The tests import those themselves: a program's own ``math`` could find anything close.
    """
    bases = [node.value for node in ast.walk(tests) if isinstance(node, ast.Attribute)]
    used = Counter(node.id for node in ast.walk(tests) if isinstance(node, ast.Name))
    used.subtract(base.id for base in bases if isinstance(base, ast.Name))
    return {name for name, alone in used.items() if not alone} & sys.stdlib_module_names


def _defined_names(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.ImportFrom | ast.Import):
            yield from (alias.asname or alias.name.split(".")[0] for alias in node.names)
            if isinstance(node, ast.ImportFrom) and node.module == ANSWER_MODULE:
                yield ANSWER_MODULE
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name


def _may_be_passed(value: Any) -> bool:
    return callable(value) or hasattr(type(value), "__next__")


def _last_line(error: BaseException) -> str:
    import traceback  # as above: not needed by tests that pass

    lines = "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()
    return lines[-1][:_KEPT_FAILURE_CHARS] if lines else type(error).__name__
