"""The image that all processes share: whole before the forks, and safe to fork."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_PROGRAM = """
import os, pathlib, stat, sys, threading
from app.config import load_settings
from app.worker.image import build_image

def sockets():
    count = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            count += stat.S_ISSOCK(os.stat(f"/proc/self/fd/{name}").st_mode)
        except OSError:
            pass
    return count

before = sockets()
app = build_image(load_settings(), pages=True)
assert threading.active_count() == 1, threading.enumerate()
assert sockets() == before
assert not (app.extensions["settings"].data_dir / "studio.db").exists()
unwanted = {"alembic", "flask_migrate", "mako", "pygments", "psycopg"} & set(sys.modules)
assert not unwanted, unwanted

held = set(sys.modules)
from app.engine.benchmarks.benchmark_registry import all_benchmarks
from app.engine.pricing import price_at
from app.engine.scorers.scorer_registry import all_scorers
assert all_benchmarks() and all_scorers() and price_at("https://api.openai.com/v1", "gpt-4o")
assert "auth/login.html" in {key[1] for key in app.jinja_env.cache.keys()}
assert set(sys.modules) == held, set(sys.modules) - held
"""


def test_it_holds_what_processes_need_and_nothing_that_a_fork_would_break(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        cwd=Path(__file__).parents[2],
        env={"DATA_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
