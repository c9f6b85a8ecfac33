"""Signatures of webhooks after the Standard Webhooks specification (standardwebhooks.com).

A signature covers ``id.timestamp.body``; during a rotation every secret signs, and a receiver
accepts any of them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"


def new_secret(size: int = 32) -> str:
    """Return a fresh secret of ``size`` random bytes (24 to 64), ready to show once."""
    return PREFIX + base64.b64encode(secrets.token_bytes(size)).decode()


def secret_key(secret: str) -> bytes:
    """Return the bytes of a secret.

    Raises:
        ValueError: It is not ``whsec_`` and base64 of 24 to 64 bytes.
    """
    if not secret.startswith(PREFIX):
        raise ValueError("a signing secret starts with whsec_")
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("a signing secret is base64 after whsec_") from error
    if not 24 <= len(key) <= 64:
        raise ValueError("a signing secret has 24 to 64 bytes")
    return key


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return one signature, ``v1,<base64>``.

    Args:
        secret: ``whsec_...``.
        message_id: Stable over all attempts.
        timestamp: Of this attempt, in whole seconds since 1970 UTC.
        body: The exact bytes that are sent.

    Raises:
        ValueError: The secret is malformed, or the id holds a dot.
    """
    if "." in message_id:
        raise ValueError("a message id must not hold a dot")
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    digest = hmac.new(secret_key(secret), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def signed_headers(
    active_secrets: Sequence[str], message_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """Return the three headers of a message, signed with every secret.

    Raises:
        ValueError: There is no secret, or one is malformed.
    """
    if not active_secrets:
        raise ValueError("a message needs at least one signing secret")
    signatures = (sign(secret, message_id, timestamp, body) for secret in active_secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
