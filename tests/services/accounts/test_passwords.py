"""Password hashing and policy."""

from __future__ import annotations

import threading
import time

import pytest
from argon2 import PasswordHasher

from app.services.accounts import passwords
from tests.app_fixtures import PASSWORD


@pytest.fixture(scope="module")
def password_hash():
    return passwords.hash_password(PASSWORD)


def test_a_password_is_right_only_for_its_own_hash(password_hash):
    assert passwords.verify_password(password_hash, PASSWORD)
    assert not passwords.verify_password(password_hash, "correct horse battery stable")


def test_an_unknown_account_is_never_right_and_takes_as_long(password_hash):
    def time_s(stored: str | None) -> float:
        start = time.perf_counter()
        assert not passwords.verify_password(stored, "another password")
        return time.perf_counter() - start

    # On a busy machine times vary: this only shows that the hash is computed, not skipped.
    assert min(time_s(None), time_s(None)) > time_s(password_hash) / 4


def test_hashes_with_weaker_parameters_are_to_be_renewed(password_hash):
    weak = PasswordHasher(time_cost=1, memory_cost=8192).hash("whatever it is")
    assert passwords.needs_rehash(weak)
    assert not passwords.needs_rehash(password_hash)


def test_the_decoy_has_todays_parameters():
    assert not passwords.needs_rehash(passwords._DECOY)


def test_text_that_is_no_hash_is_never_right():
    assert not passwords.verify_password("not a hash", "password")


def test_no_more_hashes_than_allowed_are_computed_at_once(monkeypatch):
    running, peak, lock = [0], [0], threading.Lock()

    class SlowHasher:
        def verify(self, stored: str, password: str) -> bool:
            with lock:
                running[0] += 1
                peak[0] = max(peak[0], running[0])
            time.sleep(0.01)
            with lock:
                running[0] -= 1
            return True

    monkeypatch.setattr(passwords, "_hasher", SlowHasher())
    threads = [
        threading.Thread(target=passwords.verify_password, args=("hash", "password"))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert peak[0] == passwords.MAX_CONCURRENT_HASHES


@pytest.mark.parametrize(
    "password",
    ["short", "1234567", "password", "Password123", "aaaaaaaaaaaa", "QWERTYUIOP", "x" * 257],
)
def test_bad_passwords_are_refused_with_a_reason(password):
    problems = passwords.password_problems(password, "ada@example.org")
    assert len(problems) == 1
    assert problems[0].endswith(".")


def test_the_address_is_no_password():
    assert passwords.password_problems("ada@example.org", "ada@example.org")
    assert passwords.password_problems("countess", "countess@example.org")


@pytest.mark.parametrize("password", ["hunter42", "Tr0ub4dor&3", "пароль-длинный", "a b c d e"])
def test_other_passwords_pass_without_rules_on_characters(password):
    assert passwords.password_problems(password, "ada@example.org") == []
