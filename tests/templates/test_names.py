"""Long names are cut where they are alike."""

from __future__ import annotations

import pytest

from app.template_filters.names import name_parts


@pytest.mark.parametrize(
    ("name", "others", "parts"),
    [
        ("openai/gpt-4o", (), ("", "openai/gpt-4o", "")),
        ("llamacpp/oddusage", (), ("", "llamacpp/oddusage", "")),
        ("llamacpp/gpt-oss-20", (), ("", "llamacpp/gpt-oss-20", "")),
        ("llamacpp/gpt-oss-20b", (), ("llam", "acpp/gpt-oss-20b", "")),
        ("together/Qwen3-235B-Instruct-2507", (), ("together/Qwen3-23", "5B-Instruct-2507", "")),
        ("a/large-2026-11", ("a/small-2026-11",), ("a/", "large-", "2026-11")),
        ("a/b-large", ("a/b-large-v2", "a/b-small"), ("a/b-", "large", "")),
        ("a/b", ("a/b", "a/c"), ("a/", "b", "")),
        ("a/b", ("a/b",), ("", "a/b", "")),
        ("a/b", ("a/b-c",), ("a/", "b", "")),
        ("together/Qwen3-235B-Instruct-25", ("b",), ("together/Qwen3-", "235B-Instruct-25", "")),
        ("a-a", ("a-a-a",), ("", "a-a", "")),
        ("", ("x",), ("", "", "")),
    ],
)  # fmt: skip
def test_what_differs_is_kept(
    name: str, others: tuple[str, ...], parts: tuple[str, str, str]
) -> None:
    found = name_parts(name, others)
    assert (found.head, found.core, found.end) == parts
    assert found.head + found.core + found.end == name
