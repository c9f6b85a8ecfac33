from __future__ import annotations

import base64
import time
from datetime import UTC, datetime

import pytest
import standardwebhooks

from app.net.signing import new_secret, secret_key, sign, signed_headers

BODY = b'{"type": "run.completed", "score": 0.5, "name": "\xc3\xa9"}'


def test_the_specification_s_own_example_is_reproduced():
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    signature = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_reference_implementation_accepts_and_makes_the_same_signature():
    secret, now = new_secret(), int(time.time())
    reference = standardwebhooks.Webhook(secret)
    headers = signed_headers([secret], "msg_1", now, BODY)
    reference.verify(BODY, headers)
    moment = datetime.fromtimestamp(now, UTC)
    assert reference.sign("msg_1", moment, BODY.decode()) == headers["webhook-signature"]


def test_during_a_rotation_both_secrets_verify():
    old, new, now = new_secret(), new_secret(), int(time.time())
    headers = signed_headers([new, old], "msg_1", now, BODY)
    for secret in (old, new):
        standardwebhooks.Webhook(secret).verify(BODY, headers)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(new_secret()).verify(BODY, headers)


@pytest.mark.parametrize("size", [24, 32, 64])
def test_secrets_have_24_to_64_random_bytes(size):
    secret = new_secret(size)
    assert len(secret_key(secret)) == size
    assert secret != new_secret(size)


@pytest.mark.parametrize(
    "secret",
    [
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_not base64",
        "whsec_" + base64.b64encode(b"x" * 23).decode(),
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
        "whsec_",
    ],
)
def test_a_malformed_secret_is_refused_without_quoting_it(secret):
    with pytest.raises(ValueError, match="signing secret") as caught:
        secret_key(secret)
    assert secret.removeprefix("whsec_") not in str(caught.value) or secret == "whsec_"


def test_a_message_needs_a_secret_and_an_id_without_dots():
    with pytest.raises(ValueError, match="at least one"):
        signed_headers([], "msg_1", 1, BODY)
    with pytest.raises(ValueError, match="dot"):
        sign(new_secret(), "msg.1", 1, BODY)
