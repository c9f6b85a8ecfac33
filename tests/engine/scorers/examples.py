"""For every scorer a right and a wrong answer: a new one must bring its own.

What a judge replies, or the sandbox runs, stands beside the answer that leads to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.engine.types import Message, Sample


@dataclass(frozen=True, slots=True)
class Example:
    """One question.

    Attributes:
        right: An answer that scores 1.
        wrong: An answer that scores 0.
        target: Of the sample.
        choices: Of the sample.
        metadata: Of the sample.
        judged: What the judge replies to the right and to the wrong answer, where there is one.
    """

    right: str
    wrong: str
    target: str | tuple[str, ...] = "42"
    choices: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    judged: tuple[str, str] = ("", "")

    @property
    def sample(self) -> Sample:
        """The question."""
        asked: Message = {"role": "user", "content": "How many?"}
        return Sample("1", (asked,), self.target, self.choices, metadata=self.metadata)


NUMBER = Example("ANSWER: 42", "ANSWER: 41")
LETTER = Example("ANSWER: B", "ANSWER: A", "B", ("four", "forty-two"))
WORDS = Example("Gene Cernan", "nobody", "Gene Cernan")
BOXED = Example("So it is $\\boxed{42}$.", "So it is $\\boxed{41}$.")
NO_COMMA = {"instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}
OBEYED = Example("No comma here.", "Well, well.", "", metadata=NO_COMMA)
HUMANEVAL = Example(
    "```python\ndef add(a, b):\n    return a + b\n```",
    "```python\ndef add(a, b):\n    return a - b\n```",
    "",
    metadata={
        "prompt": 'def add(a, b):\n    """Add."""\n',
        "test": "def check(candidate):\n    assert candidate(1, 2) == 3\n",
        "entry_point": "add",
    },
)
ADDS = {"test_list": ["assert add(1, 2) == 3"]}
MBPP = Example(HUMANEVAL.right, HUMANEVAL.wrong, "", metadata=ADDS)
MBPP_TAGGED = Example(
    "[BEGIN]\ndef add(a, b):\n    return a + b\n[DONE]",
    "[BEGIN]\ndef add(a, b):\n    return a - b\n[DONE]",
    "",
    metadata=ADDS,
)

EXAMPLES: Mapping[str, Example] = {
    "aime/inspect": Example("ANSWER: 42", "ANSWER: 41"),
    "bbh/inspect": Example("ANSWER: (B)", "ANSWER: (A)", "B", metadata={"dataset_type": 1}),
    "boxed_int/openbench": BOXED,
    "choice/studio": LETTER,
    "code/humaneval_inspect": HUMANEVAL,
    "code/humaneval_openbench": HUMANEVAL,
    "code/mbpp_inspect": MBPP,
    "code/mbpp_openbench": MBPP_TAGGED,
    "code/studio": HUMANEVAL,
    "drop/inspect": Example("42", "41"),
    "drop/openbench": Example("Answer: 42", "Answer: 41"),
    "ending/inspect": Example("It is 42", "It is 41"),
    "exact/choice": LETTER,
    "exact/constraints": Example(
        "spider", "cat", "", metadata={"constraints": [{"kind": "without_letter", "letter": "c"}]}
    ),
    "exact/json": Example('ANSWER: {"a": 1}', 'ANSWER: {"a": 2}', '{"a": 1}'),
    "exact/list": Example("ANSWER: a, b", "ANSWER: b, a", "a, b"),
    "exact/number": NUMBER,
    "exact/text": Example("ANSWER: red", "ANSWER: blue", "red"),
    "ifeval/google": OBEYED,
    "ifeval/inspect": OBEYED,
    "ifeval/openbench": OBEYED,
    "judge/hle_openbench": Example(
        "Answer: 42", "Answer: 41", judged=("correct: yes\nconfidence: 90", "correct: no")
    ),
    "judge/simpleqa_inspect": Example("Gene Cernan", "nobody", judged=("A", "B")),
    "judge/simpleqa_openbench": Example("Gene Cernan", "nobody", judged=("A", "B")),
    "math/inspect": NUMBER,
    "math/inspect_exact": NUMBER,
    "math/inspect_judged": Example("ANSWER: 6 * 7", "ANSWER: 41", judged=("Yes", "No")),
    "math/inspect_sympy": NUMBER,
    "math/openbench": Example("Answer: 6 * 7", "Answer: 41", judged=("Yes", "No")),
    "math/studio": BOXED,
    "mcq/inspect": LETTER,
    "mcq/openbench": LETTER,
    "mgsm/openbench": Example("Answer: 42", "Answer: 41", metadata={"answer_prefix": "Answer"}),
    "numeric/inspect": NUMBER,
    "numeric/openbench": Example("Answer: 42", "Answer: 41"),
    "numeric/studio": NUMBER,
    "pattern_word/inspect": Example("ANSWER: red", "ANSWER: blue", "red"),
    "pattern_yes_no/inspect": Example("Yes.", "No.", "Yes"),
    "qa_em/inspect": WORDS,
    "qa_em/studio": WORDS,
    "qa_f1/inspect": WORDS,
    "qa_f1/openbench": WORDS,
    "qa_f1/studio": WORDS,
    "squad_f1/inspect": WORDS,
}
