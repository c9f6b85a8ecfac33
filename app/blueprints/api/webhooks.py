"""``/webhooks`` and ``/deliveries``."""

from __future__ import annotations

from dataclasses import asdict

from flask import Response, g

from app.blueprints.api.callers import api_blueprint
from app.blueprints.api.schemas.fields import PageQuery
from app.blueprints.api.schemas.webhooks import (
    DeliveryAnswer,
    DeliveryList,
    DeliveryPath,
    NewWebhook,
    Secret,
    TestAnswer,
    WebhookAnswer,
    WebhookBody,
    WebhookList,
    WebhookPatch,
    WebhookPath,
)
from app.queries.paging import page_of
from app.services.webhooks import deliveries, endpoints
from app.web import rate_limits
from app.web.json_answers import answer, no_content

bp = api_blueprint(
    "webhooks",
    "Endpoints that are notified of runs, and their deliveries.",
    bodyless={"rotate_secret", "test_webhook", "redeliver"},
)


@bp.get("/webhooks", responses={200: WebhookList})
def list_webhooks(query: PageQuery) -> Response:
    """List the endpoints, oldest first."""
    page = page_of(
        endpoints.list_webhooks(g.account.id),
        lambda hook: hook.id,
        limit=query.limit,
        cursor=query.cursor,
    )
    return answer(
        WebhookList(
            items=[WebhookAnswer.of(hook) for hook in page.items],
            next_cursor=page.next_cursor,
            total=page.total,
        )
    )


@bp.post("/webhooks", responses={201: NewWebhook})
@rate_limits.save_webhook
def create_webhook(body: WebhookBody) -> Response:
    """Create an endpoint; its secret is in this answer and nowhere else."""
    hook_id, secret = endpoints.create_webhook(g.account.id, body.model_dump())
    shown = WebhookAnswer.of(endpoints.get_webhook(hook_id, g.account.id))
    return answer(
        NewWebhook(**shown.model_dump(), secret=secret),
        201,
        location=f"/api/v1/webhooks/{hook_id}",
    )


@bp.get("/webhooks/<string:webhook_id>", responses={200: WebhookAnswer})
def get_webhook(path: WebhookPath) -> Response:
    """Return an endpoint."""
    return answer(WebhookAnswer.of(endpoints.get_webhook(path.webhook_id, g.account.id)))


@bp.patch("/webhooks/<string:webhook_id>", responses={200: WebhookAnswer})
@rate_limits.save_webhook
def patch_webhook(path: WebhookPath, body: WebhookPatch) -> Response:
    """Change an endpoint."""
    endpoints.update_webhook(path.webhook_id, g.account.id, body.model_dump(exclude_none=True))
    return answer(WebhookAnswer.of(endpoints.get_webhook(path.webhook_id, g.account.id)))


@bp.delete("/webhooks/<string:webhook_id>", responses={204: None})
def delete_webhook(path: WebhookPath) -> Response:
    """Delete an endpoint with its history."""
    endpoints.delete_webhook(path.webhook_id, g.account.id)
    return no_content()


@bp.post("/webhooks/<string:webhook_id>/rotate-secret", responses={200: Secret})
@rate_limits.rotate_secret
def rotate_secret(path: WebhookPath) -> Response:
    """Replace the secret."""
    return answer(Secret(secret=endpoints.rotate_secret(path.webhook_id, g.account.id)))


@bp.post("/webhooks/<string:webhook_id>/test", responses={200: TestAnswer})
@rate_limits.test_webhook
def test_webhook(path: WebhookPath) -> Response:
    """Send a test event now."""
    result = asdict(deliveries.send_test(path.webhook_id, g.account.id))
    return answer(TestAnswer(**{name: result[name] for name in TestAnswer.model_fields}))


@bp.get("/webhooks/<string:webhook_id>/deliveries", responses={200: DeliveryList})
def list_deliveries(path: WebhookPath, query: PageQuery) -> Response:
    """List the deliveries of an endpoint, newest first."""
    page = deliveries.list_deliveries(
        path.webhook_id, g.account.id, limit=query.limit, cursor=query.cursor
    )
    return answer(
        DeliveryList(
            items=[DeliveryAnswer.of(delivery) for delivery in page.items],
            next_cursor=page.next_cursor,
            total=page.total,
        )
    )


@bp.post("/deliveries/<string:delivery_id>/redeliver", responses={202: DeliveryAnswer})
@rate_limits.redeliver
def redeliver(path: DeliveryPath) -> Response:
    """Send a delivery once more, with the same id."""
    return answer(DeliveryAnswer.of(deliveries.redeliver(path.delivery_id, g.account.id)), 202)
