"""Syllogisms over invented words: does a conclusion follow from the premises?"""

from __future__ import annotations

from itertools import product
from random import Random
from typing import Literal

from app.engine.benchmarks.generated.family import Family, Puzzle
from app.engine.benchmarks.generated.vocabulary import invented_words

Form = Literal["all", "no", "some", "some_not"]
Statement = tuple[Form, int, int]
"""Form, subject, object: ``("all", 0, 1)`` is "All A are B"."""

TEXT: dict[Form, str] = {
    "all": "All {} are {}.",
    "no": "No {} are {}.",
    "some": "At least one of the {} is one of the {}.",
    "some_not": "At least one of the {} is not one of the {}.",
}
ANSWERS = ("Yes", "No")


def follows(premises: list[Statement], conclusion: Statement, terms: int) -> bool:
    """Decide whether the conclusion holds wherever the premises do (classes may be empty).

    An individual is the tuple of classes that it belongs to. The universal premises forbid
    some kinds of individual; a model is any set of the others that meets the existential
    premises. A universal conclusion fails if an allowed kind breaks it; an existential one
    holds only if one existential premise alone forces it.
    """
    allowed = [
        kind
        for kind in product((False, True), repeat=terms)
        if not any(_forbids(premise, kind) for premise in premises)
    ]
    witnesses = [
        [kind for kind in allowed if _shows(premise, kind)]
        for premise in premises
        if premise[0] in ("some", "some_not")
    ]
    if not all(witnesses):
        return True
    if conclusion[0] in ("all", "no"):
        return not any(_forbids(conclusion, kind) for kind in allowed)
    return any(all(_shows(conclusion, kind) for kind in kinds) for kinds in witnesses)


def _forbids(statement: Statement, kind: tuple[bool, ...]) -> bool:
    form, subject, other = statement
    if form == "all":
        return kind[subject] and not kind[other]
    return form == "no" and kind[subject] and kind[other]


def _shows(statement: Statement, kind: tuple[bool, ...]) -> bool:
    form, subject, other = statement
    return kind[subject] and kind[other] == (form == "some")


def syllogisms(rng: Random, level: int) -> Puzzle:
    """Draw premises and a conclusion about the ends of the chain, half of them valid."""
    terms = (3, 4, 5)[level]
    wanted = rng.random() < 0.5
    while True:
        premises = _chain(rng, terms)
        conclusion = _statement(rng, 0, terms - 1)
        if follows(premises, conclusion, terms) == wanted and _consistent(premises, terms):
            break
    rng.shuffle(premises)
    names = [f"{word}s" for word in invented_words(rng, terms)]
    lines = [TEXT[form].format(names[a], names[b]) for form, a, b in premises]
    form, a, b = conclusion
    question = (
        "Assume only these statements (a group may have no members):\n\n"
        + "\n".join(lines)
        + f"\n\nDoes this follow by logic alone?\n\n{TEXT[form].format(names[a], names[b])}"
    )
    answer = "Yes" if wanted else "No"
    wrong = tuple(text for text in ANSWERS if text != answer)
    return Puzzle(question, answer, wrong, ANSWERS)


def _statement(rng: Random, a: int, b: int) -> Statement:
    form: Form = rng.choice(("all", "all", "no", "some", "some_not"))
    return (form, a, b) if rng.random() < 0.65 else (form, b, a)


def _chain(rng: Random, terms: int) -> list[Statement]:
    """Link each term to the next; two existential premises would never work together."""
    while True:
        chain = [_statement(rng, i, i + 1) for i in range(terms - 1)]
        if sum(form in ("some", "some_not") for form, _, _ in chain) <= 1:
            return chain


def _consistent(premises: list[Statement], terms: int) -> bool:
    """Say whether the premises can all be true: they do not imply a contradiction."""
    return not (
        follows(premises, ("all", 0, 1), terms) and follows(premises, ("some_not", 0, 1), terms)
    )


BENCHMARKS = (
    Family(
        name="syllogisms",
        title="Syllogisms",
        category="reasoning",
        description="Judges whether a conclusion follows from statements about invented groups.",
        make=syllogisms,
        scorer="exact/choice",
        answer_form="<Yes or No>",
        input_tokens=77,
        unique=False,
    ).benchmark(),
)
