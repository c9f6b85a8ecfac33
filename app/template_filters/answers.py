"""Formats a model's answer as safe HTML."""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")
_FORMATTED_CHARS = 20_000
_MARKDOWN_TAGS = {
    "p", "br", "hr", "em", "strong", "code", "pre", "blockquote", "ul", "ol", "li", "a",
    "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip


def markdown(text: str | None) -> Markup:
    """Return an answer's beginning as safe HTML: no raw HTML, no images, no scripts, no styles.

    Two fences: the parser escapes HTML, and the sanitiser lets only a list of plain tags by.
    An image would call a foreign server with the reader's address, hence none.
    """
    html = _MARKDOWN.render((text or "")[:_FORMATTED_CHARS])
    clean = nh3.clean(
        html,
        tags=_MARKDOWN_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer nofollow",
    )
    return Markup(clean)  # noqa: S704 - nh3 has just cleaned it
