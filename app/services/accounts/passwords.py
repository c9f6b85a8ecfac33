"""Password hashes (argon2id) and the policy for new passwords.

Hashing costs 64 MiB and a good part of a second by design, so only a few run at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.errors import Unavailable

MIN_LENGTH = 8
MAX_LENGTH = 256
MAX_CONCURRENT_HASHES = 2
_WAIT_S = 15.0

# The most used passwords of published breaches that are long enough for the policy.
_COMMON_WORDS = (
    "12345678 123456789 1234567890 12345678910 0123456789 987654321 9876543210 87654321 11111111 "
    "00000000 22222222 88888888 12341234 11223344 123123123 112233445566 147258369 123454321 "
    "password password1 password12 password123 password1234 passw0rd p@ssw0rd p@ssword passwort "
    "mypassword newpassword changeme letmein123 welcome1 welcome123 iloveyou iloveyou1 qwertyui "
    "qwertyuiop qwerty12 qwerty123 qwerty1234 1q2w3e4r 1q2w3e4r5t q1w2e3r4 1qaz2wsx zaq12wsx "
    "qazwsxedc asdfghjk asdfghjkl asdf1234 abcd1234 abc12345 abc123456 abcdefgh a1234567 "
    "a12345678 aa123456 sunshine princess football baseball basketball superman starwars trustno1 "
    "whatever computer internet michelle jennifer corvette mercedes administrator admin123 "
    "admin1234 administrator1 openbench"
)

_COMMON = frozenset(_COMMON_WORDS.split())

_hasher = PasswordHasher()
_slots = BoundedSemaphore(MAX_CONCURRENT_HASHES)

# The hash of a discarded random text, made with the parameters above: checking against it
# makes an unknown address take as long as a wrong password.
_DECOY = (
    "$argon2id$v=19$m=65536,t=3,p=4$nSBfiLhqV4cSWxaTx3Z3S"
    "A$W0sFUZYVQNm/ZdEma0W6N/sbTq/ixK0NcNrtGsMoyBM"
)


@contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(timeout=_WAIT_S):
        raise Unavailable(
            "Too many people are signing in right now.",
            code="sign_in_busy",
            action="Try again in a few seconds.",
            retry_after_s=5,
        )
    try:
        yield
    finally:
        _slots.release()


def hash_password(password: str) -> str:
    """Return the hash to store for ``password``."""
    with _slot():
        return _hasher.hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Return whether ``password`` belongs to the hash ``stored``.

    ``None`` (no such account) takes as long and is never right.
    """
    with _slot():
        try:
            _hasher.verify(stored or _DECOY, password)
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


def needs_rehash(stored: str) -> bool:
    """Return whether ``stored`` was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def password_problems(password: str, email: str) -> list[str]:
    """Return why ``password`` cannot be used, each as a sentence; empty when it can.

    Length and known-bad lists instead of character classes, as in NIST SP 800-63B 5.1.1.2.
    """
    if len(password) < MIN_LENGTH:
        return [f"Use at least {MIN_LENGTH} characters."]
    if len(password) > MAX_LENGTH:
        return [f"Use at most {MAX_LENGTH} characters."]
    lowered = password.lower()
    if lowered in _COMMON or len(set(lowered)) < 3:
        return ["This password is among the first that attackers try. Choose another one."]
    if lowered in {email, email.partition("@")[0]}:
        return ["The password must not be your email address."]
    return []
