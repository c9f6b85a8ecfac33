"""The pages of webhooks: the list, and one endpoint with its deliveries."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.blueprints.settings.blueprint import bp
from app.blueprints.settings.forms import WebhookForm
from app.errors import StudioError, shorten
from app.services.webhooks import deliveries as delivery_service
from app.services.webhooks import endpoints as webhook_service
from app.template_filters.numbers import milliseconds
from app.web import rate_limits, shown_once
from app.web.json_answers import answer
from app.web.urls import address

PAGE_SIZE = 25
ERROR_CHARS = 500
"""Characters of why a test failed: the message waits in the session's cookie."""


@bp.route("/webhooks", methods=["GET", "POST"])
@rate_limits.save_webhook
def webhooks() -> ResponseReturnValue:
    """List the endpoints with a form for a new one, or create it."""
    if request.method == "GET":
        return _list(WebhookForm(formdata=None))
    form = WebhookForm()
    if not form.validate_on_submit():
        return _list(form), 422
    try:
        hook_id, secret = webhook_service.create_webhook(current_user.id, _values(form))
    except StudioError as error:
        _complain(form, error)
        return _list(form), error.status
    shown_once.keep_for_next_page(hook_id, secret)
    return _back(hook_id)


@bp.route("/webhooks/<webhook_id>", methods=["GET", "POST"])
@rate_limits.save_webhook
def webhook(webhook_id: str) -> ResponseReturnValue:
    """Show one endpoint with its deliveries, or change it."""
    hook = webhook_service.get_webhook(webhook_id, current_user.id)
    if request.method == "GET":
        secret = shown_once.take(webhook_id)
        return _one(webhook_id, WebhookForm(formdata=None, obj=hook), new_secret=secret)
    form = WebhookForm()
    if not form.validate_on_submit():
        return _one(webhook_id, form), 422
    try:
        webhook_service.update_webhook(webhook_id, current_user.id, _values(form))
    except StudioError as error:
        _complain(form, error)
        return _one(webhook_id, form), error.status
    flash("Saved.", "success")
    return _back(webhook_id)


@bp.post("/webhooks/<webhook_id>/test")
@rate_limits.test_webhook
def webhook_test(webhook_id: str) -> ResponseReturnValue:
    """Send a test event and show the result."""
    result = delivery_service.send_test(webhook_id, current_user.id)
    if result.ok:
        flash(f"The receiver answered {result.status_code} in {result.latency_ms} ms.", "success")
    else:
        why = result.error or f"The receiver answered {result.status_code}."
        flash(f"The test was not accepted. {shorten(why, ERROR_CHARS)}", "error")
    return _back(webhook_id)


@bp.post("/webhooks/<webhook_id>/rotate-secret")
@rate_limits.rotate_secret
def webhook_rotate(webhook_id: str) -> ResponseReturnValue:
    """Give the endpoint a new secret and show it."""
    shown_once.keep_for_next_page(
        webhook_id, webhook_service.rotate_secret(webhook_id, current_user.id)
    )
    return _back(webhook_id)


@bp.post("/webhooks/<webhook_id>/delete")
def webhook_delete(webhook_id: str) -> ResponseReturnValue:
    """Delete the endpoint with its history."""
    webhook_service.delete_webhook(webhook_id, current_user.id)
    flash("The webhook was deleted.", "success")
    return redirect(url_for("settings.webhooks"), 303)


@bp.get("/webhooks/<webhook_id>/deliveries")
def delivery_states(webhook_id: str) -> ResponseReturnValue:
    """Return what changes in the first page of the log; the words are those of the page."""
    page = delivery_service.list_deliveries(webhook_id, current_user.id, limit=PAGE_SIZE)
    return answer(
        {
            "items": [
                {name: view[name] for name in ("id", "status", "made", "facts", "next_attempt_at")}
                for view in map(_delivery_view, page.items)
            ]
        }
    )


@bp.post("/webhooks/<webhook_id>/deliveries/<delivery_id>/redeliver")
@rate_limits.redeliver
def delivery_redeliver(webhook_id: str, delivery_id: str) -> ResponseReturnValue:
    """Send a delivery once more."""
    delivery_service.redeliver(delivery_id, current_user.id)
    flash("Sending it again.", "success")
    return _back(webhook_id)


def _back(webhook_id: str) -> ResponseReturnValue:
    return redirect(url_for("settings.webhook", webhook_id=webhook_id), 303)


def _values(form: WebhookForm) -> dict[str, Any]:
    return {
        "url": (form.url.data or "").strip(),
        "description": (form.description.data or "").strip(),
        "events": form.events.data,
        "enabled": bool(form.enabled.data),
        "long_schedule": bool(form.long_schedule.data),
    }


def _complain(form: WebhookForm, error: StudioError) -> None:
    for message in form.show_errors(error.fields) or ([] if error.fields else [error.detail]):
        flash(message, "error")


def _list(form: WebhookForm) -> str:
    hooks = webhook_service.list_webhooks(current_user.id)
    latest = delivery_service.latest_of(current_user.id)
    return render_template(
        "settings/webhooks.html",
        form=form,
        webhooks=[_view(hook, latest.get(hook.id)) for hook in hooks],
    )


def _view(hook: Any, last: Any) -> dict[str, Any]:
    attempt = last.attempts[-1] if last and last.attempts else None
    return {
        "id": hook.id,
        "url": hook.url,
        "description": hook.description,
        "events": hook.events,
        "enabled": hook.enabled,
        "disabled_reason": hook.disabled_reason,
        "last_delivery": last
        and {
            "status": last.status,
            "at": last.created_at,
            "status_code": attempt.status_code if attempt else None,
        },
    }


def _one(webhook_id: str, form: WebhookForm, *, new_secret: str | None = None) -> str:
    hook = webhook_service.get_webhook(webhook_id, current_user.id)
    cursor = request.args.get("cursor") or None
    page = delivery_service.list_deliveries(
        webhook_id, current_user.id, limit=PAGE_SIZE, cursor=cursor
    )
    return render_template(
        "settings/webhook.html",
        webhook=_view(hook, page.items[0] if page.items else None),
        form=form,
        deliveries=[_delivery_view(delivery) for delivery in page.items],
        live_url=None if cursor else url_for("settings.delivery_states", webhook_id=webhook_id),
        page={
            "newer_url": address("settings.webhook", webhook_id=webhook_id) if cursor else None,
            "older_url": address("settings.webhook", webhook_id=webhook_id, cursor=page.next_cursor)
            if page.next_cursor
            else None,
            "total": None,
            "shown": len(page.items),
        },
        new_secret=new_secret,
    )


def _delivery_view(delivery: Any) -> dict[str, Any]:
    last = delivery.attempts[-1] if delivery.attempts else None
    return {
        "id": delivery.id,
        "event": delivery.event,
        "run_id": delivery.run_id,
        "status": delivery.status,
        "made": len(delivery.attempts),
        "facts": _facts(delivery.attempts_made, last),
        "created_at": delivery.created_at,
        "next_attempt_at": delivery.next_attempt_at,
        "sent_body": last.sent_body if last else None,
        "response_excerpt": last.body_excerpt if last else "",
        "test": delivery.test,
    }


def _facts(attempts: int, last: Any) -> str:
    """Return how often a delivery was tried and what came of the last attempt that is over."""
    facts = "1 attempt" if attempts == 1 else f"{attempts} attempts"
    if last is None:
        return facts
    if last.status_code:
        return f"{facts}, answered {last.status_code} in {milliseconds(last.latency_ms)}"
    return f"{facts}, {last.error}" if last.error else facts
