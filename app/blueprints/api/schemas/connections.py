"""Connections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal, cast

from pydantic import BaseModel, Field

from app.blueprints.api.schemas.fields import Body, PageAnswer, Text, number, whole
from app.services.connections.local_servers import LocalPort
from app.services.connections.own_prices import MAX_USD_PER_MTOK
from app.services.connections.presets import Auth, Kind
from app.services.connections.probe import ConnectionProbe
from app.services.connections.store import ConnectionChanges, ConnectionInfo
from app.services.field_types import Switch


class ConnectionPath(BaseModel):
    """Which connection."""

    name: Text


class OwnPrice(Body):
    """What you pay for a million tokens of a model, in US dollars; 0: nothing."""

    input_usd_per_mtok: number(0, MAX_USD_PER_MTOK)  # type: ignore[valid-type]
    cached_input_usd_per_mtok: number(0, MAX_USD_PER_MTOK) | None = Field(  # type: ignore[valid-type]
        None, description="Of tokens read from a cache; null: as other input."
    )
    output_usd_per_mtok: number(0, MAX_USD_PER_MTOK)  # type: ignore[valid-type]


class ConnectionBody(Body):
    """Fields to set; missing ones keep their value, or get their default.

    Well-known names (openai, anthropic, groq, ollama ...) imply ``kind`` and ``base_url``.
    """

    name: Text | None = Field(None, description="If given, it must be the name in the path.")
    kind: Kind | None = None
    base_url: Text | None = Field(
        None,
        max_length=500,
        description="Up to and including the version; without it, or with an endpoint's path, the "
        "server is asked for the right one. To change it, send the key again.",
    )
    api_key: Text | None = Field(
        None, max_length=2000, description="Never shown again; null removes it."
    )
    auth: Auth | None = Field(
        None, description="How the key is sent; null: as the API of the kind wants it."
    )
    stream: Annotated[Literal["auto", True, False], Switch] | None = Field(
        None,
        description="Stream answers, which measures time to first token and tokens per second; "
        "auto (the default): only where the server does nothing else.",
    )
    max_retries: whole(0, 20) | None = None  # type: ignore[valid-type]
    max_connections: whole(1, 256) | None = None  # type: ignore[valid-type]
    requests_per_minute: whole(1, 1_000_000) | None = Field(  # type: ignore[valid-type]
        None, description="null: no limit."
    )
    timeout_s: number(1, 3600) | None = None  # type: ignore[valid-type]
    prices: dict[Text, OwnPrice] | None = Field(
        None,
        description="Your own prices by model id; `*` is every model without one. They replace "
        "the price list and all earlier ones; null or {} removes them.",
    )

    def changes(self) -> ConnectionChanges:
        """Return what the body sets; what is optional may be null, which removes it."""
        given = self.model_dump(exclude_unset=True, exclude={"name"})
        removable = {"api_key", "auth", "requests_per_minute", "prices"}
        changes = {
            field: value
            for field, value in given.items()
            if value is not None or field in removable
        }
        return cast(ConnectionChanges, changes)


class ConnectionFailureAnswer(BaseModel):
    """What went wrong and what to do."""

    code: str
    message: str
    action: str | None = None


class LastTest(BaseModel):
    """The latest test of a connection since it was changed."""

    ok: bool
    at: datetime
    latency_ms: int | None
    models_found: int
    error: ConnectionFailureAnswer | None = None


class OwnPriceAnswer(BaseModel):
    """What a million tokens of a model cost you, in US dollars."""

    input_usd_per_mtok: float
    cached_input_usd_per_mtok: float | None = None
    output_usd_per_mtok: float


class ConnectionAnswer(BaseModel):
    """A provider endpoint; its name is the prefix of its models."""

    name: str
    kind: str = Field(description="As in requests; a later version may have stored another one.")
    base_url: str
    api_key_hint: str | None = Field(description="The last four characters of the key.")
    has_key: bool
    auth: str | None = Field(description="How the key is sent; null: as its kind wants it.")
    stream: Literal["auto", True, False] = Field(
        description="Whether answers are streamed; auto: only where the server does nothing else."
    )
    from_environment: bool = Field(
        description="Read-only: the key comes from the server's environment."
    )
    simulated: bool
    read_only: bool
    max_retries: int
    max_connections: int
    requests_per_minute: int | None
    timeout_s: float
    prices: dict[str, OwnPriceAnswer] = Field(description="Your own, by model id or `*`.")
    last_test: LastTest | None
    created_at: datetime | None
    updated_at: datetime | None

    @classmethod
    def of(cls, info: ConnectionInfo) -> ConnectionAnswer:
        """Return the connection as the API shows it."""
        return cls.model_validate(info, from_attributes=True)


class ConnectionList(PageAnswer):
    """Connections of the account by name."""

    items: list[ConnectionAnswer]


class ConnectionTestResult(BaseModel):
    """Whether a connection works."""

    ok: bool
    latency_ms: int | None
    models_found: int
    models: list[str] = Field(description="At most the first hundred.")
    error: ConnectionFailureAnswer | None = None
    moved_to: str | None = Field(
        None, description="The address at which the API was found; it is the connection's now."
    )

    @classmethod
    def of(cls, result: ConnectionProbe) -> ConnectionTestResult:
        """Return the result as the API shows it."""
        error = result.error
        return cls(
            ok=result.ok,
            latency_ms=result.latency_ms,
            models_found=result.models_found,
            models=list(result.models[:100]),
            error=ConnectionFailureAnswer(
                code=error.code, message=error.message, action=error.action
            )
            if error
            else None,
            moved_to=result.moved_to,
        )


class LocalServer(BaseModel):
    """A model server on the Studio's machine."""

    name: str = Field(description="Which it is: ollama, lmstudio, llamacpp or vllm.")
    title: str
    base_url: str
    models: list[str] = Field(description="At most two hundred.")
    needs_key: bool = Field(description="It tells nothing without a key.")
    connection: str | None = Field(description="The connection that leads there.")


class TriedPort(BaseModel):
    """What is at a port that was looked at."""

    address: str
    state: Literal["found", "nobody", "silent", "other", "studio"] = Field(
        description="A model server; nobody listens; no answer in time; something else; the Studio."
    )


class LocalServers(BaseModel):
    """What is on the Studio's machine."""

    items: list[LocalServer]
    tried: list[TriedPort]

    @classmethod
    def of(cls, ports: Sequence[LocalPort], connected: Mapping[int, str]) -> LocalServers:
        """Return the result as the API shows it."""
        return cls(
            items=[
                LocalServer(
                    name=each.name,
                    title=each.title,
                    base_url=each.base_url,
                    models=list(each.models),
                    needs_key=each.needs_key,
                    connection=connected.get(each.port),
                )
                for each in ports
                if each.state == "found"
            ],
            tried=[TriedPort(address=f"127.0.0.1:{each.port}", state=each.state) for each in ports],
        )
