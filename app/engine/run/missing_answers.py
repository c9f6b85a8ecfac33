"""What is said of replies that hold no answer: refused, or thinking alone, or nothing."""

from __future__ import annotations

from app.engine.clients.finish_reasons import read_ending
from app.engine.types import CallFailure, ModelReply

_REFUSED = "That counts as refused: it scores 0 and stays in the mean"


def refused(reply: ModelReply) -> str:
    """Return why an answer was not scored that the model or its provider refused."""
    said = reply.ending or reply.finish_reason
    if reply.finish_reason == "refusal":
        marked = (
            "" if read_ending(said).reason == "refusal" else ": its reply is marked as a refusal"
        )
        return f"The model refused to answer{marked} (finish reason {said}). {_REFUSED}."
    text = "; the text that did come is not scored" if reply.text.strip() else ""
    return f"The provider filtered the answer (finish reason {said}). {_REFUSED}{text}."


def refused_request() -> str:
    """Return the same for a question that the provider did not let through to the model."""
    return f"The provider's filter refused the question; the model was not asked. {_REFUSED}."


ONLY_REASONING = "only_reasoning"
"""Code of the failure of a sample whose answer the server took for thinking."""

_REMEDY = (
    "If the server is yours, start it without its reasoning parser or with the one of this model "
    "(vLLM: --reasoning-parser; llama.cpp: --reasoning-format none); then Retry errors."
)

_REMEDY_IN_TEXT = (
    "Ask for less thinking (reasoning effort, thinking budget) or for none, and look whether the "
    "server limits answers by itself or its chat template is another model's; then Retry errors."
)


def only_reasoning(reply: ModelReply) -> CallFailure:
    """Return why a sample has no answer although the model came to its end."""
    made = reply.usage.output_tokens
    tokens = "" if made is None else f" ({made:,} tokens)"
    if reply.text.strip():
        return CallFailure(
            ONLY_REASONING,
            f"The reply is all thinking{tokens}: nothing stands outside of its thinking tags. The "
            "sample is not counted as wrong.",
            _REMEDY_IN_TEXT,
        )
    return CallFailure(
        ONLY_REASONING,
        f"The server sent reasoning{tokens} and no answer: its reasoning parser takes the answer "
        "for thinking. The sample is not counted as wrong.",
        _REMEDY,
    )


def warning_of_only_reasoning(reply: ModelReply) -> str:
    """Return the line for the run, once."""
    if reply.text.strip():
        return (
            "Replies are all thinking: they end before the model answers. They count as errors, "
            f"not as wrong. {_REMEDY_IN_TEXT}"
        )
    return (
        "Replies hold reasoning and no answer: the server's reasoning parser eats the answers. "
        f"They count as errors, not as wrong. {_REMEDY}"
    )


def stop_of_only_reasoning(count: int, reply: ModelReply) -> CallFailure:
    """Return why a run ends early none of whose replies has an answer, by the latest."""
    if reply.text.strip():
        return CallFailure(
            ONLY_REASONING,
            f"All {count} replies so far are thinking and no answer: they end before the model "
            "answers. No further question was asked.",
            _REMEDY_IN_TEXT,
        )
    return CallFailure(
        ONLY_REASONING,
        f"All {count} replies so far hold reasoning and no answer: the server's reasoning parser "
        "eats the answers. No further question was asked.",
        _REMEDY,
    )


EMPTY_ANSWERS = "empty_answers"
"""Code of the warning of answers without any text."""


def warning_of_empty(count: int) -> str:
    """Return the line for a run with answers that hold nothing."""
    answers = "1 answer holds no text" if count == 1 else f"{count:,} answers hold no text"
    return (
        f"{answers} at all; without an answer in it, a sample counts as unparsable. If the model "
        "did write, its server keeps the text: look at its parsers of reasoning and of tool calls."
    )


def cut_while_thinking(reply: ModelReply) -> str:
    """Return why a reply has no answer that the limit of tokens cut."""
    total, thinking = reply.usage.output_tokens, reply.usage.reasoning_tokens
    if thinking is None and reply.reasoning:
        thinking = total
    if thinking and total:
        spent = f"{thinking:,} of {total:,} tokens went into thinking"
    elif reply.reasoning or "<think" in reply.text:
        spent = "all tokens went into thinking"
    else:
        spent = "the limit of tokens was reached before there was any text"
    return f"There is no answer: {spent}. Raise max_tokens."
