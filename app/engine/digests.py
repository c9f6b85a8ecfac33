"""Short digests that show whether two runs are comparable."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, is_dataclass
from typing import Any


def digest_of(values: Iterable[Any]) -> str:
    """Return the first 16 hex digits of a SHA-256 over the values' canonical JSON.

    Dataclasses count by their fields; the order of keys does not matter, that of values does.
    """
    digest = hashlib.sha256()
    for value in values:
        plain = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
        digest.update(
            json.dumps(plain, sort_keys=True, ensure_ascii=False, default=str).encode() + b"\n"
        )
    return digest.hexdigest()[:16]
