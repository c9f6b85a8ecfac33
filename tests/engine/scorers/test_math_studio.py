"""Mathematical answers: compared part by part, and found where models write them."""

from __future__ import annotations

import pytest

from app.engine.scorers.math_studio import SCORERS, equal_mathematics
from app.engine.types import Sample

EQUAL: list[tuple[str, str]] = [
    ("12", "12"),
    ("2\\frac12", "5/2"),
    ("2\\frac12", "\\frac{5}{2}"),
    ("(0.5,3)", "(\\frac12,3)"),
    ("\\left(\\frac12, 3\\right)", "(0.5,3)"),
    ("3+2x", "2x+3"),
    ("y=2x+3", "y=3+2x"),
    ("y=2x+3", "2x+3"),
    ("x=5", "5"),
    ("5", "x=5"),
    ("x=7,y=2", "y=2,x=7"),
    ("1,2", "2,1"),
    ("1, 2", "\\{1,2\\}"),
    ("1,234", "1234"),
    ("1{,}234", "1234"),
    ("10\\%", "0.1"),
    ("50\\%", "50"),
    ("\\frac{1}{2}", "0.5"),
    ("\\dfrac12", ".5"),
    ("\\sqrt{4}", "2"),
    ("\\sqrt2", "2^{1/2}"),
    ("x^2+2x+1", "(x+1)^2"),
    ("1\\pm\\sqrt{2}", "1+\\sqrt2, 1-\\sqrt2"),
    ("(0,1]", "(0,1]"),
    ("(-\\infty,2)\\cup(3,\\infty)", "(3,\\infty)\\cup(-\\infty,2)"),
    ("x<5", "5>x"),
    ("x \\leq 5", "5\\ge x"),
    ("\\text{Monday}", "Monday"),
    ("\\text{(A)}", "A"),
    ("(A)", "A"),
    ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\begin{pmatrix} 1 \\\\ \\frac{4}{2} \\end{pmatrix}"),
    ("1011_2", "1011"),
    ("42^\\circ", "42"),
    ("5\\text{ cm}", "5"),
    ("5 cm", "5"),
    ("\\$18", "18"),
    ("2x+3y=5", "2x+3y-5=0"),
    ("\\pi", "π"),
    ("3\\pi", "3π"),
    ("-\\frac12", "-0.5"),
    ("90^{\\circ}", "90"),
    ("\\frac{\\pi}{2}", "\\pi/2"),
    ("e^{2}", "e^2"),
    ("2+3=5", "5"),
    ("x=2+3=5", "5"),
    ("1/2", "\\tfrac12"),
    ("\\frac{3}{4}\\text{ cups}", "3/4"),
    ("x\\in(0,1)", "(0,1)"),
    ("\\emptyset", "\\emptyset"),
    ("\\{\\}", "\\{\\}"),
    ("1 and 2", "1,2"),
    ("5.", "5"),
    ("$5$", "5"),
    ("6-5i", "-5i+6"),
    ("\\frac{x+1}{2}", "0.5x+0.5"),
    ("3 \\times 10^5", "300000"),
    ("10,000", "10000"),
    ("11\\sqrt2", "11\\sqrt{2}"),
    ("p - q", "-q+p"),
    ("(3, \\frac{\\pi}{2})", "(3,\\pi/2)"),
    ("1<x<3", "1 < x < 3"),
    ("f(x)=x^2", "x^2"),
    ("5!", "120"),
    ("\\text{even}", "even"),
    ("0.\\overline{3}", "0.\\overline{3}"),
    ("4343_6", "4343_6"),
    ("-2,1", "1,-2"),
    ("[1,2]", "[1,2]"),
    ("\\frac 59", "\\frac59"),
    ("x = 3 \\text{ or } x = 4", "3,4"),
    ("1.0", "1"),
    ("\\frac{1}{2}x", "\\frac{x}{2}"),
    # intervals, sets, chains
    ("[0,1] U [2,3]", "[0,1]\\cup[2,3]"),
    ("1 \\ge x > 0", "0<x\\le 1"),
    ("0<=x<=1", "0\\le x\\le1"),
    ("{1,2}", "\\{2,1\\}"),
    ("\\varnothing", "\\emptyset"),
    ("∅", "\\{\\}"),
    ("\\mathbb{R}", "(-\\infty,\\infty)"),
    ("+\\infty", "\\infty"),
    # tuples, matrices, names
    ("(1;2)", "(1,2)"),
    ("(x,y)=(2,3)", "(2,3)"),
    ("\\begin{array}{c}1\\\\2\\end{array}", "\\begin{pmatrix}1\\\\2\\end{pmatrix}"),
    ("\\text{Area} = 5", "5"),
    ("\\angle ABC = 30^\\circ", "30"),
    ("AB = 5", "5"),
    ("\\mathbf{B}", "\\text{B}"),
    # values
    ("(1.5,2^{0.5})", "(\\frac32,\\sqrt2)"),
    ("\\sin(\\pi/6)", "0.5"),
    ("e^{i\\pi}", "-1"),
    ("\\sin 30^\\circ", "\\frac12"),
    ("2\\mathrm{i}", "2i"),
    ("0.1\\overline{6}", "\\frac16"),
    ("-1.\\bar{3}", "-\\frac43"),
    ("\\frac{n(n+1)}2", "\\frac{n^2+n}{2}"),
    ("{5 \\choose 2}", "10"),
    ("{3 \\over 4}", "0.75"),
    ("x**2", "x^2"),
    ("sqrt(2)", "\\sqrt{2}"),
    ("|x|", "\\lvert x\\rvert"),
    ("\\text{1011}_2", "1011_2"),
    ("5\\text{ cm}", "5 centimeters"),
    ("5\\text{ cm}^2", "5"),
]
DIFFERENT: list[tuple[str, str]] = [
    ("1,2", "12"),
    ("12", "1,2"),
    ("x=7,y=2", "x=1,y=2"),
    ("z=2x+3", "y=3+2x"),
    ("2\\frac12", "1"),
    ("(1,2)", "(2,1)"),
    ("(0,1]", "[0,1)"),
    ("(0,1)", "[0,1]"),
    ("1,2", "1,2,3"),
    ("1,2", "1,1"),
    ("x=5", "y=5"),
    ("x<5", "x\\le5"),
    ("x<5", "x>5"),
    ("5!", "5"),
    ("3x", "3"),
    ("5", "-5"),
    ("1011_2", "1011_3"),
    ("\\text{Monday}", "Tuesday"),
    ("2x=5", "5"),
    ("1 2", "12"),
    ("0.33", "1/3"),
    ("(1,2)", "12"),
    ("1.5", "15"),
    ("2,5", "2.5"),
    ("{1,2}", "12"),
    ("x+1", "x-1"),
    ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\begin{pmatrix}2\\\\1\\end{pmatrix}"),
    ("1<x<3", "1<x<4"),
    ("", "5"),
    ("\\frac{2}{1}", "\\frac12"),
    ("a", "b"),
    ("5 km", "6 km"),
    ("[1,2]", "(1,2)"),
    ("500\\%", "500\\frac{1}{2}"),
    ("y=2x", "y=3x"),
    ("5 cm", "5 m"),
    ("5\\text{ cm}^2", "5\\text{ cm}^3"),
    ("2\\mathrm{i}", "2"),
    ("\\pi", "3.14"),
    ("\\frac13", "0.3333"),
    ("0.\\overline{3}", "0.3"),
    ("\\emptyset", "0"),
    ("(x,y)=(2,3)", "(3,2)"),
    ("\\pm 2", "2"),
    ("\\infty", "-\\infty"),
    ("1>x>0", "0<x\\le 1"),
    ("\\begin{pmatrix}1&2\\end{pmatrix}", "\\begin{pmatrix}1\\\\2\\end{pmatrix}"),
]
REPLIES: list[tuple[str, str, int]] = [
    ("So \\boxed{5}.\n\nI hope this helps, answer: see above", "5", 1),
    ("\\boxed{5}\nANSWER: 5 is the answer", "5", 1),
    ("\\boxed{5} apples are left.", "5", 1),
    ("\\boxed{3}\nWait.\nANSWER: 5", "5", 1),
    ("ANSWER: \\boxed{5}\n\nThat's it.", "5", 1),
    ("**Answer:** $5$", "5", 1),
    ("ANSWER: The value is $5$.", "5", 1),
    ("42", "42", 1),
    ("$x=5$", "5", 1),
    ("I don't know", "5", 0),
    ("\\boxed 5", "5", 1),
    ("\\boxed{5", "5", 0),
    ("\\boxed{1} and \\boxed{2}", "1,2", 1),
    ("\\boxed{1}\n then \\boxed{2}", "2", 1),
    ("\\fbox{5}", "5", 1),
    ("ANSWER: 6 * 7", "42", 1),
    ("Final answer: $\\boxed{\\text{(B)}}$", "\\text{B}", 1),
    ("\\boxed{x=\\frac{1}{2}}", "0.5", 1),
    (
        "$$\\boxed{\\begin{pmatrix}1\\\\2\\end{pmatrix}}$$",
        "\\begin{pmatrix}1\\\\2\\end{pmatrix}",
        1,
    ),
    ("It is $\\boxed{0.5}$.", "\\frac12", 1),
    ("The final answer is 5.", "5", 1),
    ("So the answer is $5$", "5", 1),
    ("The answer is **5**.", "5", 1),
    ("The answer is not known to be $5$, but it is 6", "6", 0),
    ("### Answer\n$$5$$", "5", 1),
    ("Answer: The number is 5", "5", 1),
    ("Answer: 5 (five)", "5", 1),
    ("\\boxed{\\boxed{5}}", "5", 1),
    ("\\boxed{\\text{The answer is } 5}", "5", 1),
    ("\\boxed{5}\n\nNote: 5 = \\text{five}.", "5", 1),
]


