"""The child process that decides with sympy whether two LaTeX expressions are equal.

It reads one JSON object a line (``{"left": …, "right": …, "constants": …}``) and answers
``{"equal": true}`` or ``{"equal": false, "reason": …}``. It is a process of its own because no
thread can be stopped: ``9^{9^9}`` would compute until the memory ends. A timer ends it after the
seconds of CPU time that its argument names for each request, whether the parent lives or not. Run
as a script with ``-I``, it imports nothing of the application.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import resource
import signal
import sys
from typing import Any

MEMORY_LIMIT_BYTES = 300_000_000
"""Of address space; sympy itself takes 214 MB of it, of which 91 are resident."""

ROUNDING = 1e-12
"""Relative difference of two values that are the same."""


def limit_resources() -> None:
    """Bound the memory of this process and forbid it to write files."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def load_parser() -> Any:
    """Return sympy's LaTeX parser.

    sympy insists on version 4.11 of the ANTLR runtime, but the tables of its grammar have the
    format that all runtimes since 4.10 read, so the check is told what it wants to hear.
    """
    module = importlib.import_module("sympy.parsing.latex._parse_latex_antlr")
    vars(module)["version"] = lambda _package: "4.11"
    return module.parse_latex


def equal(parse_latex: Any, left: str, right: str, *, constants: bool) -> bool:
    """Return whether the difference of two expressions simplifies to zero.

    With ``constants``, pi, e and i are the numbers of these names, and so is a value that is zero
    but for rounding: sympy finds the sine of pi/6 only then.
    """
    sympy = importlib.import_module("sympy")
    one, other = parse_latex(left), parse_latex(right)
    if constants:
        known = {"pi": sympy.pi, "e": sympy.E, "i": sympy.I}
        one, other = (
            each.subs({sympy.Symbol(name): value for name, value in known.items()})
            for each in (one, other)
        )
    difference = one - other
    if bool(sympy.simplify(difference) == 0):
        return True
    if not constants or difference.free_symbols:
        return False
    rest, size = (float(abs(sympy.N(each, 20))) for each in (difference, one))
    return size < math.inf and rest <= ROUNDING * max(1.0, size)


def answer(parse_latex: Any, line: str) -> dict[str, Any]:
    """Return the reply to one request; an expression that cannot be read equals nothing."""
    request = json.loads(line)
    try:
        constants = bool(request.get("constants"))
        return {"equal": equal(parse_latex, request["left"], request["right"], constants=constants)}
    except Exception as error:  # noqa: BLE001 - sympy raises anything; reported to the parent
        return {"equal": False, "reason": type(error).__name__}


def main() -> None:
    """Serve requests until the input ends."""
    # Whatever a library prints must not end up in the protocol.
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    limit_resources()
    limit_s = float(sys.argv[1])
    parse_latex = load_parser()
    replies.write('{"ready": true}\n')
    replies.flush()
    for line in sys.stdin:
        signal.setitimer(signal.ITIMER_PROF, limit_s)  # its signal ends the process
        reply = answer(parse_latex, line)
        signal.setitimer(signal.ITIMER_PROF, 0)
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
