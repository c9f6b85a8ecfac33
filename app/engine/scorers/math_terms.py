r"""Takes a mathematical answer apart: lists, tuples, intervals, sets, matrices, relations, values.

What is compared as a whole elsewhere is compared part by part here, so that ``1,2`` is not 12 and
``(0.5,3)`` is ``(\frac12,3)``. Scans are linear in the text; texts are short by then.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from app.engine.scorers.number_units import unit_of

_SPACES = re.compile(r"(?<!\\)\\(?:[,;: ]|quad|qquad|enspace|thinspace|medspace)(?![A-Za-z])|~")
_NOTHING = re.compile(
    r"\\(?:left|right|[bB]igg?[lr]?|displaystyle|textstyle|limits|mathstrut|boldmath)(?![A-Za-z])"
    r"|(?<!\\)\\[!()\[\]]|\$"
)
_WORDS = (
    (re.compile(r"<=|≤"), r"\\le "),
    (re.compile(r">=|≥"), r"\\ge "),
    (re.compile(r"\\(?:emptyset|varnothing)(?![A-Za-z])|∅"), r"\\{\\}"),
    (re.compile(r"\\mathbb *(?:\{R\}|R(?![A-Za-z]))|ℝ"), r"(-\\infty,\\infty)"),
    (re.compile(r"\\(?:[lr]?vert|mid)(?![A-Za-z])"), "|"),
    (re.compile(r"(?<=[)\]}]) ?U ?(?=[(\[{\\])"), r"\\cup "),
    (re.compile(r"(?<![\w)\]}])\+(?=\\infty)"), ""),
    (re.compile(r"(?<=[\w)}])\*\*(?=[\w({-])"), "^"),
    (re.compile(r"(?<![A-Za-z\\])sqrt\(([^()]{1,100})\)"), r"\\sqrt{\1}"),
    (re.compile(r"\{([^{}]{1,100})\\over(?![A-Za-z])([^{}]{1,100})\}"), r"\\frac{\1}{\2}"),
    (re.compile(r"\{([^{}]{1,100})\\choose(?![A-Za-z])([^{}]{1,100})\}"), r"\\binom{\1}{\2}"),
    (re.compile(r"\\(?:mathrm|text|operatorname)\{([ie]|[0-9][0-9.,]*+)\}"), r"\1"),
    (re.compile(r"\\(?:d|t|c)frac(?![A-Za-z])"), r"\\frac"),
    (re.compile(r"\\(?:leq|leqslant|leqq)(?![A-Za-z])"), r"\\le "),
    (re.compile(r"\\(?:geq|geqslant|geqq)(?![A-Za-z])"), r"\\ge "),
    (re.compile(r"\\neq(?![A-Za-z])|≠"), r"\\ne "),
    (re.compile(r"\\lt(?![A-Za-z])"), "<"),
    (re.compile(r"\\gt(?![A-Za-z])"), ">"),
    (
        re.compile(
            r"\\(sin|cos|tan|cot|sec|csc) *\(?([0-9]{1,6}) ?"
            r"(?:\^ ?\{ ?\\circ ?\}|\^ ?\\circ|\\degree(?![A-Za-z])|°) ?\)?"
        ),
        r"\\\1(\\frac{\2\\pi}{180})",
    ),
    (re.compile(r"\^ ?\{ ?\\circ ?\}|\^ ?\\circ|\\degree(?![A-Za-z])|°"), ""),
    (re.compile(r"\\text(?:rm|bf)?\{ ?,? ?(?:and|or) ?\}|(?<=[\w})\]]) (?:and|or) "), ","),
    (re.compile(r"\\(?:ast|cdot|times)(?![A-Za-z])|[×⋅·]"), r"\\cdot "),
    (re.compile(r"\\(?:mathrm|textrm|mbox|textnormal|operatorname)(?=\{)"), r"\\text"),
    (re.compile(r"\\(?:textbf|mathbf|boldsymbol|bm|textit|mathit)(?=\{)"), ""),
)
_SIGNS = str.maketrans(
    {"−": "-", "–": "-", "π": "\\pi ", "∞": "\\infty ", "∪": "\\cup ", "±": "\\pm "}
)
_SHORT_FRACTION = re.compile(
    r"\\frac *(?:\{([^{}]*+)\}|([0-9A-Za-z])) *(?:\{([^{}]*+)\}|([0-9A-Za-z]))"
)
_LOG_BASE = re.compile(r"\\log_([0-9])(?![0-9])")
_SHORT_ROOT = re.compile(r"\\sqrt *([0-9A-Za-z])")
_MIXED = re.compile(r"(?<![\w.}])([0-9]+) *\\frac\{([0-9]+)\}\{([0-9]+)\}")
_UNIT = re.compile(r"(.*[^\s]) *\\text\{([^{}]*+)\}(?: *\^ ?\{?([0-9])\}?)?", re.DOTALL)
_PLAIN_UNIT = re.compile(r"(.*[0-9})]) +([A-Za-z][A-Za-z0-9^./ ]{0,40})")
_LEADING_TEXT = re.compile(r"\\text\{[^{}]*+\} *+(?=[-0-9.(\\])")
_ONLY_TEXT = re.compile(r"\\text\{([^{}]*+)\}")
_GROUPED = re.compile(r"[-+]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?(?: ?\\?%)?")
_RELATION = re.compile(r"\\(?:le|ge|ne|in|approx)(?![A-Za-z])|[=<>]")
_FLIPPED = {"<": ">", ">": "<", "\\le": "\\ge", "\\ge": "\\le"}
_MATRIX = re.compile(
    r"\\begin\{((?:[pbvB]|small)?matrix|array)\}(?:\{[clr|]*\})?(.*)\\end\{\1\}", re.DOTALL
)
_OPENING, _CLOSING = "([{", ")]}"
_MAX_PARTS = 60


@dataclass(frozen=True, slots=True)
class Term:
    """A part of an answer.

    Attributes:
        kind: ``value``, ``text``, ``list``, ``set``, ``tuple`` (with its brackets),
            ``matrix`` or ``relation`` (with its sign).
        text: Of a value or text; brackets of a tuple; the sign of a relation.
        parts: What it consists of.
        unit: That stands behind it, if it is one of those that are known.
    """

    kind: str
    text: str = ""
    parts: tuple[Term, ...] = ()
    unit: str = ""


def plain_latex(text: str) -> str:
    """Return LaTeX without what only concerns its looks, and with full fractions and roots."""
    text = _NOTHING.sub("", _SPACES.sub(" ", text.translate(_SIGNS).replace("\\$", "")))
    for pattern, plain in _WORDS:
        text = pattern.sub(plain, text)
    text = text.replace("{,}", ",").replace("\\%", "%")
    text = _SHORT_FRACTION.sub(_full_fraction, text)
    text = _SHORT_ROOT.sub(r"\\sqrt{\1}", text)
    text = _LOG_BASE.sub(r"\\log_{\1}", text)
    return " ".join(text.split()).strip(" *`").rstrip(" .,;:")


def _full_fraction(found: re.Match[str]) -> str:
    top, bottom = found.group(1) or found.group(2) or "", found.group(3) or found.group(4) or ""
    return f"\\frac{{{top}}}{{{bottom}}}"


def term_of(text: str) -> Term:
    """Return the parts of plain LaTeX (see ``plain_latex``)."""
    text = _without_parentheses(text.strip().rstrip(" .;"))
    only = _ONLY_TEXT.fullmatch(text)
    if only:
        inner = only.group(1).strip()
        return Term("text", inner) if any(char.isalpha() for char in inner) else term_of(inner)
    unit = _UNIT.fullmatch(text)
    if unit:
        return replace(term_of(unit.group(1)), unit=_known_unit(unit.group(2), unit.group(3)))
    plain_unit = _PLAIN_UNIT.fullmatch(text)
    known = _known_unit(*plain_unit.group(2).partition("^")[::2]) if plain_unit else ""
    if plain_unit and known:
        return replace(term_of(plain_unit.group(1)), unit=known)
    leading = _LEADING_TEXT.match(text)
    if leading:
        return term_of(text[leading.end() :])
    matrix = _MATRIX.fullmatch(text)
    if matrix:
        return _matrix(matrix.group(2))
    if _GROUPED.fullmatch(text):
        return Term("value", text.replace(",", ""))
    return _combined(text) or Term("value", _with_sums(text))


def _known_unit(name: str, power: str | None) -> str:
    unit = unit_of(name, known_only=True)
    return f"{unit}^{power}" if unit and power else unit or ""


def _combined(text: str) -> Term | None:
    unions = _split(text, "\\cup")
    if len(unions) > 1:
        return Term("set", "cup", tuple(map(term_of, unions)))
    items = _split(text, ",") if "," in text else _split(text, ";")
    if len(items) > 1:
        return Term("list", "", tuple(map(term_of, items)))
    relation = _relation(text)
    if relation:
        return relation
    inner = _bracketed(text)
    if inner is not None:
        items = _split(inner[1], "," if "," in inner[1] else ";")
        if inner[0] == "{}":
            return Term("set", "", tuple(map(term_of, items)) if inner[1].strip() else ())
        if len(items) > 1:
            return Term("tuple", inner[0], tuple(map(term_of, items)))
    signs = _split(text, "\\pm")
    if len(signs) == 2:
        both = (f"{signs[0]}+({signs[1]})", f"{signs[0]}-({signs[1]})")
        return Term("list", "", tuple(Term("value", _with_sums(each)) for each in both))
    return None


def _matrix(body: str) -> Term:
    rows = [row for row in body.split("\\\\") if row.strip()]
    cells = [tuple(map(term_of, row.split("&"))) for row in rows]
    return Term("matrix", "", tuple(Term("tuple", "row", row) for row in cells))


def _relation(text: str) -> Term | None:
    """Return the relation of the first and last side of a chain (``x = 2+3 = 5``)."""
    found = [sign for sign in _RELATION.finditer(text) if _depth(text, sign.start()) == 0]
    if not found or len(found) > 4:
        return None
    signs = {sign.group() for sign in found}
    if len(found) > 1 and signs != {"="}:
        parts = tuple(Term("value", _with_sums(side)) for side in _sides(text, found))
        order = [sign.group() for sign in found]
        if signs <= {">", "\\ge"}:  # 1 > x > 0 is 0 < x < 1
            parts, order = parts[::-1], [_FLIPPED[sign] for sign in reversed(order)]
        return Term("chain", " ".join(order), parts)
    left, right = text[: found[0].start()].strip(), text[found[-1].end() :].strip()
    if not left or not right:
        return term_of(left or right) if (left or right) else None
    return Term("relation", found[0].group(), (term_of(left), term_of(right)))


def flipped(sign: str) -> str:
    """Return the sign of a relation whose sides change places."""
    return _FLIPPED.get(sign, sign)


def _sides(text: str, signs: list[re.Match[str]]) -> list[str]:
    ends = [0, *(sign.end() for sign in signs)]
    starts = [*(sign.start() for sign in signs), len(text)]
    return [text[a:b].strip() for a, b in zip(ends, starts, strict=True)]


def _depth(text: str, position: int) -> int:
    before = text[:position]
    return sum(before.count(c) for c in _OPENING) - sum(before.count(c) for c in _CLOSING)


def _split(text: str, sign: str) -> list[str]:
    """Split at a sign that stands within no brackets."""
    parts: list[str] = []
    depth = start = position = 0
    while position < len(text):
        char = text[position]
        depth += (char in _OPENING) - (char in _CLOSING)
        if depth == 0 and text.startswith(sign, position) and len(parts) < _MAX_PARTS:
            parts.append(text[start:position].strip())
            position = start = position + len(sign)
            continue
        position += 1
    return [*parts, text[start:].strip()]


def _bracketed(text: str) -> tuple[str, str] | None:
    """Return the outermost brackets and what is in them, where they enclose everything."""
    if text.startswith("\\{") and text.endswith("\\}"):
        return "{}", text[2:-2]
    is_set = text[:1] == "{" and text[-1:] == "}" and "," in text
    if not is_set and (len(text) < 2 or text[0] not in "([" or text[-1] not in ")]"):
        return None
    depth = 0
    for position, char in enumerate(text):
        depth += (char in _OPENING) - (char in _CLOSING)
        if depth == 0 and position < len(text) - 1:
            return None
    return text[0] + text[-1], text[1:-1]


def _without_parentheses(text: str) -> str:
    """Take parentheses and braces off that enclose one thing only."""
    for _ in range(4):
        inner = _bracketed(text)
        if inner is None or inner[0] != "()" or max(map(len, _parts(inner[1]))) > 1:
            break
        text = inner[1].strip()
    return text


def _parts(text: str) -> tuple[list[str], list[str]]:
    return _split(text, ","), _split(text, ";")


def _with_sums(text: str) -> str:
    r"""Write mixed numbers as sums: ``2\frac{1}{2}`` is 5/2 and no product."""

    def added(found: re.Match[str]) -> str:
        whole, top, bottom = found.groups()
        if int(top) >= int(bottom):
            return found.group()
        return f"({whole}+\\frac{{{top}}}{{{bottom}}})"

    return _MIXED.sub(added, text)
