r"""Mathematical answers as we compare them (``math/studio``): part by part, then by value.

The answer is the last ``\boxed{…}``, or what follows ``ANSWER:`` where that comes later. Numbers
are compared exactly, everything else as text first and with sympy then. A bare list is compared
in any order, and so is a set; a tuple, an interval or a matrix is not. A name on the left of an
equals sign counts where both sides have one. A solution (``x=2``) is not an equation that has it
(``2x=4``): see ``math_equations``.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from app.engine.scorers.final_answers import answer_line, answer_position
from app.engine.scorers.math_equations import is_multiple, unknowns
from app.engine.scorers.math_strings import MAX_EXPRESSION_CHARS
from app.engine.scorers.math_sympy import same_value
from app.engine.scorers.math_terms import Term, flipped, plain_latex, term_of
from app.engine.scorers.number_reading import Number, read_number, same_number
from app.engine.scorers.number_units import same_unit
from app.engine.scorers.text_folding import fold, undress
from app.engine.scorers.verdicts import compared, targets_of, unparsable
from app.engine.types import Sample, Scorer, Verdict

VERSIONS = {"math/studio": 3}

_BOX = re.compile(r"\\(?:boxed|fbox|framebox) *(?:\{|(?=[0-9A-Za-z]))")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_FORMULA = re.compile(r"\$\$?([^$]++)\$\$?|\\\(((?:[^\\]|\\[^()\\]|\\\\(?![()]))++)\\\)")
_TEXT = re.compile(r"\\text\{[^{}]*+\}|\\[A-Za-z]++")
_WORD = re.compile(r"[A-Za-z]{3,}")
_NAME = re.compile(r"[A-Za-z](?:_?\{?[A-Za-z0-9]\}?)?'?(?:\([A-Za-z](?:,[A-Za-z])*\))?|\\[a-z]+")
_NO_NUMBER = re.compile(r"[A-Za-z!]")
_SCIENTIFIC = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?[eE][-+]?[0-9]+")
_IN_BASE = re.compile(r"([0-9A-F]+)_\{?([0-9]+)\}?")
_REPEATING = re.compile(r"([-+]?[0-9]*)\.([0-9]*)\\(?:overline|bar|dot)\{([0-9]+)\}")
_ANGLE = re.compile(r"(?:m ?)?\\(?:angle|triangle|overline) ?\{?[A-Z]{1,4}\}?|[A-Z]{2}")
_FACTOR = re.compile(r"(?<![\\A-Za-z])([a-eijk-oq-z]) ?\(")
_STATED = re.compile(
    r"\b(?:answer|result)[*_]* (?:is|=)(?: equal to)?:? *+([^\n]++)"
    r"|^#{1,6} *+[*_]*+(?:final )?answer[*_:]*+ *+\n\s*+([^\n]++)",
    re.IGNORECASE | re.MULTILINE,
)
_IN_WORDS = re.compile(r"(?<! ) *+\([A-Za-z ,-]++\)\.?$")
_SAYS = re.compile(r".*\b(?:is|are|equals) ", re.DOTALL)
_BLANK = re.compile(r"(?<![0-9]) | (?![0-9])")
_APART = re.compile(r"[0-9] [0-9]")
_MOST_SYMBOLIC = 12
_MAX_REPLY_CHARS = 200
_LOOKED_AT_BOXES = 50
_SEARCHED_CHARS = 20_000


class _Comparison:
    """One comparison of two answers, which asks sympy a bounded number of times."""

    def __init__(self) -> None:
        self.left = _MOST_SYMBOLIC

    def equal(self, a: Term, b: Term) -> bool:
        if a.unit and b.unit and not same_unit(a.unit, b.unit):
            return False
        a, b = replace(a, unit=""), replace(b, unit="")
        if a == b:
            return True
        if "relation" in (a.kind, b.kind):
            return self._relations(a, b)
        unordered = {"list", "set"}
        if a.kind in unordered and b.kind in unordered:
            return a.text == b.text and self._in_any_order(a.parts, b.parts)
        if a.kind != b.kind:
            return {a.kind, b.kind} == {"text", "value"} and _same_words(a, b)
        if a.kind == "text":
            return _same_words(a, b)
        if a.kind == "value":
            return self._values(a.text, b.text)
        return a.text == b.text and self._in_order(a.parts, b.parts)

    def _in_order(self, a: Sequence[Term], b: Sequence[Term]) -> bool:
        return len(a) == len(b) and all(map(self.equal, a, b))

    def _in_any_order(self, a: Sequence[Term], b: Sequence[Term]) -> bool:
        left = list(b)
        if len(a) != len(left):
            return False
        for part in a:
            index = next((i for i, other in enumerate(left) if self.equal(part, other)), None)
            if index is None:
                return False
            del left[index]
        return True

    def _relations(self, a: Term, b: Term) -> bool:
        if a.kind != b.kind:
            relation, other = (a, b) if a.kind == "relation" else (b, a)
            value = _stated_value(relation)
            return value is not None and self.equal(value, other)
        (sign, left, right), (other_sign, other_left, other_right) = _turned(a), _turned(b)
        if sign != other_sign:
            return False
        if self.equal(left, other_left) and self.equal(right, other_right):
            return True
        if sign != "=" or not _are_values(left, right, other_left, other_right):
            return False
        if _is_name(left) and _is_name(other_left):  # "y=x" is "x=y"
            return _is_name(right) and self.equal(left, other_right) and left != right == other_left
        if _is_solution(left, right) or _is_solution(other_left, other_right):
            return False
        # An equation is the same with its sides moved and its sign turned.
        given, wanted = (
            f"({_product(one.text)})-({_product(two.text)})"
            for one, two in ((left, right), (other_left, other_right))
        )
        return (
            self._symbolic(given, wanted)
            or self._symbolic(given, f"-({wanted})")
            or is_multiple(given, wanted, self._symbolic)
        )

    def _values(self, a: str, b: str) -> bool:
        if _tight(a) == _tight(b):
            return True
        first, second = _IN_BASE.fullmatch(a), _IN_BASE.fullmatch(b)
        if first or second:
            return _same_digits(a, b, first, second)
        one, two = _number(a), _number(b)
        if one is not None and two is not None:
            return same_number(one, two)
        if _APART.search(a) or _APART.search(b):
            return False  # "1 2" is neither 12 nor a product
        return self._symbolic(_product(a.replace("%", "")), _product(b.replace("%", "")))

    def _symbolic(self, a: str, b: str) -> bool:
        if self.left <= 0:
            return False
        self.left -= 1
        return same_value(a, b, constants=True)


def _tight(latex: str) -> str:
    """Return LaTeX without blanks, but for those between digits."""
    return _BLANK.sub("", latex)


def _stated_value(relation: Term) -> Term | None:
    """Return what ``x = 5`` or ``2+3 = 5`` says: 5; ``None`` of other relations."""
    sign, left, right = _turned(relation)
    if sign not in ("=", "\\in", "\\approx"):
        return None
    is_name = _is_name(left) or left.kind == "text" or _ANGLE.fullmatch(left.text)
    if is_name or (left.kind == "value" and not re.search("[A-Za-z]", _bare(left.text))):
        return right
    is_tuple = left.kind == "tuple" and all(map(_is_name, left.parts))
    return right if is_tuple else None


def _bare(latex: str) -> str:
    return _TEXT.sub("", latex)


def _turned(relation: Term) -> tuple[str, Term, Term]:
    """Return sign and sides, a name on the left and never a "greater than"."""
    sign, (left, right) = relation.text, relation.parts
    if sign in (">", "\\ge") or (sign == "=" and _is_name(right) and not _is_name(left)):
        return flipped(sign), right, left
    return sign, left, right


def _is_name(term: Term) -> bool:
    return term.kind == "value" and _NAME.fullmatch(term.text.replace(" ", "")) is not None


def _is_solution(left: Term, right: Term) -> bool:
    """Return whether an equation says what its only unknown is."""
    is_one = "_" in left.text or len(unknowns(left.text)) < 2  # "xy" is two
    return is_one and _is_name(left) and not unknowns(right.text)


def _are_values(*terms: Term) -> bool:
    return all(term.kind == "value" for term in terms)


def _same_words(a: Term, b: Term) -> bool:
    return fold(undress(a.text)).strip("(){}") == fold(undress(b.text)).strip("(){}")


def _same_digits(a: str, b: str, first: re.Match[str] | None, second: re.Match[str] | None) -> bool:
    """Compare numbers of which one or both name their base: it may be left out once."""
    if first and second:
        return first.groups() == second.groups()
    found, other = (first, b) if first else (second, a)
    return found is not None and found.group(1) == other.strip()


def _product(latex: str) -> str:
    """Return LaTeX in which ``n(n+1)`` is a product; sympy takes it for the value of a function."""
    return _FACTOR.sub(r"\1\\cdot (", latex)


def _number(text: str) -> Number | None:
    repeating = _REPEATING.fullmatch(text)
    if repeating:
        whole, once, period = repeating.groups()
        digits = int(f"{whole}{once}{period}") - int(f"{whole}{once}" or "0")
        return Number(Fraction(digits, 10 ** len(once) * (10 ** len(period) - 1)))
    plain = text.replace("\\frac", "").replace("\\cdot", "")
    if _NO_NUMBER.search(plain) and not _SCIENTIFIC.fullmatch(text):
        return None
    return read_number(text.replace("(", "").replace(")", "") if "+" not in text else text)


def equal_mathematics(answer: str, target: str) -> bool:
    """Return whether two answers are the same.

    Raises:
        RuntimeError: sympy is needed and not available.
    """
    if max(len(answer), len(target)) > MAX_EXPRESSION_CHARS:
        return answer.strip() == target.strip()
    if answer.strip() and answer.strip() == target.strip():
        return True
    given, wanted = plain_latex(answer), plain_latex(target)
    if not given or not wanted:
        return False
    return _Comparison().equal(term_of(given), term_of(wanted))


def _boxes(text: str) -> list[tuple[int, str]]:
    """Return the last boxes that are closed, each with where it begins."""
    found: list[tuple[int, str]] = []
    starts = list(_BOX.finditer(text))[-_LOOKED_AT_BOXES:]
    read = 0
    for box in starts:
        if box.start() < read:
            continue
        end = _end_of_box(text, box)
        if end is not None:
            content = text[box.end() : end - 1 if box.group().endswith("{") else end]
            within = _boxes(content) if "boxed" in content else []
            found.append((box.start(), within[-1][1] if within else content))
            read = end
    return found


def _end_of_box(text: str, box: re.Match[str]) -> int | None:
    if not box.group().endswith("{"):
        return box.end() + 1
    depth = 1
    for brace in _BRACE.finditer(text, box.end(), box.end() + 4 * MAX_EXPRESSION_CHARS):
        depth += {"{": 1, "}": -1}.get(brace.group(), 0)
        if depth == 0:
            return brace.end()
    return None


def _candidates(text: str) -> list[str]:
    """Return what may be the answer: the last box or line; or all boxes of the last line."""
    boxes = _boxes(text)
    line, position = answer_line(text), answer_position(text)
    if line is not None and position is not None:
        said = _said(line)
        if not boxes or (boxes[-1][0] < position and _is_expression(said)):
            return [said]
    if not boxes:
        stated = deque(_STATED.finditer(text[-_SEARCHED_CHARS:]), 1)
        if stated:
            return [_said(stated[0].group(1) or stated[0].group(2))]
        reply = text.strip()
        is_short = len(reply) <= _MAX_REPLY_CHARS and "\n" not in reply
        return [reply] if is_short and reply and _is_expression(reply) else []
    last_line = text.rfind("\n", 0, boxes[-1][0])
    together = [content for start, content in boxes if start > last_line]
    joined = [", ".join(together)] if len(together) > 1 else []
    return [boxes[-1][1], *joined]


def _said(line: str) -> str:
    """Return the formula of a line of words, else the line."""
    if len(line) > 2 * MAX_EXPRESSION_CHARS:
        return line  # too long to be equal to anything, and to be searched
    line = undress(line)
    if _is_expression(line):
        return line
    formulas = [found.group(1) or found.group(2) for found in _FORMULA.finditer(line)]
    if formulas:
        return formulas[-1]
    brief = _IN_WORDS.sub("", line)
    says = _SAYS.match(brief)
    brief = undress(brief[says.end() :]) if says else brief
    return brief if _is_expression(brief) else line


def _is_expression(text: str) -> bool:
    return not _WORD.search(_bare(text))


def make_studio_scorer(equal: Callable[[str, str], bool]) -> Scorer:
    """Return the scorer, with what compares two answers."""

    def score(completion: str, sample: Sample) -> Verdict:
        candidates = _candidates(completion)
        if not candidates:
            return unparsable("The reply has no \\boxed{…} and no line “ANSWER: …”.")
        targets = targets_of(sample)
        answer = candidates[0]
        correct = any(equal(answer, target) for target in targets)
        if not correct and len(candidates) > 1:
            lists = [target for target in targets if "," in target]
            correct = any(equal(candidates[1], target) for target in lists)
            answer = candidates[1] if correct else answer
        return compared(answer, targets[0], correct=correct)

    return score


SCORERS: dict[str, Scorer] = {"math/studio": make_studio_scorer(equal_mathematics)}
