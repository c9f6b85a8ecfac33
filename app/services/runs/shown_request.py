"""The request behind a sample, for readers: its address, headers and body, never a key."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from app.engine.clients.http_model import HttpModelClient
from app.engine.clients.providers import PROVIDERS, find_auth, find_kind, make_client
from app.engine.clients.request_changes import read_changes
from app.engine.types import Message, ModelRequest, Sample
from app.errors import NotFound
from app.models import Run, SampleRow
from app.models.run import full_config
from app.net.guard import EgressPolicy
from app.services.connections import store
from app.services.runs.run_settings import generation_of

MOST_BODY_CHARS = 200_000


@dataclass(frozen=True, slots=True)
class ShownRequest:
    """One request over HTTP.

    Attributes:
        url: Where it goes.
        headers: With the name of a variable of the shell in place of the key.
        body: What becomes JSON.
    """

    url: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    def json(self) -> str:
        """Return the body, to read."""
        return json.dumps(self.body, indent=2, ensure_ascii=False)

    def curl(self) -> str:
        """Return the request as a command of a POSIX shell; the key stays a variable of it."""
        # In double quotes, so that the shell puts the key in.
        headers = [f'-H "{name}: {value}"' for name, value in self.headers.items()]
        body = json.dumps(self.body, ensure_ascii=False)
        parts = [
            f"curl {shlex.quote(self.url)}",
            '-H "Content-Type: application/json"',
            *headers,
            f"-d {shlex.quote(body)}",
        ]
        return " \\\n  ".join(parts)


def shown_request(run: Run, row: SampleRow, is_admin: bool) -> ShownRequest | None:
    """Return the request of a sample as this Studio sends it now, with what the run learned.

    ``None`` where nobody is called, the connection is gone, or the prompt is very long.
    """
    name, _, model = run.model.partition("/")
    try:
        connection = store.get_connection(run.user_id, is_admin, name)
    except NotFound:
        return None
    kind = find_kind(connection.kind)
    if kind is None or connection.simulated or _is_long(row):
        return None
    known = PROVIDERS.get(name)
    config = full_config(run.config)
    # No key is opened: this is the name of a variable.
    variable = f"${(known and known.key_env) or 'API_KEY'}" if connection.has_key else None
    client = make_client(
        kind,
        connection.base_url,
        variable,
        model,
        policy=EgressPolicy(),
        provider=name,
        auth=find_auth(connection.auth),
        stream=config["stream"],
    )
    try:
        _remember(run, client)
        request = ModelRequest(
            Sample(row.sample_id, tuple(cast(list[Message], row.input)), ""),
            row.epoch,
            generation_of(run.config),
            config["timeout_s"],
        )
        url, headers, body = client.as_sent(request)
        return ShownRequest(url, headers, body)
    finally:
        client.close()


def _is_long(row: SampleRow) -> bool:
    return sum(len(str(part["content"])) for part in row.input) > MOST_BODY_CHARS


def _remember(run: Run, client: HttpModelClient) -> None:
    changes = [each["change"] for each in run.notices or () if "change" in each]
    client.changes.remember(read_changes([each for each in changes if each["seat"] == "model"]))
