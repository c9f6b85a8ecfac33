"""The question of a prompt, without what all prompts say."""

from __future__ import annotations

import pytest

from app.engine.questions import PREVIEW_CHARACTERS, WHOLE, preview, preview_of, shape_of


def user(content: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": content}]


@pytest.mark.parametrize(
    ("template", "prompt", "question"),
    [
        ("{question}", "How many?", "How many?"),
        (
            "Solve it.\n\n{question}\n\nThink first.",
            "Solve it.\n\nHow many\n\nducks?\n\nThink first.",
            "How many\n\nducks?",
        ),
        (
            "Pick one of {letters}.\n\n{question}\n\n{choices}",
            "Pick one of A,B.\n\nHow many\n\nducks?\n\nA) 1\nB) 2",
            "How many\n\nducks?\n\nA) 1\nB) 2",
        ),
        (
            "About {subject}.\n\nPick one of {letters}.\n\n{question}",
            "Pick one of A,B.\n\nHow many ducks?",
            "How many ducks?",
        ),
        (
            "Read.\n\n{examples}\n\nQUESTION: {question}",
            "Read.\n\nQUESTION: 1+1\n2\n\nQUESTION: 2+2",
            "2+2",
        ),
        (
            "Read.\n\n{examples}\n\n# Task\n---\n{context}\n\nNow.",
            "Read.\n\n# Task\n---\nA text.\n\nNow.",
            "A text.",
        ),
        ("Use \\boxed{{}}: {problem}", "Use \\boxed{}: 1+1", "1+1"),
        ("{problem}\n\nUse \\boxed{{}}.", "1+1\n\nUse \\boxed{}.", "1+1"),
        ("Task: {prompt} \nTests: {tests}\nGo.", "Task: add \nTests: a\nGo.", "add \nTests: a"),
        ("Write {prompt}", "Write {prompt} in braces", "{prompt} in braces"),
        ("Say {word}.", "Say x.", "Say x."),
    ],
)
def test_what_all_prompts_say_is_left_out(template: str, prompt: str, question: str) -> None:
    assert shape_of(template).question_in(user(prompt)) == question


def test_the_last_message_asks_the_question() -> None:
    turns = [{"role": "system", "content": "Examples"}, *user("Q: 1"), *user("Q: 2")]
    assert shape_of("Q: {question}").question_in(turns) == "2"


def test_a_prompt_that_does_not_follow_its_template_is_shown_from_its_start() -> None:
    shape = shape_of("Solve it now.\n\nWith care.\n\n{question}\n\nThink.")
    assert shape.question_in(user("Hi")) == "Hi"
    assert shape.question_in([]) == ""
    assert preview([]) == ""


def test_a_long_question_is_cut_between_words() -> None:
    text = preview(user("word " * 100), WHOLE)
    assert len(text) <= PREVIEW_CHARACTERS
    assert text.endswith("word …")
    assert preview_of("a\n\n b") == "a b"
