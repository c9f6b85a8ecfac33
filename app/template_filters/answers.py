"""Formats a model's answer as safe HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

from app.template_filters.formulas import ATTRIBUTES, BEGIN, END, NO_SIGNS, TAGS, use_formulas

_FORMATTED_CHARS = 20_000
_MOST_CELLS = 10_000
"""Of tables. The parser fills short rows up, which makes half a million cells of 20,000 signs."""
_SIGN = re.compile(f"[{BEGIN}{END}]")
_MARKDOWN_TAGS = {
    "p", "br", "hr", "em", "strong", "code", "pre", "blockquote", "ul", "ol", "li", "a",
    "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip


def _parser() -> MarkdownIt:
    """Return a parser of Markdown with formulas, without raw HTML and tables.

    Definitions of links stay text: each link to one would repeat it, however long it is.
    """
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).disable("reference")
    return use_formulas(parser)


_WITH_TABLES = _parser().enable("table")
_WITHOUT_TABLES = _parser()


def markdown(text: str | None) -> Markup:
    """Return an answer's beginning as safe HTML: no raw HTML, no images, no scripts, no styles.

    Two fences: the parser escapes HTML, and the sanitiser lets only a list of plain tags by.
    An image would call a foreign server with the reader's address, hence none.
    """
    shown = (text or "")[:_FORMATTED_CHARS]
    parser = _WITHOUT_TABLES if _has_large_tables(shown) else _WITH_TABLES
    return _clean(parser.render(shown))


def _has_large_tables(text: str) -> bool:
    """Return whether tables could have more than ``_MOST_CELLS``, were all lines rows of one."""
    lines = text.splitlines()
    return max((line.count("|") for line in lines), default=0) * len(lines) > _MOST_CELLS


def marked_markdown(parts: Sequence[str]) -> Markup:
    """Return `markdown` of a text in three parts, the second of which is marked.

    It is not where a mark would come between the signs of the text.
    """
    before, hit, after = (part.translate(NO_SIGNS) for part in parts)
    text = f"{before}{BEGIN}{hit}{END}{after}" if hit.strip() else f"{before}{hit}{after}"
    html = str(markdown(text))
    pieces = _SIGN.split(html)
    if len(pieces) != 3 or not _is_whole(pieces[1]) or _is_in_tag(pieces[0]):
        return markdown("".join(parts))
    return Markup(f"{pieces[0]}<mark>{pieces[1]}</mark>{pieces[2]}")  # noqa: S704 - clean parts


def _is_whole(html: str) -> bool:
    """Return whether a piece is text or one formula, and begins or ends no element around it."""
    return "<" not in html or (html.startswith("<math") and html.find("</math>") == len(html) - 7)


def _is_in_tag(html: str) -> bool:
    return html.rfind("<") > html.rfind(">")


def _clean(html: str) -> Markup:
    clean = nh3.clean(
        html,
        tags=_MARKDOWN_TAGS | TAGS,
        attributes={"a": {"href"}, **ATTRIBUTES},
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer nofollow",
    )
    return Markup(clean)  # noqa: S704 - nh3 has just cleaned it
