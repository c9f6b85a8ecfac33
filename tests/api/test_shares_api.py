"""``/api/v1/shares``."""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text, update

from app.db import db, now
from app.errors import Conflict
from app.models import Share
from app.services import shares
from tests.app_fixtures import ApiClient
from tests.run_fixtures import add_run, add_samples


@pytest.fixture
def run_ids(app, owner):
    with app.app_context():
        ids = [add_run(owner.id, status="completed", done=2, scored=2) for _ in range(2)]
        for run_id in ids:
            add_samples(run_id, {}, {})
        return ids


def test_a_link_is_made_shown_once_listed_and_revoked(app, api, client, run_ids):
    answer = api.post("/shares", json={"run_ids": run_ids[:1], "hide_texts": True})
    assert answer.status_code == 201, answer.text
    url = answer.json["url"]
    path, token = urlsplit(url).path, url.rpartition("/")[2]
    assert path == f"/s/{token}"
    assert len(token) == 43
    assert client.get(path).status_code == 200
    listed = api.get("/shares")
    assert token not in listed.text
    (item,) = listed.json["items"]
    assert (item["state"], item["hide_texts"], item["run_ids"]) == ("active", True, run_ids[:1])
    with app.app_context():
        assert token not in str(db.session.execute(text("SELECT * FROM shares")).all())
    share_id = answer.json["share_id"]
    assert api.delete(f"/shares/{share_id}").status_code == 204
    assert api.delete(f"/shares/{share_id}").status_code == 404
    assert client.get(path).status_code == 404


def test_others_share_and_see_and_revoke_nothing_of_it(api, second_api, stranger_api, run_ids):
    share_id = api.post("/shares", json={"run_ids": run_ids}).json["share_id"]
    assert second_api.post("/shares", json={"run_ids": run_ids}).status_code == 404
    assert second_api.get("/shares").json["items"] == []
    assert second_api.delete(f"/shares/{share_id}").status_code == 404
    assert stranger_api.get("/shares").status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "run_ids"),
        ({"run_ids": []}, "run_ids"),
        ({"run_ids": ["x"] * 7}, "run_ids"),
        ({"run_ids": ["{run}"], "hide_texts": "yes"}, "hide_texts"),
        ({"run_ids": ["{run}"], "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"run_ids": ["{run}"], "password": "x"}, "password"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_name(api, run_ids, body, field):
    text = json.dumps(body).replace("{run}", run_ids[0])
    answer = api.post("/shares", data=text, content_type="application/json")
    assert answer.status_code == 422
    assert field in answer.json["errors"]


def test_a_token_that_only_reads_shares_nothing(app, api, run_ids):
    token = api.post("/tokens", json={"name": "CI", "scopes": ["read"]}).json["token"]
    answer = ApiClient(app, token).post("/shares", json={"run_ids": run_ids})
    assert answer.json["code"] == "missing_scope"


def test_expired_links_make_room_and_others_do_not(app, owner, run_ids, monkeypatch):
    monkeypatch.setattr(shares, "MAX_SHARES", 2)
    with app.app_context():
        soon = now() + timedelta(seconds=60)
        for expires_at in (soon, None):
            shares.create_share(owner.id, run_ids, expires_at)
        with pytest.raises(Conflict, match="2 links"):
            shares.create_share(owner.id, run_ids)
        past = now() - timedelta(days=1)
        db.session.execute(
            update(Share).where(Share.expires_at.is_not(None)).values(expires_at=past)
        )
        db.session.commit()
        shares.create_share(owner.id, run_ids)
        assert len(shares.list_shares(owner.id)) == 2
