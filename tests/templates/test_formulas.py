"""Formulas of answers, drawn as MathML."""

from __future__ import annotations

import re
import time

import pytest

from app.template_filters.answers import markdown, marked_markdown
from app.template_filters.formulas import ATTRIBUTES, MOST_CHARS, TAGS


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (r"so \(x^2\) and $\frac{1}{2}$", 2),
        ("\\[\n  a_1 * b_1 * c_1\n\\]", 1),
        ("$$\\sum_{i=1}^n i$$", 1),
        ("It costs $5 and then $10, so $15-$20 in all.", 0),
        ("`$x$` and\n\n```\n\\(y\\)\n```", 0),
        (r"a lone $ and \( and \[ too", 0),
        (r"escaped \$x\$", 0),
        ("$" + "x" * (MOST_CHARS + 1) + "$", 0),
        ("$a$ " * 1500, 1500),
    ],
)
def test_formulas_are_found_outside_of_code_and_money(text: str, count: int) -> None:
    assert str(markdown(text)).count("<math") == count


def test_lines_below_each_other_are_rows() -> None:
    for name in ("aligned", "align*", "gathered", "cases"):
        latex = rf"\begin{{{name}}} a &= b \\ c &= d \end{{{name}}}"
        html = str(markdown(f"$${latex}$$"))
        assert html.count("<mtr") == 2, name
        assert "&amp;" not in html


@pytest.mark.parametrize(
    "latex",
    [
        r"\href{javascript:alert(1)}{x}",
        r"\style{background:url(//evil.example)}{x}",
        r"\text{<img src=x onerror=alert(1)>}",
        r"\text{</mtext></math><script>alert(1)</script>}",
        r"\class{x}{y}\id{a}{b}",
        r"\color{red\" onload=\"x}{y}",
        r"<annotation-xml encoding=text/html><p>x",
    ],
)
def test_a_formula_brings_only_elements_that_are_drawn(latex: str) -> None:
    html = str(markdown(f"${latex}$"))
    for tag, attributes in re.findall(r"<(\w[\w-]*)([^>]*)>", html):
        assert tag in TAGS | {"p", "br"}, html
        names = set(re.findall(r"([\w-]+)=", re.sub(r'"[^"]*"', "", attributes)))
        assert names <= ATTRIBUTES.get(tag, set()), html


@pytest.mark.parametrize("latex", ["}{", "x^y^z", "^" * 900, r"\begin{matrix}", "{" * 99])
def test_what_cannot_be_read_stays_as_it_was_written(latex: str) -> None:
    html = str(markdown(f"before \\({latex}\\) after"))
    assert "<math" not in html
    assert "before" in html
    assert "after" in html


def test_the_answer_is_marked_around_its_formula_or_in_the_text() -> None:
    marked = str(marked_markdown((r"So $\boxed{", "18", "}$ it is.")))
    assert re.search(r"<mark><math[^>]*>.*18.*</math></mark> it is", marked)
    assert "<mark>18</mark>" in str(marked_markdown(("$x$ is ", "18", ".")))
    torn = str(marked_markdown(("$x ", "+ y$ is 18", ".")))
    assert "<mark>" not in torn
    assert torn.count("<math") == 1


@pytest.mark.no_cover
def test_no_text_takes_long() -> None:
    for text in ("$" * 20_000, "$a " * 6_000, r"\(" * 9_000, "$" + "a " * 400 + "$ "):
        began = time.process_time()
        markdown(text * (20_000 // len(text)))
        assert time.process_time() - began < 8, text[:20]
