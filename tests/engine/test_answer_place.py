"""Where the answer that a scorer took stands in a reply."""

from __future__ import annotations

import time

import pytest

from app.engine.answer_place import MOST_CHARS, place_in


def marked(reply: str, answer: str | None) -> str | None:
    span = place_in(reply, answer)
    if span is None:
        return None
    return f"{reply[: span.start]}[{reply[span.start : span.end]}]{reply[span.end :]}"


@pytest.mark.parametrize(
    ("reply", "answer", "shown"),
    [
        ("B is wrong.\nANSWER: C\nNot B.", "C", "B is wrong.\nANSWER: [C]\nNot B."),
        ("A train. The answer is A because A is", "A", "A train. The answer is [A] because A is"),
        ("A train leaves. (A)", "A", "A train leaves. ([A])"),
        ("18 of 180, so 18.", "18", "18 of 180, so [18]."),
        ("It costs $1,800.00 in all.", "1800", "It costs $[1,800.00] in all."),
        ("x = 2.5, not 2.55", "2.50", "x = [2.5], not 2.55"),
        (r"so \boxed{\frac{1}{2}} holds", r"\frac{1}{2}", r"so \boxed{[\frac{1}{2}]} holds"),
        ("It is the Eiffel\nTower there.", "eiffel tower", "It is the [Eiffel\nTower] there."),
        ("I got -3, or 3", "-3", "I got [-3], or 3"),
        ("temperature -3", "3", None),
    ],
)
def test_it_is_behind_words_that_announce_it_or_the_last_one(
    reply: str, answer: str, shown: str | None
) -> None:
    assert marked(reply, answer) == shown


@pytest.mark.parametrize("answer", [None, "", " ", "D", "the reply", "x" * 500])
def test_an_answer_that_is_not_in_the_reply_or_is_all_of_it_has_no_place(answer: str) -> None:
    assert place_in("the reply", answer) is None


@pytest.mark.no_cover
def test_a_reply_of_any_length_is_read_in_linear_time() -> None:
    began = time.process_time()
    assert place_in("1," * (MOST_CHARS // 2), "1" * 199) is None
    assert place_in("a " * (MOST_CHARS // 2), "a " * 98 + "x") is None
    assert place_in(("a" + " " * 99) * (MOST_CHARS // 100), "a x") is None
    assert place_in("answer " * (MOST_CHARS // 7), "answer") is not None
    assert time.process_time() - began < 8
    assert place_in("a" * (MOST_CHARS + 1) + " a", "a") is None
