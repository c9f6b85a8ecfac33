"""Compiles every template, so that a syntax error shows without opening its page."""

from __future__ import annotations

import sys
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, TemplateSyntaxError

TEMPLATES = Path(__file__).parents[1] / "app" / "templates"


class _Known(dict[str, object]):
    """Takes any name for a filter or test: the application defines its own."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> object:
        return str

    def get(self, name: str, default: object = None) -> object:
        return super().get(name, str)


def main() -> int:
    """Compile all; return 1 if one does not."""
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    environment.filters = _Known(environment.filters)
    environment.tests = _Known(environment.tests)
    broken = 0
    for name in environment.list_templates():
        try:
            environment.get_template(name)
        except TemplateSyntaxError as error:
            broken += 1
            sys.stderr.write(f"{name}:{error.lineno}: {error.message}\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
