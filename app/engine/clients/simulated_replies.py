"""What a simulated model writes: an answer in the form that the prompt asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from app.engine.types import ModelRequest, Sample

CHARS_PER_TOKEN = 4
REFUSAL = "I'm sorry, but I can't help with that request."

_WHOLE_REPLY = re.compile(r"entire content of your (?:response|reply)", re.IGNORECASE)
_CODE = re.compile(r"```python|def \w+\(|write a python function", re.IGNORECASE)
_INTEGER = re.compile(r"^-?\d+$")
_OPENINGS = (
    "Let me work through this step by step.",
    "I will take the parts of the question in order.",
    "First I collect what is given, then I combine it.",
)
_MIDDLES = (
    "Checking each condition against the question leaves one possibility.",
    "I write down the intermediate results and check them once more.",
    "Nothing else in the question changes this.",
    "The remaining steps follow directly.",
)


@dataclass(frozen=True, slots=True)
class PromptForm:
    r"""How a prompt wants its answer.

    Attributes:
        before: What stands before the answer (``ANSWER: ``); empty where the answer is all.
        after: What stands after it (the brace of ``\boxed{}``).
        reasoning: Whether there is room for reasoning before it.
    """

    before: str
    after: str
    reasoning: bool


def prompt_form(sample: Sample) -> PromptForm:
    """Find out from the prompt's text how the answer is to be given."""
    text = "\n".join(message["content"] for message in sample.messages)
    reasoning = not _WHOLE_REPLY.search(text)
    if "ANSWER:" in text:
        return PromptForm("ANSWER: ", "", reasoning)
    if "\\boxed" in text:
        return PromptForm("\\boxed{", "}", reasoning)
    if "Answer:" in text:
        return PromptForm("Answer: ", "", reasoning)
    return PromptForm("", "", False)


def right_answer(sample: Sample) -> str:
    """Return the target, or something plausible where a sample has none to write down."""
    target = sample.target if isinstance(sample.target, str) else next(iter(sample.target), "")
    if target:
        return target
    if _CODE.search(sample.messages[-1]["content"]):
        return "```python\ndef solution(*args):\n    return None\n```"
    return "Here is a short text about the topic. It stays close to what was asked."


def wrong_answer(sample: Sample, rng: Random) -> str:
    """Return a near miss: another option, a number that is slightly off, a slip in a word."""
    prepared = sample.metadata.get("simulated_wrong")
    if prepared:
        return str(rng.choice(tuple(prepared)))
    target = right_answer(sample)
    if sample.choices:
        return rng.choice(_other_options(sample, target) or [target])
    if _INTEGER.match(target):
        return str(int(target) + rng.choice((-10, -2, -1, 1, 2, 10)))
    if len(target) > 1 and target[0] != target[-1]:
        return target[-1] + target[1:-1] + target[0]
    return f"not {target}"


def _other_options(sample: Sample, target: str) -> list[str]:
    if target in sample.choices:
        return [choice for choice in sample.choices if choice != target]
    letters = [chr(ord("A") + index) for index in range(len(sample.choices))]
    return [letter for letter in letters if letter != target]


def write_reply(request: ModelRequest, answer: str, rng: Random, *, labelled: bool = True) -> str:
    """Write reasoning and the answer; ``labelled=False`` forgets the form that was asked for."""
    form = prompt_form(request.sample)
    if not labelled and form.before:
        return f"{rng.choice(_OPENINGS)} I would say it is probably this one: {answer}"
    final = f"{form.before}{answer}{form.after}"
    limit = request.generation.max_tokens
    if not form.reasoning:
        return final
    steps = rng.sample(_MIDDLES, rng.randrange(1, len(_MIDDLES)))
    reply = "\n".join([rng.choice(_OPENINGS), *steps, "", final])
    return final if limit is not None and token_count(reply) > limit else reply


def token_count(text: str) -> int:
    """Estimate tokens at four characters each."""
    return max(1, -(-len(text) // CHARS_PER_TOKEN))
