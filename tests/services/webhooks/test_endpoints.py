"""Endpoints: what new ones have, and where whose may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.blueprints.api.schemas.webhooks import WebhookBody
from app.blueprints.settings.forms import WebhookForm
from app.db import db
from app.errors import Invalid
from app.models import Webhook
from app.services.accounts import roles
from app.services.accounts.accounts import Account
from app.services.webhooks import deliveries, endpoints
from tests.run_fixtures import Receiver

pytestmark = pytest.mark.usefixtures("app_context")

PRIVATE = (
    "http://127.0.0.1:8811/hook",
    "http://[::1]:8811/",
    "http://10.1.2.3/",
    "http://localhost/",
)
NOBODYS = (
    "http://169.254.169.254/latest",
    "http://metadata.google.internal/",
    "http://127.0.0.1:6379/",
)


def create(account: Account, url: str, **values: Any) -> str:
    return endpoints.create_webhook(account.id, {"url": url, **values})[0]


@pytest.mark.parametrize("url", PRIVATE)
def test_an_administrators_may_be_on_this_machine_or_near_it(
    owner: Account, second_user: Account, url: str
) -> None:
    create(owner, url)
    with pytest.raises(Invalid, match="not permitted") as refused:
        create(second_user, url)
    assert "EGRESS_ALLOW" in str(refused.value.fields["url"])


@pytest.mark.parametrize("url", NOBODYS)
def test_some_addresses_are_nobodys(owner: Account, url: str) -> None:
    with pytest.raises(Invalid, match="not permitted"):
        create(owner, url)


def test_the_role_is_asked_for_again_whenever_something_is_sent(
    owner: Account, second_user: Account, receiver: Receiver
) -> None:
    roles.set_admin(second_user.id, True, by=owner.id)
    hook_id = create(second_user, receiver.url)
    assert deliveries.send_test(hook_id, second_user.id).ok
    roles.set_admin(second_user.id, False, by=owner.id)
    refused = deliveries.send_test(hook_id, second_user.id)
    assert (refused.ok, refused.error) == (False, "Address not permitted.")
    assert len(receiver.received) == 1


@pytest.fixture
def empty_form(app: Flask) -> Iterator[WebhookForm]:
    """The form as a new endpoint's page shows it."""
    with app.test_request_context():
        yield WebhookForm(formdata=None)


def test_form_api_and_service_have_the_same_defaults(
    owner: Account, empty_form: WebhookForm
) -> None:
    url = "https://8.8.8.8/"
    asked = WebhookBody.model_validate({"url": url}).model_dump()
    shown = {name: field.data for name, field in empty_form._fields.items() if name in asked}
    ticked = [option.data for option in empty_form.events if option.checked]
    hook = db.session.scalars(select(Webhook).where(Webhook.id == create(owner, url))).one()
    made = {name: getattr(hook, name) for name in asked}
    assert made == asked == {**shown, "url": url}
    assert ticked == made["events"] == list(endpoints.DEFAULT_EVENTS)
