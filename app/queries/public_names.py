"""Names of models as strangers may read them: without connections, hosts and paths."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase

from app.engine.clients.providers import PROVIDERS

_SIMULATED = "simulated"
_NAMELESS = "model"
_KNOWN = frozenset({*PROVIDERS, _SIMULATED})
_LONGEST_NAME = 2
"""Steps of a name (``Qwen/Qwen3-8B``); with more it is a path, but at a well-known provider."""


def public_model(model: str) -> str:
    """Return ``connection/model`` without what only its account knows.

    The connection stays where its name is that of a well-known provider; of a path to a file, its
    last part does.
    """
    connection, _, name = model.partition("/")
    if "/" not in model:
        return public_served_model(model)
    if connection in _KNOWN:
        return f"{connection}/{public_served_model(name, is_known=True)}"
    return public_served_model(name)


def public_served_model(name: str, *, is_known: bool = False) -> str:
    """Return a name that a server gave its model, without the path or host in it.

    Servers of local files call a model by its path: ``/home/ada/models/llama.gguf``.

    Args:
        name: In the server's words.
        is_known: A well-known provider's, whose names have steps (``accounts/x/models/y``).
    """
    steps = name.replace("\\", "/").split("/")
    is_short = len(steps) <= _LONGEST_NAME and not _is_host(steps)
    if name and not _is_place(name, steps) and (is_known or is_short):
        return name
    return next((step for step in reversed(steps) if step), _NAMELESS)


def _is_place(name: str, steps: Sequence[str]) -> bool:
    """Return whether a name tells where its model is: ``~/llama``, ``C:/llama``, ``host:80/x``."""
    colon, port = steps[0].partition(":")[1:]
    return (
        name.startswith(("~", "."))
        or "" in steps
        or "\\" in name
        or name.endswith(".gguf")
        or bool(colon and len(steps) > 1 and (not port or port.isdigit()))
    )


def _is_host(steps: Sequence[str]) -> bool:
    """Return whether a name begins with a host (``gpu.internal/llama``), and not with an owner."""
    is_owner = steps[0].replace("-", "").replace("_", "").isalnum() and steps[0] != "localhost"
    return len(steps) > 1 and not is_owner


def public_models(models: Sequence[str]) -> list[str]:
    """Return the names of several runs' models; different ones that read alike get letters."""
    names = [public_model(model) for model in models]
    return [
        f"{name} ({ascii_uppercase[at]})"
        if any(
            other == name and model != models[at]
            for other, model in zip(names, models, strict=True)
        )
        else name
        for at, name in enumerate(names)
    ]
