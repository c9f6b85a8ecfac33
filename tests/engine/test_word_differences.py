"""The words in which one text differs from another."""

from __future__ import annotations

import time

import pytest

from app.engine.word_differences import MOST_WORDS, word_differences


def marked(one: str, other: str) -> tuple[str, ...] | None:
    found = word_differences(one, other)
    if found is None:
        return None
    return tuple(
        "".join(f"[{piece.text}]" if piece.differs else piece.text for piece in pieces)
        for pieces in found
    )


@pytest.mark.parametrize(
    ("one", "other", "first", "second"),
    [
        ("It is 18.", "It is 7.", "It is [18].", "It is [7]."),
        ("a\n\nb  c ", "a\n\nb  x c", "a\n\nb  c[ ]", "a\n\nb  [x] c"),
        ("the same", "the same", "the same", "the same"),
        ("", "new", "", "[new]"),
        ("naïve 日本", "naïve 日本語", "naïve [日本]", "naïve [日本語]"),
    ],
)
def test_what_only_one_text_has_is_marked(one: str, other: str, first: str, second: str) -> None:
    found = marked(one, other)
    assert found is not None
    assert [each.replace("[ ]", " ") for each in found] == [
        each.replace("[ ]", " ") for each in (first, second)
    ]


def test_texts_keep_every_character() -> None:
    texts = ("  lead, and\ttrail?! \n", "lead: and trail… \n\n")
    found = word_differences(*texts)
    assert found is not None
    assert tuple("".join(piece.text for piece in pieces) for pieces in found) == texts


def test_texts_with_little_in_common_or_too_long_have_no_marks() -> None:
    assert word_differences("red " * 30, "blue " * 30) is None
    assert word_differences("word " * (MOST_WORDS + 1), "word") is None


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a b " * (MOST_WORDS // 2), "b a " * (MOST_WORDS // 2)),
        (" ".join(map(str, range(MOST_WORDS))), " ".join(map(str, range(MOST_WORDS, 0, -1)))),
        ("a " * MOST_WORDS, "a b " * (MOST_WORDS // 2)),
        (
            " ".join(f"a b{number}" for number in range(MOST_WORDS // 2)),
            " ".join(f"a c{number}" for number in range(MOST_WORDS // 2)),
        ),
    ],
    ids=["swapped", "reversed", "repeated", "every other"],
)
def test_no_texts_take_long(one: str, other: str) -> None:
    began = time.process_time()
    word_differences(one, other)
    assert time.process_time() - began < 8  # 0.2 where it is quiet, 18 without the bound
