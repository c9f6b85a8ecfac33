"""Benchmarks of an account's own data: inspect, preview, save, delete."""

from __future__ import annotations

import logging
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select

from app.config import Settings
from app.db import db, transaction
from app.engine.own.definition import PREFIX
from app.engine.own.own_data_error import OwnDataError
from app.engine.own.profiles import PROFILES, current_scorer, following
from app.engine.own.prompt_check import prompt_warnings
from app.errors import Conflict, Invalid, NotFound
from app.models import ACTIVE, OwnBenchmark, OwnVersion, Run
from app.queries.catalog import own_folder, version_path
from app.services.accounts.accounts import lock_account
from app.services.own_benchmarks.reading import LOOK_DEADLINE_S, SAVE_DEADLINE_S, read_own_file
from app.services.own_benchmarks.save_requests import OwnColumns, OwnRequest
from app.services.own_benchmarks.uploads import Upload, as_invalid

log = logging.getLogger(__name__)

MAX_BENCHMARKS = 200
MAX_VERSIONS = 100
MAX_KEPT_BYTES = 1024**3
NAME_PATTERN = r"[a-z0-9][a-z0-9_-]{0,58}"
NAME_WORDS = "Use 1 to 59 of a-z, 0-9, - and _; start with a letter or digit."
_SLUG = re.compile(NAME_PATTERN)
_RESERVED = frozenset({"new", "map", "preview", "save", "delete"})


@dataclass(frozen=True, slots=True)
class Look:
    """A file's columns, their probable meaning, and its first rows, shortened.

    ``row_count`` is how many there are; ``None``: too many to count in a moment, or one is wrong.
    """

    columns: list[str]
    guess: dict[str, Any]
    rows: list[dict[str, Any]]
    row_count: int | None


@dataclass(frozen=True, slots=True)
class Preview:
    """The first prompts.

    Attributes:
        warnings: Where the prompt contradicts the scorer.
        notes: What is assumed about the file.
    """

    prompts: list[dict[str, Any]]
    warnings: list[str]
    notes: list[str]


def inspect_upload(account_id: int, upload: Upload) -> Look:
    """Return the columns and first rows of an upload.

    Raises:
        Invalid: Its beginning cannot be read.
    """
    return Look(**_read(account_id, upload, "look", LOOK_DEADLINE_S))


def first_values(account_id: int, name: str, look: Look) -> dict[str, Any]:
    """Return the form's initial values: the latest version's fields, else a guess.

    Args:
        account_id: The account.
        name: Of a benchmark that gets a new version; empty for a new one.
        look: At the file.
    """
    values: dict[str, Any] = {**look.guess, "name": name.removeprefix(PREFIX)}
    scorer = "choice/studio" if look.guess["choices"] else "exact/text"
    values |= {"scorer": scorer, "prompt_template": PROFILES[scorer].template}
    latest = db.session.scalar(
        select(OwnVersion)
        .join(OwnBenchmark, OwnBenchmark.id == OwnVersion.benchmark_id)
        .where(OwnBenchmark.user_id == account_id, OwnBenchmark.slug == values["name"])
        .order_by(OwnVersion.version.desc())
        .limit(1)
    )
    if latest is not None:
        values |= {
            "scorer": current_scorer(latest.scorer),
            "prompt_template": following(latest.prompt_template, latest.scorer),
            "title": latest.title,
            "description": latest.description,
        }
        if set(look.columns).issuperset(filter(None, _names(latest.columns))):
            values |= latest.columns
    return values


def _names(columns: dict[str, Any]) -> list[str]:
    return [
        *columns["choices"],
        *(columns[kind] for kind in ("question", "target", "category", "id")),
    ]


def preview(account_id: int, upload: Upload, asked: OwnColumns) -> Preview:
    """Return the first prompts as they will be sent, shortened, with their targets.

    Raises:
        Invalid: Template or mapping do not fit, or one of the first rows does not.
    """
    found = _read(account_id, upload, "preview", LOOK_DEADLINE_S, **_asked_view(asked))
    warnings = prompt_warnings(asked.template, asked.scorer)
    return Preview(found["prompts"], warnings, found["notes"])


def save(account_id: int, upload: Upload, asked: OwnRequest, settings: Settings) -> tuple[str, int]:
    """Check every row and save the file as a new benchmark, or a new version of one.

    Returns:
        Its name (``own/my-questions``) and version.

    Raises:
        Invalid: The name, the template or the mapping is not valid, or a row does not fit:
            then its line is named.
        Conflict: The account has as many benchmarks, or this one as many versions, as may be.
    """
    slug = _slug(asked.name)
    # Inside DATA_DIR/own, so that it can be renamed into its place.
    draft = own_folder(settings) / "uploads" / f"{account_id}-{uuid4().hex}.mapped"
    draft.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        facts = _read(
            account_id, upload, "write", SAVE_DEADLINE_S, **_asked_view(asked), to=str(draft)
        )
        version = _insert(account_id, slug, asked, facts, draft, settings)
    finally:
        draft.unlink(missing_ok=True)
    log.info("own benchmark saved", extra={"account": account_id, "rows": facts["rows"]})
    return PREFIX + slug, version


