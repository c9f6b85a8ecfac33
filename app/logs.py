"""Structured logs: an event and ids, with everything that looks like a key masked."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

MASK = "[redacted]"
_KEYS = re.compile(
    # Names of functions such as hf_hub_download begin like a token of the hub, and are none.
    r"(?<![A-Za-z])(?:sk-|sk_|gsk_|xai-|AIza|hf_(?![a-z]{1,15}(?:_[a-z]{1,15})*(?![A-Za-z0-9_]))|obs_|whsec_|r8_"
    r"|nvapi-|pplx-|csk-)[A-Za-z0-9_\-+/=]{8,}"
    r"|(?<=/s/)[A-Za-z0-9_-]{43}"  # a shared link
    r"|(?i:bearer\s+)[A-Za-z0-9._~+/=\-]{8,}"
    r"|(?i:(?:api[_-]?key|token|password|secret|authorization)[\"']?\s*[:=]\s*[\"']?)"
    r"[^\s\"',;&]{6,}"
)
_CREDENTIALS_IN_URL = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def redact(text: str) -> str:
    """Return ``text`` with keys, tokens and passwords in URLs masked."""
    return _CREDENTIALS_IN_URL.sub(MASK, _KEYS.sub(MASK, text))


class _Formatter(logging.Formatter):
    def __init__(self, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            name: value for name, value in vars(record).items() if name not in _STANDARD
        }
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        message = record.getMessage()
        if record.exc_info:
            message = f"{message}\n{self.formatException(record.exc_info)}"
        if self._as_json:
            line = json.dumps(
                {
                    "at": at,
                    "level": record.levelname,
                    "logger": record.name,
                    "event": message,
                    **fields,
                },
                default=str,
            )
        else:
            pairs = "".join(f" {name}={value}" for name, value in fields.items())
            line = f"{at} {record.levelname:7} {record.name}: {message}{pairs}"
        return redact(line)


def configure_logs(level: str, log_format: str) -> None:
    """Send all log lines to standard error, redacted."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(as_json=log_format == "json"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("urllib3", "werkzeug", "huggingface_hub", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
