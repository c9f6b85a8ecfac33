"""Formats the LaTeX formulas of a Markdown text as MathML, which browsers draw themselves."""

from __future__ import annotations

import re
from collections.abc import MutableMapping, Sequence
from typing import Any

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

MOST_CHARS = 1_000
"""Of one formula; a longer one stays as it is."""
MOST_CHARS_IN_ALL = 4_000
"""Of a text's formulas: each takes 15 µs a character."""
TAGS = frozenset(
    ("math", "mrow", "mi", "mn", "mo", "ms", "mtext", "mspace", "mfrac", "msqrt", "mroot")
    + ("msup", "msub", "msubsup", "mover", "munder", "munderover", "mtable", "mtr", "mtd")
    + ("mstyle", "mpadded", "mphantom", "menclose")
)
"""The elements that formulas consist of: nothing that links, loads or holds HTML."""
ATTRIBUTES = {
    "math": {"display"},
    "mo": {"stretchy", "fence", "form", "separator", "movablelimits"},
    "mi": {"mathvariant"},
    "mspace": {"width"},
    "mfrac": {"linethickness"},
    "mtable": {"columnalign"},
    "mtd": {"columnalign"},
    "mstyle": {"displaystyle", "scriptlevel"},
    "menclose": {"notation"},
}
BEGIN, END = "\ue000", "\ue001"
"""Signs for private use around what is to be marked, which no text of a model has a use for."""
NO_SIGNS = {ord(BEGIN): None, ord(END): None}
_ENVIRONMENT = re.compile(r"\\(begin|end)\{(align\*?|aligned|gathered|gather\*?|multline\*?)\}")
_SIGNS = ((r"\(", r"\)", False), (r"\[", r"\]", True), ("$$", "$$", True), ("$", "$", False))


def use_formulas(markdown: MarkdownIt) -> MarkdownIt:
    r"""Let a parser read ``\(…\)``, ``\[…\]``, ``$$…$$`` and ``$…$`` outside of code."""
    markdown.inline.ruler.before("escape", "formula", _read)
    markdown.add_render_rule("formula", _write)
    return markdown


def _read(state: StateInline, silent: bool) -> bool:
    for begin, end, is_block in _SIGNS:
        if state.src.startswith(begin, state.pos):
            start = state.pos + len(begin)
            stop = state.src.find(end, start, start + MOST_CHARS + len(end))
            inner = state.src[start:stop] if stop > start else ""
            if not inner.strip() or (begin == "$" and not _is_formula(state.src, start, stop)):
                return False
            if not silent:
                token = state.push("formula", "math", 0)
                token.content, token.markup = inner, begin
                token.block = is_block
            state.pos = stop + len(end)
            return True
    return False


def _is_formula(text: str, start: int, stop: int) -> bool:
    """Return whether single dollar signs are meant as such, and not as money."""
    is_close = not text[start].isspace() and not text[stop - 1].isspace()
    return is_close and not text[stop + 1 : stop + 2].isdigit() and "\n" not in text[start:stop]


def _write(
    _self: RendererHTML, tokens: Sequence[Token], at: int, _options: OptionsDict, env: EnvType
) -> str:
    token = tokens[at]
    closing = {r"\(": r"\)", r"\[": r"\]"}.get(token.markup, token.markup)
    plain = escapeHtml(f"{token.markup}{token.content}{closing}")
    used = env.get("formula_chars", 0) + len(token.content)
    if used > MOST_CHARS_IN_ALL:
        return plain
    _keep(env, used)
    mathml = formula(token.content.translate(NO_SIGNS), is_block=token.block)
    if mathml is None:
        return plain
    # A mark within a formula is one around it.
    is_marked = BEGIN in token.content and END in token.content
    return f"{BEGIN}{mathml}{END}" if is_marked else mathml


def _keep(env: MutableMapping[str, Any], used: int) -> None:
    env["formula_chars"] = used


def formula(latex: str, *, is_block: bool = False) -> str | None:
    """Return a formula as MathML, not yet sanitised; ``None`` where it cannot be read."""
    known = _ENVIRONMENT.sub(_known, latex)
    try:
        return re.sub(r"\s+", " ", convert(known, display="block" if is_block else "inline"))
    except Exception:  # noqa: BLE001 - it raises whatever a strange formula leads it to
        return None


def _known(found: re.Match[str]) -> str:
    """Return the begin or end of an environment that the converter has, for one that it lacks."""
    return f"\\{found[1]}{{{'split' if found[2].startswith('align') else 'matrix'}}}"
