"""``/shares``: links that show a run or a comparison without an account."""

from __future__ import annotations

from flask import Response, g

from app.blueprints.api.callers import api_blueprint
from app.blueprints.api.schemas.fields import PageQuery
from app.blueprints.api.schemas.shares import (
    NewShare,
    ShareAnswer,
    ShareBody,
    ShareList,
    SharePath,
)
from app.queries.paging import page_of
from app.services import shares
from app.web import rate_limits
from app.web.json_answers import answer, no_content

bp = api_blueprint("shares", "Links that show results without an account.")


@bp.get("/shares", responses={200: ShareList})
def list_shares(query: PageQuery) -> Response:
    """List the links, newest first."""
    page = page_of(
        shares.list_shares(g.account.id),
        lambda share: str(share.id),
        limit=query.limit,
        cursor=query.cursor,
    )
    return answer(
        ShareList(
            items=[ShareAnswer.of(share) for share in page.items],
            next_cursor=page.next_cursor,
            total=page.total,
        )
    )


@bp.post("/shares", responses={201: NewShare})
@rate_limits.create_share
def create_share(body: ShareBody) -> Response:
    """Make a link; its address is in this answer and nowhere else."""
    url, share = shares.create_share(
        g.account.id, body.run_ids, body.expires_at, hide_texts=body.hide_texts
    )
    return answer(NewShare(**ShareAnswer.of(share).model_dump(), url=url), 201)


@bp.delete("/shares/<int:share_id>", responses={204: None})
def delete_share(path: SharePath) -> Response:
    """Revoke a link: its page is gone at once."""
    shares.delete_share(g.account.id, path.share_id)
    return no_content()
