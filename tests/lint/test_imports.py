"""What services may take from Flask: import contracts see packages, not the names in them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

SERVICES = Path(__file__).parents[2] / "app" / "services"
MODULES = sorted(SERVICES.rglob("*.py"))
ALLOWED = {"flask": {"Flask", "current_app"}, "flask_login": {"UserMixin"}}
"""The application and the account behind a session; answers and cookies are the web's."""


def taken_from_flask(source: str) -> set[str]:
    """Return what a module takes from Flask and Flask-Login beyond what services may."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            package = node.module.partition(".")[0]
            if package in ALLOWED:
                allowed = ALLOWED[package] if node.module == package else set()
                names = {alias.name for alias in node.names}
                found |= {f"{node.module}.{name}" for name in names - allowed}
        elif isinstance(node, ast.Import):
            found |= {a.name for a in node.names if a.name.partition(".")[0] in ALLOWED}
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(SERVICES)))
def test_a_service_knows_no_answer_and_no_cookie(module: Path) -> None:
    assert taken_from_flask(module.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from flask import Response, current_app", {"flask.Response"}),
        ("from flask import session as cookie", {"flask.session"}),
        ("from flask.wrappers import Response", {"flask.wrappers.Response"}),
        ("import flask", {"flask"}),
        ("from flask_login import UserMixin, login_user", {"flask_login.login_user"}),
        ("def f():\n    from flask import request", {"flask.request"}),
        ("from flask import Flask, current_app", set()),
    ],
)
def test_every_way_to_import_it_is_seen(source: str, found: set[str]) -> None:
    assert taken_from_flask(source) == found


def test_the_message_of_an_absent_queue_server_stands_once() -> None:
    """``QueueAway`` has it: with it come the code and what to do."""
    app = SERVICES.parent
    found = [
        str(path.relative_to(app))
        for path in app.rglob("*.py")
        if re.search(r'"queue_unavailable"|f?"The queue server does not answer', path.read_text())
    ]
    assert found == ["errors.py"]


def test_one_serialiser_writes_all_answers_but_problems() -> None:
    app = SERVICES.parent
    found = [
        str(path.relative_to(app)) for path in app.rglob("*.py") if "jsonify(" in path.read_text()
    ]
    assert found == ["web/problems.py"]
