"""``/models``: what the account's connections offer."""

from __future__ import annotations

from flask import Response, g

from app.blueprints.api.callers import api_blueprint
from app.blueprints.api.schemas.models import ListingError, Model, ModelList, ModelQuery
from app.queries.paging import page_of
from app.services.connections import model_catalog
from app.web.json_answers import answer

bp = api_blueprint("models", "Models that the account's connections offer.")


@bp.get("/models", responses={200: ModelList})
def list_models(query: ModelQuery) -> Response:
    """List models; the providers' lists are cached for a minute."""
    found = model_catalog.find_models(
        g.account.id,
        g.account.is_admin,
        connection=query.connection,
        benchmark=query.benchmark,
        text=query.q or "",
    )
    page = page_of(found.models, lambda model: model.id, limit=query.limit, cursor=query.cursor)
    return answer(
        ModelList(
            items=[Model.of(model) for model in page.items],
            next_cursor=page.next_cursor,
            total=page.total,
            errors=[
                ListingError.model_validate(failure, from_attributes=True)
                for failure in found.failures
            ],
        )
    )
