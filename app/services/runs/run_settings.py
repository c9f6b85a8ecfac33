"""Reads a run's settings for the engine: what is sent to the model, and which samples are asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.engine.datasets.selection import DEFAULT_SAMPLE_SEED as DEFAULT_SAMPLE_SEED
from app.engine.datasets.selection import Selection
from app.engine.types import Generation
from app.models.run import full_config
from app.services.runs.default_limits import without_default_limit


def generation_of(stored: Mapping[str, Any]) -> Generation:
    """Return the sampling parameters of a run with this ``config``."""
    config = full_config(without_default_limit(stored))
    return Generation(
        temperature=config["temperature"],
        top_p=config["top_p"],
        top_k=config["top_k"],
        presence_penalty=config["presence_penalty"],
        frequency_penalty=config["frequency_penalty"],
        max_tokens=config["max_tokens"],
        seed=config["seed"],
        stop=tuple(config["stop"] or ()),
        reasoning_effort=config["reasoning_effort"],
        thinking_tokens=config["thinking_tokens"],
        extra_body=config["extra_body"] or {},
    )


def selection_of(stored: Mapping[str, Any]) -> Selection:
    """Return which samples a run with this ``config`` asks."""
    config = full_config(stored)
    ids = config["sample_ids"]
    return Selection(
        limit=config["limit"],
        order=config["order"],
        seed=DEFAULT_SAMPLE_SEED if config["sample_seed"] is None else config["sample_seed"],
        ids=tuple(ids) if ids else None,
    )
