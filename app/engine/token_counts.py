"""Counts tokens locally.

``tiktoken`` loads its vocabularies over the network unless its cache holds them; so it is used
only if they are there, and otherwise the count is an approximation that says so.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tiktoken import Encoding

Method = Literal["tiktoken", "approximation"]

_VOCABULARIES = {
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
}
_VOCABULARY_URL = "https://openaipublic.blob.core.windows.net/encodings/{}.tiktoken"
_O200K = re.compile(r"(?:openai/)?(?:gpt-4o|gpt-4\.|gpt-[5-9]|o\d|chatgpt)")
_CL100K = re.compile(r"(?:openai/)?(?:gpt-4|gpt-3\.5|text-embedding-(?:3|ada))")

# Characters per token. Latin text has four; other scripts pack less into a token.
_SCRIPTS = (
    (re.compile(r"[0-9]"), 2.5),
    (re.compile(r"[!-/:-@\[-`{-~]"), 1.7),
    (re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]"), 1.2),
    (re.compile(r"[\u0370-\u06ff]"), 2.6),  # Greek, Cyrillic, Armenian, Hebrew, Arabic
    (re.compile(r"[\u0900-\u0eff]"), 1.9),  # the scripts of India, Thai, Lao
    (re.compile(r"[\u2000-\u2fff\U00010000-\U0010ffff]"), 0.8),  # symbols, emoji
)
_LATIN_CHARS_PER_TOKEN = 4.4


def count_tokens(text: str, model: str) -> tuple[int, Method]:
    """Return the number of tokens in ``text`` and how it was found.

    Args:
        text: Without the few tokens that a chat format adds per message.
        model: The model's id; only OpenAI's vocabularies are known exactly.
    """
    name = _vocabulary(model)
    encoding = _cached_encoding(name) if name else None
    if encoding is not None:
        return len(encoding.encode(text, disallowed_special=())), "tiktoken"
    return approximate_tokens(text), "approximation"


def approximate_tokens(text: str) -> int:
    """Return about how many tokens ``text`` has: characters per token, by script."""
    rest, tokens = len(text), 0.0
    for script, chars_per_token in _SCRIPTS:
        count = len(script.findall(text))
        rest -= count
        tokens += count / chars_per_token
    return math.ceil(tokens + rest / _LATIN_CHARS_PER_TOKEN)


def _vocabulary(model: str) -> str | None:
    if _O200K.match(model):
        return "o200k_base"
    return "cl100k_base" if _CL100K.match(model) else None


@cache
def _cached_encoding(name: str) -> Encoding | None:
    """Return an encoding if tiktoken would find its vocabulary without the network."""
    url = _VOCABULARY_URL.format(name)
    key = hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()
    path = _cache_folder() / key
    if not path.is_file():
        return None
    if hashlib.sha256(path.read_bytes()).hexdigest() != _VOCABULARIES[name]:
        return None
    import tiktoken

    return tiktoken.get_encoding(name)


def _cache_folder() -> Path:
    # tiktoken's own variables, read as it reads them: what counts is where it would look.
    for name in ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"):
        folder = os.environ.get(name)  # noqa: TID251
        if folder is not None:
            return Path(folder) if folder else Path(os.devnull)
    return Path(tempfile.gettempdir()) / "data-gym-cache"
