"""Encrypts stored secrets with keys that are not in the database.

The first of ``ENCRYPTION_KEYS`` seals, all of them open. To replace a key, put the new one in
front, run ``flask rotate-keys``, then remove the old one.
"""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask import current_app
from sqlalchemy import select, update

from app.current import get_settings
from app.db import transaction
from app.errors import Conflict
from app.models import Connection, RequestKey, Webhook

_EXTENSION = "sealer"


def _sealer() -> MultiFernet:
    sealer: MultiFernet | None = current_app.extensions.get(_EXTENSION)
    if sealer is None:
        settings = get_settings()
        keys = [Fernet(key.get_secret_value()) for key in settings.encryption_keys]
        sealer = current_app.extensions[_EXTENSION] = MultiFernet(keys)
    return sealer


def seal(text: str) -> str:
    """Return ``text`` encrypted and authenticated."""
    return _sealer().encrypt(text.encode()).decode()


def open_sealed(sealed: str) -> str:
    """Return the text that was sealed.

    Raises:
        Conflict: None of the keys in force opens it (``sealed_secret_unreadable``).
    """
    try:
        return _sealer().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Conflict(
            "A stored secret cannot be opened with the encryption keys of this server.",
            code="sealed_secret_unreadable",
            action="Put the key that sealed it back into ENCRYPTION_KEYS, or enter the secret "
            "again.",
        ) from None


def _reseal(sealed: str) -> str:
    try:
        return _sealer().rotate(sealed.encode()).decode()
    except InvalidToken:
        raise Conflict(
            "A stored secret cannot be opened with the encryption keys of this server; "
            "nothing was changed.",
            code="sealed_secret_unreadable",
            action="Put the key that sealed it back into ENCRYPTION_KEYS.",
        ) from None


def rotate_keys() -> int:
    """Re-encrypt every stored secret with the first key; returns how many.

    Raises:
        Conflict: A secret cannot be opened; then nothing was changed.
    """
    count = 0
    with transaction() as session:
        for key_id, sealed_key in session.execute(
            select(Connection.id, Connection.sealed_key)
        ).all():
            if sealed_key is None:
                continue
            # Not through the ORM: the connection itself was not updated now.
            session.execute(
                update(Connection)
                .where(Connection.id == key_id)
                .values(sealed_key=_reseal(sealed_key), updated_at=Connection.updated_at)
            )
            count += 1
        for webhook_id, sealed_secret in session.execute(
            select(Webhook.id, Webhook.sealed_secret)
        ).all():
            session.execute(
                update(Webhook)
                .where(Webhook.id == webhook_id)
                .values(sealed_secret=_reseal(sealed_secret))
            )
            count += 1
        kept = select(RequestKey.user_id, RequestKey.key, RequestKey.sealed_answer)
        for user_id, key, sealed_answer in session.execute(kept).all():
            if sealed_answer is None:
                continue
            session.execute(
                update(RequestKey)
                .where(RequestKey.user_id == user_id, RequestKey.key == key)
                .values(sealed_answer=_reseal(sealed_answer))
            )
            count += 1
    return count
