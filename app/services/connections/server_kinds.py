"""Recognises model servers by what they answer, whatever port they are on.

The shapes are those of Ollama 0.5 to 0.12, LM Studio 0.3 and 0.4, llama.cpp's server and vLLM. Each
copies parts of another's API, so only what is its own counts: llama.cpp lists its models at
Ollama's address too, and LM Studio answers 200 at every address there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MOST_MODELS = 200
LONGEST_ID = 200
_LM_STUDIO_ERROR = "Unexpected endpoint or method"
_CHAT_TYPES = ("llm", "vlm")


@dataclass(frozen=True, slots=True)
class JsonReply:
    """An answer; ``value`` is ``None`` where it is not JSON."""

    status: int
    value: Any


Ask = Callable[[str], JsonReply | None]
"""Asks for a path; ``None``: there was no answer."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """A server: the name of its preset, and the models that it offers."""

    name: str
    models: tuple[str, ...] = ()
    needs_key: bool = False


def recognise(ask: Ask) -> Recognised | None:
    """Return which server answers; ``None``: none that is known here."""
    listed = ask("/v1/models")
    rows = list(_rows(listed, "data"))
    owners = [row.get("owned_by") for row in rows]
    if "llamacpp" in owners:
        return Recognised("llamacpp", _ids(rows, "id"))
    if "vllm" in owners:
        return Recognised("vllm", _ids(rows, "id"))
    return _by_addresses_of_its_own(ask, listed, rows)


def _by_addresses_of_its_own(
    ask: Ask, listed: JsonReply | None, rows: list[Mapping[str, Any]]
) -> Recognised | None:
    version = ask("/api/version")
    if _says_version(version):
        tags = ask("/api/tags")
        if isinstance(_object(tags).get("models"), list):
            return Recognised("ollama", _ids(_rows(tags, "models"), "name"))
    if str(_object(version).get("error", "")).startswith(_LM_STUDIO_ERROR):
        return _lm_studio(ask, rows)
    if isinstance(_object(ask("/props")).get("default_generation_settings"), dict):
        return Recognised("llamacpp", _ids(rows, "id"))
    refused = listed is not None and listed.status == 401
    if (
        refused
        and _object(listed).get("error") == "Unauthorized"
        and _says_version(ask("/version"))
    ):
        return Recognised("vllm", needs_key=True)
    return None


def _lm_studio(ask: Ask, rows: list[Mapping[str, Any]]) -> Recognised:
    """Its own list tells models that chat from those that make embeddings."""
    own = ask("/api/v0/models")
    typed = [row for row in _rows(own, "data") if row.get("type") in _CHAT_TYPES]
    is_closed = not isinstance(_object(own).get("data"), list) and not rows
    return Recognised("lmstudio", _ids(typed or rows, "id"), needs_key=is_closed)


def _object(reply: JsonReply | None) -> Mapping[str, Any]:
    return reply.value if reply is not None and isinstance(reply.value, dict) else {}


def _says_version(reply: JsonReply | None) -> bool:
    return (
        reply is not None and reply.status == 200 and isinstance(_object(reply).get("version"), str)
    )


def _rows(reply: JsonReply | None, name: str) -> Iterator[Mapping[str, Any]]:
    found = _object(reply).get(name)
    if isinstance(found, list):
        yield from (row for row in found if isinstance(row, dict))


def _ids(rows: Iterator[Mapping[str, Any]] | list[Mapping[str, Any]], name: str) -> tuple[str, ...]:
    ids = {id_ for row in rows if isinstance(id_ := row.get(name), str) and _is_id(id_)}
    return tuple(sorted(ids)[:MOST_MODELS])


def _is_id(text: str) -> bool:
    return 0 < len(text) <= LONGEST_ID and text.isprintable()
