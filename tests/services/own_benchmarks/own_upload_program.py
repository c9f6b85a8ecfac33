"""Saves each file named on the command line as a benchmark; prints what came of it, and memory.

A process of its own: the peak of memory is one of a whole process.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from app import create_app
from app.db import db, transaction
from app.errors import Invalid
from app.models import AccountRow
from app.services.own_benchmarks import save_requests, uploads, versions
from tests.app_fixtures import make_settings


def peak_mb() -> float:
    """Return the most memory that this process, or the one that reads for it, has had."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(kind).ru_maxrss for kind in kinds) / 1024


def attempt(path: Path) -> str:
    """Return what becomes of a file."""
    values = {"name": path.stem, "question": "q", "target": "a", "scorer": "exact/text"}
    try:
        with path.open("rb") as stream:
            upload = uploads.keep_upload(1, stream, path.name, settings)
        versions.preview(1, upload, save_requests.read_columns(values))
        asked = save_requests.read_request(values)
        versions.save(1, upload, asked, settings)
    except Invalid as error:
        return error.detail
    return "saved"


settings = make_settings(Path(sys.argv[1]))
app = create_app(settings)
with app.app_context():
    db.create_all()
    with transaction() as session:
        session.add(AccountRow(email="ada@example.org", password_hash="-"))
    attempt(Path(sys.argv[2]))
    before = peak_mb()
    for name in sys.argv[2:]:
        outcome = attempt(Path(name))
        report = {"file": Path(name).name, "outcome": outcome, "grown_mb": peak_mb() - before}
        sys.stdout.write(json.dumps(report) + "\n")