@pytest.mark.parametrize(("answer", "target"), EQUAL)
def test_answers_that_say_the_same_are_equal_both_ways(answer: str, target: str) -> None:
    assert equal_mathematics(answer, target)
    assert equal_mathematics(target, answer)


@pytest.mark.parametrize(("answer", "target"), DIFFERENT)
def test_answers_that_say_something_else_are_not(answer: str, target: str) -> None:
    assert not equal_mathematics(answer, target)
    assert not equal_mathematics(target, answer)


@pytest.mark.parametrize(("reply", "target", "score"), REPLIES)
def test_the_answer_is_the_last_box_or_a_later_answer_line(
    reply: str, target: str, score: int
) -> None:
    assert SCORERS["math/studio"](reply, Sample("1", (), target)).score == score


def test_every_target_counts_and_a_long_list_ends_soon() -> None:
    assert SCORERS["math/studio"]("\\boxed{2}", Sample("1", (), ("1", "2"))).score == 1.0
    roots = ",".join(f"\\sqrt{{{n}}}" for n in range(2, 50))
    others = ",".join(f"\\sqrt{{{n}}}" for n in range(60, 108))
    assert not equal_mathematics(roots, others)


def test_nothing_is_no_answer() -> None:
    assert SCORERS["math/studio"]("I give up on this one.", Sample("1", (), "5")).answer is None
    assert not equal_mathematics("9" * 2000, "9" * 2001)
