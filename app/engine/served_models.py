"""Whether the model that answered is the one that was asked for, by the names of both.

Servers name what answered more exactly (``gpt-4o`` becomes ``gpt-4o-2024-08-06``), in their own way
(``/models/qwen2.5-7b-q4_k_m.gguf``), or are a gateway to something else. llama.cpp answers any name
with the model that it has loaded.
"""

from __future__ import annotations

import re
from functools import lru_cache

_CLOUD = re.compile(r"^(?:(?:us|eu|apac|global)\.)?(?:anthropic|meta|amazon|mistral|cohere)\.")
_VARIANT = re.compile(
    r"(?::(?:latest|free|nitro|floor|online|exacto|extended|beta)|-latest|\.gguf)$"
)
_POINTED = re.compile(r"[-_.:@ ]+")
_PRECISION = (
    r"i?q\d(?:-(?:k|nl|\d))?(?:-(?:xxs|xs|xl|s|m|l))?|b?f16|f32|fp16|fp8|int[48]|awq|gptq|mlx"
    r"|[48]bit|(?:mx|nv)fp[48]"
)
_DATE = r"\d{4}-\d{2}-\d{2}|\d{2}-\d{2}-\d{4}|\d{2}-\d{4}|\d{2}-\d{2}|\d{3,8}"
_TAIL = re.compile(
    rf"(?:-(?:{_DATE}|v\d+(?:-\d+)?|preview|exp|experimental|it))*+(?:-(?:{_PRECISION}))*"
)


@lru_cache(maxsize=1024)
def is_same_model(asked: str, served: str) -> bool:
    """Return whether a server's name of a model may be that of the model asked for.

    More exact is the same: a date, a version, a quantisation. A size or another word is not
    (``gpt-4o`` and ``gpt-4o-mini``).
    """
    first, second = _plain(asked), _plain(served)
    shorter, longer = sorted((first, second), key=len)
    if not shorter or not longer.startswith(shorter):
        # "claude-sonnet-4-0" is answered by "claude-sonnet-4-20250514".
        return first.endswith("-0") and is_same_model(first.removesuffix("-0"), served)
    return longer == shorter or _TAIL.fullmatch(longer, len(shorter)) is not None


def _plain(name: str) -> str:
    """Return a name without the folder or owner before it and the variant behind it."""
    name = name.strip().lower().replace("\\", "/").rstrip("/").rpartition("/")[2]
    name = _CLOUD.sub("", name)
    while found := _VARIANT.search(name):
        name = name[: found.start()]
    return _POINTED.sub("-", name).strip("-")


def other_model(asked: str, served: str) -> str:
    """Return the sentence about a server that answers with another model."""
    return (
        f"The server says that another model answered: asked for {asked}, answered by {served}. "
        "The score is that of the model that answered."
    )
