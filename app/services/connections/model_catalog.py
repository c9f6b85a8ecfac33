"""The models that connections offer, with price, context and compatibility."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.db import db
from app.engine.benchmarks.spec import Benchmark
from app.engine.clients.http_model import ProviderModels
from app.engine.pricing import context_tokens_at
from app.errors import Conflict, Invalid
from app.queries.catalog import find_benchmark
from app.services.connections.model_lists import ListFailure, list_all_offered
from app.services.connections.store import (
    OpenConnection,
    get_connection,
    list_connections,
    open_connection,
)
from app.services.connections.tariffs import Tariff, tariff_at

# Ids of models that do not chat; providers list them beside those that do.
_CERTAINLY_OTHER = re.compile(
    r"(?:^|[-_/.])embed(?:ding|dings|der)?\d*(?:gemma)?(?:$|[-_/.:])|minilm"
    r"|(?:^|/)(?:bge|e5|gte)-(?:m3|small|base|large)"
    r"|(?:^|/)whisper-|(?:^|/)(?:gpt-4o(?:-mini)?-)?(?:tts|transcribe)(?:$|-)|(?:^|/)dall-?e-"
    r"|(?:^|-)moderation(?:$|-)|(?:^|[-/])rerank(?:er)?(?:$|-)|(?:^|/)(?:imagen|gpt-image)-"
    r"|(?:^|/)(?:sora|veo)-\d|stable-diffusion|(?:^|/)flux[-.]?\d",
    re.IGNORECASE,
)
_OTHER_KINDS = re.compile(
    r"embed|minilm|whisper|\btts\b|-tts|dall-?e|moderation|transcribe|rerank|\bocr\b|imagen|veo-"
    r"|-image\b|gpt-image|sora|realtime|\bguard\b|stable-diffusion|flux",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """What a million tokens cost, by the price list or as the account says."""

    input_usd_per_mtok: float
    cached_input_usd_per_mtok: float
    output_usd_per_mtok: float
    source: str


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that a run can use; what is not known is ``None``."""

    id: str
    context_tokens: int | None
    price: ModelPrice | None
    simulated: bool
    compatible: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class FoundModels:
    """Models, and the connections whose models could not be listed."""

    models: Sequence[ModelInfo]
    failures: Sequence[ListFailure]


def find_models(
    account_id: int,
    is_admin: bool,
    *,
    connection: str | None = None,
    benchmark: str | None = None,
    text: str = "",
) -> FoundModels:
    """Return the models of one connection or of all, compatible ones first.

    Args:
        account_id: The account.
        is_admin: Whether it also sees the environment's connections.
        connection: Only this one; ``None`` for all.
        benchmark: For which to say whether a model is fit.
        text: Part of the id, in any case.

    Raises:
        NotFound: There is no such connection.
        Invalid: There is no such benchmark.
    """
    goal = _benchmark(benchmark, account_id)
    if connection:
        infos = [get_connection(account_id, is_admin, connection)]
    else:
        infos = list_connections(account_id, is_admin)
    opened: list[OpenConnection] = []
    failures: list[ListFailure] = []
    for info in infos:
        try:
            opened.append(open_connection(account_id, is_admin, info.name))
        except Conflict as error:
            failures.append(ListFailure(info.name, error.code, error.detail, error.action))
    db.session.rollback()  # providers may take seconds: no transaction meanwhile
    models: list[ModelInfo] = []
    for source, listing in list_all_offered(account_id, opened):
        if isinstance(listing, ListFailure):
            failures.append(listing)
        else:
            models.extend(_describe(source, listing, goal, text))
    models.sort(key=lambda model: (not model.compatible, model.id))
    return FoundModels(models, failures)


def _benchmark(name: str | None, account_id: int) -> Benchmark | None:
    if not name:
        return None
    found = find_benchmark(name, account_id)
    if found is None:
        raise Invalid(
            f"There is no benchmark called {name!r}.",
            fields={"benchmark": ["There is no such benchmark."]},
        )
    return found


def _describe(
    connection: OpenConnection, listing: ProviderModels, goal: Benchmark | None, text: str
) -> Iterator[ModelInfo]:
    wanted = text.strip().lower()
    for model_id in listing.ids:
        full_id = f"{connection.name}/{model_id}"
        if wanted in full_id.lower():
            context = listing.context_tokens.get(model_id)
            yield _model(connection, model_id, full_id, goal, context)


def _model(
    connection: OpenConnection,
    model_id: str,
    full_id: str,
    goal: Benchmark | None,
    context: int | None = None,
) -> ModelInfo:
    simulated = connection.simulated
    if context is None and not simulated:
        context = context_tokens_at(connection.base_url, model_id)
    reason = None if simulated else _misfit(model_id, context, goal)
    price = _price(tariff_at(connection, model_id))
    return ModelInfo(full_id, context, price, simulated, reason is None, reason)


def _price(tariff: Tariff) -> ModelPrice | None:
    price = tariff.price
    if price is None:
        return None
    return ModelPrice(
        price.input_usd_per_million,
        price.cached_input_usd_per_million,
        price.output_usd_per_million,
        tariff.source,
    )


def chats(model_id: str) -> bool | None:
    """Return whether a model answers chat, by its id; ``None``: probably not."""
    if _CERTAINLY_OTHER.search(model_id):
        return False
    return None if _OTHER_KINDS.search(model_id) else True


def _misfit(model_id: str, context: int | None, goal: Benchmark | None) -> str | None:
    if _OTHER_KINDS.search(model_id):
        return "This does not look like a chat model."
    if goal is not None and context is not None:
        needed = goal.input_tokens + goal.output_tokens[1]
        if needed > context:
            return (
                f"{goal.title} needs about {needed:,} tokens per sample; "
                f"this model has room for {context:,}."
            )
    return None
