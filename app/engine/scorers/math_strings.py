"""Normal forms of LaTeX answers.

``hendrycks_form`` is the string rule of the MATH paper (Hendrycks et al. 2021) and
``minerva_form`` that of Lewkowycz et al. 2022, appendix D, both as inspect_evals applies them.
Their oddities are kept: verdicts must equal the reference's.
"""

from __future__ import annotations

import re

MAX_EXPRESSION_CHARS = 1_000
"""Longer answers are compared as they stand: no target of the benchmark comes near."""

_DROPPED = ("\n", "\\!")
_REPLACED = (("\\\\", "\\"), ("tfrac", "frac"), ("dfrac", "frac"))
_DROPPED_LATER = ("\\left", "\\right", "^{\\circ}", "^\\circ", "\\$", "$", "\\ ")
_UNIT = "\\text{ "


class UnusualExpressionError(ValueError):
    """The rule is not defined for this expression, which is then compared as it stands."""


def same_string(left: str, right: str) -> bool:
    """Return whether two expressions have the same Hendrycks form."""
    if max(len(left), len(right)) > MAX_EXPRESSION_CHARS:
        return left == right
    try:
        return hendrycks_form(left) == hendrycks_form(right)
    except UnusualExpressionError:
        return left == right


def hendrycks_form(text: str) -> str:
    """Return ``text`` without spacing, sizing, degrees, units and percent, with full fractions.

    Raises:
        UnusualExpressionError: A command lacks its argument, or a slash its integers.
    """
    for dropped in _DROPPED:
        text = text.replace(dropped, "")
    for old, new in _REPLACED:
        text = text.replace(old, new)
    for dropped in _DROPPED_LATER:
        text = text.replace(dropped, "")
    text = text.partition(_UNIT)[0].replace("\\%", "").replace("%", "")
    text = text.replace(" .", " 0.").replace("{.", "{0.")
    if not text:
        return text
    if text.startswith("."):
        text = "0" + text
    text = _braced_roots(_without_name(text)).replace(" ", "")
    text = _braced_fractions(text)
    return _slash_as_fraction("\\frac{1}{2}" if text == "0.5" else text)


def _without_name(text: str) -> str:
    """Drop a short name on the left of the only equals sign (``x = 3``)."""
    sides = text.split("=")
    return sides[1] if len(sides) == 2 and len(sides[0]) <= 2 else text


def _braced_roots(text: str) -> str:
    head, *tails = text.split("\\sqrt")
    if not all(tails):
        raise UnusualExpressionError("a root of nothing")
    return head + "".join(
        "\\sqrt" + (tail if tail[0] == "{" else f"{{{tail[0]}}}{tail[1:]}") for tail in tails
    )


def _braced_fractions(text: str) -> str:
    head, *tails = text.split("\\frac")
    parts = [head]
    for tail in tails:
        if not tail:
            raise UnusualExpressionError("a fraction of nothing")
        if tail[0] != "{" and len(tail) < 2:
            return text
        parts.append("\\frac" + _braced_arguments(tail))
    return "".join(parts)


def _braced_arguments(tail: str) -> str:
    if tail[0] == "{":
        return tail
    if tail[1] == "{":
        return f"{{{tail[0]}}}{tail[1:]}"
    return f"{{{tail[0]}}}{{{tail[1]}}}{tail[2:]}"


def _slash_as_fraction(text: str) -> str:
    sides = text.split("/")
    if len(sides) != 2:
        return text
    try:
        numerator, denominator = (int(side) for side in sides)
    except ValueError as error:
        raise UnusualExpressionError("a slash between terms that are no integers") from error
    if text != f"{numerator}/{denominator}":
        return text
    return f"\\frac{{{numerator}}}{{{denominator}}}"


_SUBSTITUTIONS = (
    ("an ", ""),
    ("a ", ""),
    (".$", "$"),
    ("\\$", ""),
    ("\\ ", ""),
    (" ", ""),
    ("mbox", "text"),
    (",\\text{and}", ","),
    ("\\text{and}", ","),
    ("\\text{m}", "\\text{}"),
)
_UNIT_WORDS = (
    "square|ways|integers|dollars|mph|inches|ft|hours|km|units|\\ldots|sue|points|feet|minutes|"
    "digits|cents|degrees|cm|gm|pounds|meters|meals|edges|students|childrentickets|multiples"
)
_REMOVED = (
    *_UNIT_WORDS.split("|"),
    "\\text{s}",
    "\\text{.}",
    "\\text{\ns}",
    "\\text{}^2",
    "\\text{}^3",
    "\\text{\n}",
    "\\text{}",
    "\\mathrm{th}",
    "^\\circ",
    "^{\\circ}",
    "\\;",
    ",\\!",
    "{,}",
    '"',
    "\\dots",
)
_FORMULA = re.compile(r"(?<![^\n$])[^\n$]*\$([^\n$]*)\$[^\n]*")
_WRAPPERS = tuple(
    re.compile(pattern)
    for pattern in (r"\\text\{(.*?)\}", r"\\textbf\{(.*?)\}", r"\\overline\{(.*?)\}")
)
_BOX = re.compile(r"\\boxed\{(.*)\}")
_SHORT_FRACTION = re.compile(r"frac([^{])(.)")
_SHORT_ROOT = re.compile(r"sqrt([^{])")


def minerva_form(text: str) -> str:
    """Return the right side of ``text`` without units, as plain LaTeX that a parser can read.

    Not for texts longer than ``MAX_EXPRESSION_CHARS``: some of its rules take quadratic time.
    """
    text = text.split("=")[-1]
    for old, new in _SUBSTITUTIONS:
        text = text.replace(old, new)
    for removed in _REMOVED:
        text = text.replace(removed, "")
    text = _FORMULA.sub(lambda match: f"${match.group(1)}$", text)
    for wrapper in (*_WRAPPERS, _BOX):
        text = wrapper.sub(r"\1", text)
    text = _SHORT_FRACTION.sub(r"frac{\1}{\2}", text)
    text = _SHORT_ROOT.sub(r"sqrt{\1}", text).replace("$", "")
    digits = text.replace(",", "")
    return digits if digits.isdigit() else text
