"""Shortens a sample's texts for pages, since an answer may have megabytes."""

from __future__ import annotations

import json
from typing import Any

TEXT_CHARS = 20_000
"""Of an answer or a message."""
NOTE_CHARS = 2_000
"""Of what stands beside: verdict, target, explanation, detail."""
CELL_CHARS = 300
"""In a row of a list."""
_MORE = "…"


def cell_text(value: str | list[str] | None) -> str | None:
    """Return the beginning of an answer or target; several are joined."""
    return None if value is None else _begin(_joined(value, CELL_CHARS), CELL_CHARS)


def shorten(view: dict[str, Any]) -> dict[str, Any]:
    """Return a sample's view with the beginnings of its texts; ``is_cut``: one was longer."""
    short = {
        "completion": _begin(view["completion"], TEXT_CHARS),
        "said": _begin(view["said"], TEXT_CHARS),
        "reasoning": _begin(view["reasoning"] or "", TEXT_CHARS) or None,
        "input": [
            {**part, "content": _begin(str(part["content"]), TEXT_CHARS)} for part in view["input"]
        ],
        "answer": None if view["answer"] is None else _begin(view["answer"], NOTE_CHARS),
        "target": _begin(_joined(view["target"], NOTE_CHARS), NOTE_CHARS),
        "explanation": _begin(view["explanation"], NOTE_CHARS),
        "detail": {name: _short(value) for name, value in (view["detail"] or {}).items()},
    }
    whole = {**view, "target": _joined(view["target"]), "detail": view["detail"] or {}}
    is_cut = any(short[name] != whole[name] for name in short)
    return {**view, **short, "is_cut": is_cut}


def _begin(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + _MORE


def _joined(value: str | list[str], most: int | None = None) -> str:
    """Return a target as one text, cut soon after ``most`` characters."""
    if isinstance(value, str):
        return value
    return " or ".join(str(each) for each in (value if most is None else value[: most + 1]))


def _short(value: Any) -> Any:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return value if len(text) <= NOTE_CHARS else text[:NOTE_CHARS] + _MORE
