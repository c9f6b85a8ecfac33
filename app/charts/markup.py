"""Builds HTML and SVG that is always escaped."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape

Attribute = str | int | float | bool | None


def element(name: str, *children: Markup | str, **attributes: Attribute) -> Markup:
    """Return an element; text children and attribute values are escaped.

    ``cls`` becomes ``class`` and underscores become hyphens. ``None`` and ``False`` leave an
    attribute out, ``True`` gives one without a value. There is always a closing tag, which is
    right in HTML and in SVG alike.
    """
    opening = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        attribute = "class" if key == "cls" else key.replace("_", "-")
        opening.append(attribute if value is True else f'{attribute}="{escape(_text(value))}"')
    inner = join(children)
    return Markup(f"<{' '.join(opening)}>{inner}</{name}>")  # noqa: S704 - all parts are escaped


def join(parts: Iterable[Markup | str]) -> Markup:
    """Return parts one after the other; plain text among them is escaped."""
    return Markup("").join(parts)


def _text(value: Attribute) -> str:
    """Write coordinates with one decimal at most: a tenth of a pixel is enough."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def share(fraction: float) -> str:
    """Return a fraction 0..1 as an SVG length in percent."""
    return f"{fraction * 100:.2f}%"
