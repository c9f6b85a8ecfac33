"""One fact hidden in a long text, among facts that look alike."""

from __future__ import annotations

from random import Random

from app.engine.benchmarks.generated.family import Family, Puzzle
from app.engine.benchmarks.generated.vocabulary import CITIES, NAMES, WORDS

CHARS_PER_TOKEN = 4
CONTEXT_TOKENS = (1_000, 4_000, 16_000)
"""Length of the text on each level, at four characters per token."""
DECOYS = 3

_TEMPLATES = (
    "{name} walked from {city} towards the {word} store and stayed there until noon.",
    "In {city} the {word} market opens late, as {name} knows well.",
    "{name} repaired the {word} by the road while the others looked for a {other}.",
    "Nobody in {city} could say why the {word} had been painted like a {other}.",
    "The letter that {name} sent from {city} spoke of a {word} and of little else.",
    "When the rain stopped, {name} carried the {word} and the {other} back to {city}.",
    "A {word} stood beside the {other}, and {name} counted the steps between them.",
    "It was {name} who first compared the {word} of {city} with a {other}.",
)


def needle(rng: Random, level: int) -> Puzzle:
    """Hide an access code; the depth is anywhere from 0 (start) to 1 (end)."""
    keys = rng.sample(WORDS, 1 + DECOYS)
    city = rng.choice(CITIES)
    codes = [str(code) for code in rng.sample(range(100_000, 1_000_000), 1 + DECOYS)]
    facts = [
        f"The access code of the {key} room in {city} is {code}."
        for key, code in zip(keys, codes, strict=True)
    ]
    sentences = _filler(rng, CONTEXT_TOKENS[level] * CHARS_PER_TOKEN)
    for decoy in facts[1:]:
        sentences.insert(rng.randrange(len(sentences) + 1), decoy)
    at = rng.randrange(len(sentences) + 1)
    sentences.insert(at, facts[0])
    question = (
        f"Read this text.\n\n<text>\n{' '.join(sentences)}\n</text>\n\n"
        f"According to the text, what is the access code of the {keys[0]} room in {city}?"
    )
    depth = round(at / (len(sentences) - 1), 3)
    return Puzzle(question, codes[0], tuple(codes[1:]), details={"depth": depth})


def _filler(rng: Random, length: int) -> list[str]:
    """Return sentences of about ``length`` characters altogether."""
    sentences: list[str] = []
    total = 0
    while total < length:
        word, other = rng.sample(WORDS, 2)
        sentence = rng.choice(_TEMPLATES).format(
            name=rng.choice(NAMES), city=rng.choice(CITIES), word=word, other=other
        )
        sentences.append(sentence)
        total += len(sentence) + 1
    return sentences


BENCHMARKS = (
    Family(
        name="needle",
        title="Needle in a haystack",
        category="long_context",
        description="Finds one of four similar facts in a text of 1,000 to 16,000 tokens.",
        make=needle,
        scorer="exact/text",
        answer_form="<code>",
        input_tokens=7_118,
        output_tokens=(8, 60),
        levels=("1k tokens", "4k tokens", "16k tokens"),
        breakdown="context length",
        unique=False,
    ).benchmark(),
)