def delete(account_id: int, slug: str, settings: Settings) -> None:
    """Delete a benchmark with its versions and files; its runs and samples are kept.

    Raises:
        NotFound: The account has none of that name.
        Conflict: A run of it is active.
    """
    name = PREFIX + slug
    with transaction() as session:
        own = session.scalar(
            select(OwnBenchmark).where(
                OwnBenchmark.user_id == account_id, OwnBenchmark.slug == slug
            )
        )
        if own is None:
            raise NotFound(f"You have no benchmark called {name!r}.", code="benchmark_not_found")
        active = session.scalar(
            select(func.count())
            .select_from(Run)
            .where(Run.user_id == account_id, Run.benchmark == name, Run.status.in_(ACTIVE))
        )
        if active:
            raise Conflict(
                "A run of this benchmark is active.",
                code="benchmark_in_use",
                action="Wait until it ends, or cancel it.",
            )
        benchmark_id = own.id
        session.delete(own)
    shutil.rmtree(own_folder(settings) / benchmark_id, ignore_errors=True)


def _slug(name: str) -> str:
    slug = name.strip().removeprefix(PREFIX)
    if not _SLUG.fullmatch(slug) or slug in _RESERVED:
        message = NAME_WORDS
        if slug in _RESERVED:
            message = "This name is reserved for a built-in benchmark."
        raise Invalid(message, fields={"name": [message]})
    return slug


def _read(account_id: int, upload: Upload, task: str, deadline_s: float, **arguments: Any) -> Any:
    asked = {"task": task, "path": str(upload.path), "file_format": upload.file_format}
    try:
        return read_own_file(account_id, {**asked, **arguments}, deadline_s)
    except OwnDataError as error:
        raise as_invalid(error) from None


def _asked_view(asked: OwnColumns) -> dict[str, Any]:
    mapping = {**asked.columns.view(), "scorer": asked.scorer}
    return {"mapping": mapping, "template": asked.template}


def _insert(
    account_id: int,
    slug: str,
    asked: OwnRequest,
    facts: dict[str, Any],
    draft: Path,
    settings: Settings,
) -> int:
    with transaction() as session:
        lock_account(session, account_id)
        own = session.scalar(
            select(OwnBenchmark)
            .where(OwnBenchmark.user_id == account_id, OwnBenchmark.slug == slug)
            .with_for_update()
        )
        if own is None:
            _check_count(account_id)
            own = OwnBenchmark(user_id=account_id, slug=slug)
            session.add(own)
            session.flush()
        _check_bytes(account_id, facts["size_bytes"])
        latest = session.scalar(
            select(func.max(OwnVersion.version)).where(OwnVersion.benchmark_id == own.id)
        )
        version = (latest or 0) + 1
        if version > MAX_VERSIONS:
            raise Conflict(
                f"This benchmark has {MAX_VERSIONS} versions.",
                code="too_many_versions",
                action="Save the file under another name.",
            )
        session.add(
            OwnVersion(
                benchmark_id=own.id,
                version=version,
                title=asked.title or slug,
                description=asked.description.strip(),
                prompt_template=asked.template,
                scorer=asked.scorer,
                columns=asked.columns.view(),
                **facts,
            )
        )
        session.flush()
        path = version_path(settings, own.id, version)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft.replace(path)  # before the commit: a version that can be seen has its file
        return version


def _check_count(account_id: int) -> None:
    count = db.session.scalar(
        select(func.count()).select_from(OwnBenchmark).where(OwnBenchmark.user_id == account_id)
    )
    if (count or 0) >= MAX_BENCHMARKS:
        raise Conflict(
            f"You have {MAX_BENCHMARKS} benchmarks of your own.",
            code="too_many_benchmarks",
            action="Delete one that you no longer need.",
        )


def _check_bytes(account_id: int, more: int) -> None:
    kept = db.session.scalar(
        select(func.sum(OwnVersion.size_bytes))
        .join(OwnBenchmark, OwnBenchmark.id == OwnVersion.benchmark_id)
        .where(OwnBenchmark.user_id == account_id)
    )
    if int(kept or 0) + more > MAX_KEPT_BYTES:
        raise Conflict(
            f"Your own data takes up {int(kept or 0) / 1e6:,.0f} MB; with this file it would "
            f"exceed {MAX_KEPT_BYTES / 1e6:,.0f} MB.",
            code="own_data_full",
            action="Delete one of your own benchmarks that you no longer need.",
        )
