"""Instruction following with constraints that a program can check.

Every puzzle is made from a reply that meets all its constraints, so it can be solved.
"""

from __future__ import annotations

from random import Random
from typing import Any

from app.engine.benchmarks.generated.family import Family, Puzzle
from app.engine.benchmarks.generated.vocabulary import WORDS

Constraint = dict[str, Any]
"""``kind`` and its parameters, as ``app.engine.scorers.constraints`` checks them."""


def instructions(rng: Random, level: int) -> Puzzle:
    """Ask for lines of words under two to seven constraints."""
    forbidden = rng.choice("bcdfghjkmpqvwyz") if level else ""
    pool = [word for word in WORDS if not forbidden or forbidden not in word]
    lines_count = (1, rng.randrange(2, 4), rng.randrange(3, 6))[level]
    per_line = rng.randrange(4, 10) if level == 0 else rng.randrange(3, 8)
    lines = [rng.sample(pool, per_line) for _ in range(lines_count)]
    keyword = rng.choice(pool)
    times = rng.randrange(1, 1 + level + 1)
    lines = [[_other(word, keyword, rng, pool) for word in line] for line in lines]
    for at in rng.sample(range(1, lines_count * per_line - 1), times):
        lines[at // per_line][at % per_line] = keyword
    first, last = lines[0][0], lines[-1][-1]
    rules: list[tuple[str, Constraint]] = [
        (
            f"has exactly {lines_count} line{'s' * (lines_count > 1)}",
            {"kind": "lines", "count": lines_count},
        ),
        (
            f"has exactly {per_line} words in every line, separated by single spaces",
            {"kind": "words_per_line", "count": per_line},
        ),
        (
            f'uses the word "{keyword}" exactly {times} time{"s" * (times > 1)}',
            {"kind": "word_times", "word": keyword, "count": times},
        ),
    ]
    upper = level == 2 and rng.random() < 0.5
    if level > 0:
        rules.append(
            (
                f'does not contain the letter "{forbidden}"',
                {"kind": "without_letter", "letter": forbidden},
            )
        )
        rules.append((f'begins with the word "{first}"', {"kind": "first_word", "word": first}))
    if level > 1:
        rules.append((f'ends with the word "{last}"', {"kind": "last_word", "word": last}))
        case = "upper" if upper else "lower"
        rules.append((f"is written in {case} case only", {"kind": "case", "case": case}))
    rules.append(("contains no digits and no punctuation", {"kind": "letters_only"}))
    listed = "\n".join(f"- It {text}." for text, _ in rules)
    question = (
        "Write a text of English words (it need not make sense) that meets all these rules. "
        "Case does not matter unless a rule says so.\n\n"
        f"{listed}\n\nReply with the text alone: everything you write counts as part of it."
    )
    reply = "\n".join(" ".join(line) for line in lines)
    reply = reply.upper() if upper else reply
    constraints = [constraint for _, constraint in rules]
    return Puzzle(question, reply, _spoilt(reply, keyword), details={"constraints": constraints})


def _other(word: str, keyword: str, rng: Random, pool: list[str]) -> str:
    """Return a word that is not the keyword."""
    while word == keyword:
        word = rng.choice(pool)
    return word


def _spoilt(reply: str, keyword: str) -> tuple[str, ...]:
    """Return replies that break one rule: a word too few, a sentence around it, a full stop."""
    shorter = reply.rsplit(" ", 1)[0]
    return (shorter, f"{reply}.", f"{reply} {keyword}")


BENCHMARKS = (
    Family(
        name="instructions",
        title="Instruction following",
        category="instructions",
        description="Writes words under four to eight rules that a program checks.",
        make=instructions,
        scorer="exact/constraints",
        answer_form=None,
        input_tokens=113,
        output_tokens=(10, 60),
    ).benchmark(),
)
