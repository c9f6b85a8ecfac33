from __future__ import annotations

import pytest

from app.engine.token_counts import approximate_tokens, count_tokens

ENGLISH = (
    "A train leaves the station at nine in the morning and travels at sixty miles per hour. "
    "Another train leaves two hours later and travels at eighty miles per hour. "
    "When does the second train catch up with the first one?"
)


def test_without_a_vocabulary_the_count_says_that_it_is_an_approximation(monkeypatch, tmp_path):
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    count, method = count_tokens(ENGLISH, "claude-sonnet-4-5")
    assert method == "approximation"
    assert count == approximate_tokens(ENGLISH)


def test_the_network_is_never_asked_for_a_vocabulary(monkeypatch, tmp_path):
    from app.engine import token_counts

    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    token_counts._cached_encoding.cache_clear()
    assert count_tokens(ENGLISH, "gpt-4o")[1] == "approximation"
    token_counts._cached_encoding.cache_clear()


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("", 0, 0),
        (ENGLISH, 40, 60),  # 46 words and 3 marks
        ("1234567890" * 10, 30, 45),  # groups of up to three digits
        ("日本語の文章はもっと多い", 8, 14),
        ("Широка страна моя родная", 7, 14),
        ("def f(x):\n    return x[0] + 1\n", 9, 17),
    ],
)
def test_the_approximation_is_near_for_every_script(text, low, high):
    assert low <= approximate_tokens(text) <= high
