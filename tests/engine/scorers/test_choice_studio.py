"""Multiple choice: whatever names one option counts, and the last statement wins."""

from __future__ import annotations

import pytest

from app.engine.scorers.choice_studio import chosen_option, score_choice
from app.engine.types import Sample

COLOURS = ("red", "blue", "green", "grey")
NAMES_B: list[str] = [
    "\\boxed{B}",
    "**Answer:** B",
    "\\(B\\)",
    "The answer is (B)",
    "The answer is (B).",
    "ANSWER: B",
    "Answer: B.",
    "answer: b",
    "**B**",
    "B",
    "(B)",
    "B)",
    "B) blue",
    "B. blue",
    "blue",
    "Blue.",
    "**blue**",
    "The answer is A. Wait, no. The answer is B.",
    "The correct answer seems to be B.",
    "The answer seems to be (B)",
    "it seems to be B",
    "$\\boxed{\\text{B}}$",
    "\\boxed{\\text{(B)}}",
    "The correct option is B.",
    "Option B is correct",
    "So the answer is **B**.",
    "The answer is **B) blue**.",
    "Answer: blue",
    "The answer is blue because the sky is.",
    "I think B.",
    "I choose B",
    "I'd go with B",
    "Final answer: B",
    "**Final Answer**: B",
    "Final Answer: \\boxed{B}",
    "#### B",
    "<answer>B</answer>",
    '{"answer": "B"}',
    "答案：B",
    "答案是B",
    "Ｂ",
    "Antwort: B",
    "ANSWER: (B)",
    "ANSWER: $B$",
    "ANSWER: \\boxed{B}",
    "ANSWER: B\n\nBecause A is wrong and C is worse.",
    "Thinking about A and C...\n\nB",
    "The answer must be B",
    "The best answer is B, because",
    "The answer is option B",
    "Answer: Option B",
    "The correct choice is B",
    "The answer is: B",
    "The answer is:\n\nB",
    'The answer is "B"',
    "ANSWER: [B]",
    "ANSWER: B (blue)",
    "ANSWER: B - blue",
    "Answer: B: blue",
    "**ANSWER: B**",
    "The answer is B, not C.",
    "A is wrong. The answer is B since it is blue.",
    "The answer is not A. The answer is B.",
    "B is the correct answer.",
    "(B) is correct.",
    "Answer is B",
    "answer = B",
    "The answer would be B.",
    "ANSWER: A\nActually, ANSWER: B",
    "$$\\boxed{B}$$",
    "\\boxed{B}.\n\nNote that option C is correct only in winter.",
    "The answer is likely B",
    "The right answer is B",
    "Correct answer: B",
    "Answer: **(B) blue**",
    "B\n",
    "Answer\n\nB",
    "\\textbf{B}",
    "`B`",
    "The answer is $\\text{B}$.",
    "My answer: B",
    "the final answer is $\\boxed{\\textbf{B}}$",
    "I think B.",
    "The answer is: B",
    "option B is the best answer",
    "**B.**",
    # the last statement wins, and a correction replaces it
    "Answer: A\n\nWait, let me reconsider. Answer: B",
    "The answer is A... no wait, it's B",
    "I would say A is tempting, but the answer is B.",
    "The answer is not A, it is B.",
    "The correct answer is not A but B.",
    "not A, but B",
    "It is not A. It's B.",
    "Answer: B (not A)",
    "The answer is B and C is wrong.",
    "Answer: B\n\nExplanation: Option A is red, which is wrong.",
    # first lines, conclusions, marks
    "B\n\nExplanation: A is wrong because it is red.",
    "**B**\n\nThe sky is blue.",
    "B) blue\n\nThe sky has this colour.",
    "Option B: the sky is blue.",
    "B - blue",
    "B – blue",
    "A is wrong, C is wrong. So B.",
    "Thus, (B).",
    "Hence B",
    "=> B",
    "Answer → B",
    "Ans. B",
    "Ans: B",
    "Letter: B",
    "Correct: B",
    '{"final_answer": "B"}',
    "The answer is 'B'",
    "The correct answer is, therefore, B.",
    "I'm going with B.",
    "I'll choose B",
    "Let's go with B.",
    "B it is.",
    "Looking at the options, **B) blue** makes sense.",
    "The sky has this colour (B).",
    # other languages
    "La respuesta correcta es B",
    "La respuesta es la B.",
    "Die richtige Antwort ist B.",
    "La bonne réponse est la B.",
    "A resposta é a letra B.",
    "La risposta corretta è B",
    "Het juiste antwoord is B",
    "Doğru cevap B'dir",
    "Prawidłowa odpowiedź to B",
    "Rätt svar är B",
    "Jawaban yang benar adalah B",
    "Đáp án đúng là B",
    "Правильный ответ — B",
    "الإجابة الصحيحة هي B",
    "सही उत्तर B है",
    "故选B。",
    "因此，答案是 (B)。",
    "B选项正确。",
    "答えはBです",
    "정답은 B입니다",
]
NAMES_NONE: list[str] = [
    "",
    "A or B",
    "ANSWER: A or B",
    "ANSWER: A, B",
    "The answer is A and B",
    "ANSWER: E",
    "The answer is complicated",
    "I cannot say.",
    "The answer is not B",
    "Let me think about a problem.",
    "The answer is a number",
    "Answer: A/B",
    "\\boxed{A, B}",
    "The answer is either A or B",
    "none of them",
    "The answer is a bit unclear",
    "The answer is neither A nor B.",
    "It's not A",
    "The options:\nA) red\nB) blue\nC) green\nD) grey",
    "A is good (A), and so is (B).",
    "La respuesta a la pregunta",
]


@pytest.mark.parametrize("reply", NAMES_B)
def test_an_option_is_named_in_many_ways(reply: str) -> None:
    assert chosen_option(reply, COLOURS) == 1


@pytest.mark.parametrize("reply", NAMES_NONE, ids=lambda reply: reply[:20] or "empty")
def test_two_options_or_none_are_no_answer(reply: str) -> None:
    assert chosen_option(reply, COLOURS) is None


@pytest.mark.parametrize(
    ("reply", "options", "index"),
    [
        ("The answer is A because it is red", COLOURS, 0),
        ("ANSWER: A", COLOURS, 0),
        ("A cat sat.\n\nANSWER: A cat", ("A dog", "A cat"), 1),
        ("The answer is 42.", ("4", "42"), 1),
        ("The answer is 42.5", ("42", "42.5"), 1),
        ("The answer is -5.", ("5", "-5"), 1),
        ("Answer: New York City", ("New York", "New York City"), 1),
        ("ANSWER: A", ("C", "A", "B"), 0),
        ("The answer is I", tuple("abcdefghij"), 8),
        ("Answer: D", ("red", "", "blue", "grey"), 3),
        ("Answer: B", ("red", "", "blue", "grey"), None),
        ("Answer: Z", (), 25),
        # Python ignores the case of these as if they were K, I and S.
        ("\u212a", (), None),
        ("\u0131", tuple("abcdefghij"), None),
        ("\u017f", tuple(map(str, range(20))), None),
    ],
)
def test_letters_texts_and_gaps(reply: str, options: tuple[str, ...], index: int | None) -> None:
    assert chosen_option(reply, options) == index


def test_the_verdict_names_the_option_and_the_right_one() -> None:
    sample = Sample("1", (), "B", COLOURS)
    assert score_choice("ANSWER: B", sample).score == 1.0
    wrong = score_choice("ANSWER: C", sample)
    assert (wrong.score, wrong.answer) == (0.0, "C")
    assert "green" in wrong.explanation
    assert score_choice("no idea", sample).answer is None
