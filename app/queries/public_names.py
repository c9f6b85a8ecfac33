"""Names of models as strangers may read them: without connections, hosts and paths."""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_uppercase

from app.engine.clients.providers import PROVIDERS

_SIMULATED = "simulated"
_NAMELESS = "model"
_KNOWN = frozenset({*PROVIDERS, _SIMULATED})
# Servers of local files call a model by its path: /home/ada/models/llama.gguf, C:\models\llama.
_IS_PLACE = re.compile(r"[/~.\\]|[A-Za-z]:[\\/]|[^/]*:\d+/|[^/]*//|.*\\|.*\.gguf$|.*/.*/", re.S)


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

    Args:
        name: In the server's words.
        is_known: A well-known provider's, whose names have steps (``accounts/x/models/y``).
    """
    if not name:
        return _NAMELESS
    found = _IS_PLACE.match(name)
    if found is None or (is_known and re.fullmatch(r"[\w.-]+(/[\w.:-]+)+", name)):
        return name
    parts = [part for part in re.split(r"[/\\]+", name) if part]
    return parts[-1] if parts else _NAMELESS


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
