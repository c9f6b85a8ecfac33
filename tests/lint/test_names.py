"""One name for one thing: ``app/`` keeps to the glossary of ``docs/architecture.md``."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

INSTEAD = {
    r"users?": "account",
    r"tells?|told": "publish",
    r"g(?:ive|iven|ives)_back": "release",
    r"look_at": "inspect, check or probe",
}
"""Parts of names that say what another word of the glossary says already."""

ALLOWED = {
    "user_id",  # the column
    "current_user",  # Flask-Login's
    "USER_AGENT",  # HTTP's
    "user",  # a role of chat messages, and the field of the API's answer to a login
    "system_and_user",
    "create_user",  # the command's name is public
    "login_user",  # where Flask-Login keeps the current one
}

NO_MODULES = {"utils", "helpers", "common", "misc", "requests"}
"""Names of modules that would say nothing, or what a library is called."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Yield the path within the repository and the tree of every module of ``app/``."""
    for path in sorted((ROOT / "app").rglob("*.py")):
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def names_in(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield what a module gives a name to: classes, functions, arguments, variables, fields."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.lineno, node.name
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id
            case ast.Attribute(ctx=ast.Store()):
                yield node.lineno, node.attr


def snake_case(name: str) -> str:
    """Return a name's words, joined by underscores: ``LookAt`` is ``look_at``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def word_instead(name: str) -> str | None:
    """Return the word of the glossary that the name should use; ``None`` for a good name."""
    if name.strip("_") in ALLOWED:
        return None
    for pattern, word in INSTEAD.items():
        if re.search(rf"(?:^|_)(?:{pattern})(?:_|$)", snake_case(name)):
            return word
    return None


def test_no_class_name_is_defined_twice() -> None:
    places = defaultdict(list)
    for path, tree in modules():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                places[node.name].append(path)
    assert not {name: where for name, where in places.items() if len(where) > 1}


def test_names_use_the_words_of_the_glossary() -> None:
    found = [
        f"{path}:{line} {name}: say {word}"
        for path, tree in modules()
        for line, name in names_in(tree)
        if (word := word_instead(name))
    ]
    assert not found, "\n".join(found)


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert not [path for path, _tree in modules() if Path(path).stem in NO_MODULES]


def test_a_module_of_the_engine_is_the_only_one_of_its_name() -> None:
    """Layers share their nouns; engine and net know none, but for a benchmark and its scorer."""
    places: dict[str, list[str]] = defaultdict(list)
    for path, _tree in modules():
        places[Path(path).stem].append(path)
    twice = {
        name: where
        for name, where in places.items()
        if len(where) > 1
        and name != "__init__"
        and any(path.startswith(("app/engine/", "app/net/")) for path in where)
        and {str(Path(path).parent) for path in where}
        != {"app/engine/benchmarks", "app/engine/scorers"}
    }
    assert not twice


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("User", "account"),
        ("_user_by_email", "account"),
        ("tell", "publish"),
        ("given_back", "release"),
        ("_give_back_expired", "release"),
        ("LookAt", "inspect, check or probe"),
        ("user_id", None),
        ("current_user", None),
        ("teller", None),
        ("username", None),
    ],
)
def test_a_word_is_known_wherever_it_is_in_a_name(name: str, word: str | None) -> None:
    assert word_instead(name) == word
