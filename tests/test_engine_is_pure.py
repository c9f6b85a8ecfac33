"""The engine is plain Python: it can be used without the web application."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
roots = {name.partition(".")[0] for name in sys.modules}
print(sorted(roots & {"flask", "sqlalchemy", "redis", "rq", "flask_sqlalchemy"}))
print(sorted({"app.config", "app.db", "app.models", "app.errors", "app.logs"} & set(sys.modules)))
"""


@pytest.mark.parametrize("package", ["app.engine", "app.net"])
def test_importing_all_of_it_brings_no_framework(package: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", SCRIPT, package], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines() == ["[]", "[]"], done.stderr
