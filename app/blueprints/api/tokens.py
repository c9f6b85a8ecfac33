"""``/tokens``: API tokens of the account."""

from __future__ import annotations

from flask import Response, g

from app.blueprints.api.callers import api_blueprint
from app.blueprints.api.schemas.fields import PageQuery
from app.blueprints.api.schemas.tokens import NewToken, Token, TokenBody, TokenList, TokenPath
from app.queries.paging import page_of
from app.services.accounts import api_tokens
from app.web.json_answers import answer, no_content

bp = api_blueprint("tokens", "API tokens of the account.")


@bp.get("/tokens", responses={200: TokenList})
def list_tokens(query: PageQuery) -> Response:
    """List the tokens, newest first."""
    page = page_of(
        api_tokens.list_tokens(g.account.id),
        lambda token: str(token.id),
        limit=query.limit,
        cursor=query.cursor,
    )
    return answer(
        TokenList(
            items=[Token.of(token) for token in page.items],
            next_cursor=page.next_cursor,
            total=page.total,
        )
    )


@bp.post("/tokens", responses={201: NewToken})
def create_token(body: TokenBody) -> Response:
    """Create a token; its text is in this answer and nowhere else."""
    text, info = api_tokens.create_token(g.account.id, body.name, body.scopes, body.expires_at)
    return answer(NewToken(**Token.of(info).model_dump(), token=text), 201)


@bp.delete("/tokens/<int:token_id>", responses={204: None})
def delete_token(path: TokenPath) -> Response:
    """Revoke a token."""
    api_tokens.delete_token(g.account.id, path.token_id)
    return no_content()
