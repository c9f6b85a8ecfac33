"""Short answers: what does not count, and what carries meaning."""

from __future__ import annotations

import pytest

from app.engine.scorers.qa_studio import SCORERS
from app.engine.types import Sample

Target = str | tuple[str, ...]
SAME: list[tuple[str, Target]] = [
    ("-5", "-5"),
    ("−5", "-5"),
    ("A", "A"),
    ("a", "A"),
    ("The", "The"),
    ("the Beatles", "Beatles"),
    ("“Hello”", "Hello"),
    ("It’s", "It's"),
    ("Its", "It's"),
    ("東京。", "東京"),
    ("東京", "東京。"),
    ("Paris.", "Paris"),
    ("paris", "Paris"),
    ("An apple", "apple"),
    ("1,000", "1000"),
    ("3.0", "3"),
    ("U.S.A.", "U.S.A."),
    ("$5", "$5"),
    ("C++", "C++"),
    ("Gene Cernan", "gene cernan"),
    ("ANSWER: Paris", "Paris"),
    ("I think so.\n\nANSWER: Paris", "Paris"),
    ("Lord of the Rings", "Lord of Rings"),
    ("Vitamin A", "vitamin a"),
    ("café", "café"),
    ("well-known", "well known"),
    ("50%", "50%"),
    ("?", "?"),
    ("...", "..."),
    ("「東京」", "東京"),
    ("the", "the"),
    ("an", "an"),
    ("two", ("one", "two")),
    ("-0.5", "-.5"),
    ("+7", "7"),
    ("10²", "10²"),
    ("¿Qué?", "qué"),
    ("Ⅳ", "IV"),
    ('"The Raven"', "Raven"),
    ("«Война и мир»", "война и мир"),
    ("São Paulo", "são paulo"),
    ("rock ’n’ roll", "rock 'n' roll"),
    ("O'Brien", "O’Brien"),
    ("5 km", "5 km"),
    ("don't know", "don’t know"),
    ("US", "U.S."),
    ("USA", "U.S.A."),
    ("50 %", "50%"),
    ("İstanbul", "istanbul"),
]
OTHER: list[tuple[str, Target]] = [
    ("5", "-5"),
    ("-5", "5"),
    ("C", "C++"),
    ("C#", "C"),
    ("Vitamin B", "Vitamin A"),
    ("Vitamin", "Vitamin A"),
    ("B", "A"),
    ("35", "3.5"),
    ("5%", "5"),
    ("$5", "5"),
    ("102", "10²"),
    ("London", "Paris"),
    ("", "A"),
    ("the", "A"),
    ("1000", "1,00"),
    ("3", "-3"),
    ("50 %", "50"),
    ("US", "U.S.A."),
]


def score(profile: str, reply: str, target: Target) -> float | None:
    return SCORERS[profile](reply, Sample("1", (), target)).score


@pytest.mark.parametrize(("reply", "target"), SAME)
def test_an_answer_equals_the_target_but_for_its_dress(reply: str, target: Target) -> None:
    assert score("qa_em/studio", reply, target) == 1.0
    assert score("qa_f1/studio", reply, target) == 1.0


@pytest.mark.parametrize(("reply", "target"), OTHER)
def test_what_carries_meaning_is_compared(reply: str, target: Target) -> None:
    assert score("qa_em/studio", reply, target) == 0.0


def test_shared_words_are_worth_their_share() -> None:
    assert score("qa_f1/studio", "Barack Obama", "President Obama") == 0.5
    assert score("qa_f1/studio", "-5", "5") == 0.0
    assert score("qa_f1/studio", "東京都", "東京") == 0.8
    assert SCORERS["qa_em/studio"](" ", Sample("1", (), "x")).answer is None
