from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import html5lib
import pytest

FORBIDDEN = re.compile(r"\sstyle=|<script|<style|\son\w+=|javascript:|\bnan\b|\binf\b|\bNone\b")


@pytest.fixture
def parse() -> Callable[[str], Any]:
    """Parse a chart strictly, after checking what no chart may hold."""

    def parsed(markup: str) -> Any:
        assert not FORBIDDEN.search(markup), FORBIDDEN.search(markup)
        parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
        return parser.parseFragment(markup)

    return parsed


def local_name(tag: Any) -> str:
    return str(tag).rpartition("}")[2]


@pytest.fixture
def find() -> Callable[..., list[Any]]:
    """Return the elements with a tag and, if given, all of some classes."""

    def found(tree: Any, tag: str, cls: str = "") -> list[Any]:
        wanted = set(cls.split())
        return [
            node
            for node in tree.iter()
            if local_name(node.tag) == tag and wanted <= set(node.get("class", "").split())
        ]

    return found


@pytest.fixture
def text_of() -> Callable[[Any], str]:
    """Return the text of an element and all within it."""
    return lambda node: "".join(node.itertext())
