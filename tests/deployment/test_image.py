"""The image's own programs, as its own account, in a clean folder."""

from __future__ import annotations

import ast
import os
import signal
import sys
import time
from importlib import metadata
from pathlib import Path

import requests
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deployment.image import ROOT, Image, read_recipe
from tests.deployment.site import COMPOSE, compose_command, free_port, wait_until


def _tree(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder)) for path in folder.rglob("*") if ".venv" not in path.parts
    }


def test_the_image_runs_as_an_account_without_rights() -> None:
    recipe = read_recipe()
    assert recipe.user != "root"
    assert recipe.user_id >= 1000
    assert recipe.volumes == ["/data"]
    assert recipe.env["DATA_DIR"] == "/data"


def test_its_command_serves_its_healthcheck_passes_and_its_stop_signal_ends_it(
    image: Image,
) -> None:
    if os.getuid() == 0 and image.user_id == 0:
        sys.stderr.write("\nno Python here that another account may run: run as root\n")
    before = _tree(image.workdir)
    env = {"HOST": "127.0.0.1", "PORT": str(free_port()), "WORKERS": "1", "WEB_PROCESSES": "1"}
    unhealthy = image.run(image.recipe.healthcheck, env)
    assert unhealthy.returncode == 1  # nobody serves yet
    assert "Error" not in unhealthy.stderr, unhealthy.stderr
    log = image.root / "studio.log"
    with log.open("wb") as output:
        process = image.start(image.recipe.command, env, output)
    try:
        url = f"http://127.0.0.1:{env['PORT']}"
        took_s = wait_until(lambda: "is ready" in log.read_text(), log.read_text, 60)
        checked = image.run(image.recipe.healthcheck, env)
        assert checked.returncode == 0, checked.stderr
        wait_until(
            lambda: requests.get(f"{url}/health", timeout=5).json()["status"] == "ok",
            log.read_text,
            20,
        )
        began = time.monotonic()
        process.send_signal(getattr(signal, image.recipe.stop_signal))
        assert process.wait(30) == 0, log.read_text()
        ended_s = time.monotonic() - began
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert "Traceback" not in log.read_text()
    assert _tree(image.workdir) == before, "the programs write beside the code"
    data = image.root / "data"
    assert (data / "studio.db").exists()
    assert {path.stat().st_uid for path in data.rglob("*")} == {image.user_id}
    others = [
        path for path in data.rglob("*key*") if path.is_file() and path.stat().st_mode & 0o077
    ]
    assert not others, "secrets that others may read"
    sys.stderr.write(
        f"\nthe image's command was ready after {took_s:.1f} s, ended in {ended_s:.1f} s\n"
    )


def test_the_commands_of_compose_start_in_the_image(image: Image) -> None:
    migrate = compose_command("migrate")
    env = {"DATA_DIR": str(image.root / "data" / "migrated")}
    assert image.run(migrate, env).returncode == 0
    for service in ("web", "worker"):
        program, *arguments = compose_command(service)
        if program == "python":
            assert arguments[0] == "-m"
            path = image.workdir.joinpath(*arguments[1].split("."))
            assert path.with_suffix(".py").exists() or (path / "__main__.py").exists()
        else:
            assert image._program(program)


def test_production_refuses_to_start_without_secrets(image: Image) -> None:
    for command in (compose_command("web"), compose_command("worker"), image.recipe.command):
        ended = image.run(command, {"ENVIRONMENT": "production", "PORT": str(free_port())})
        assert ended.returncode != 0
        said = ended.stdout + ended.stderr
        assert "SECRET_KEY" in said
        assert "ENCRYPTION_KEYS" in said
        assert "Traceback" not in said


def test_every_service_waits_for_what_it_needs_and_restarts() -> None:
    services = COMPOSE["services"]
    for name in ("web", "worker"):
        assert services[name]["restart"] == "unless-stopped"
        assert services[name]["depends_on"]["migrate"]["condition"] == (
            "service_completed_successfully"
        )
        assert services[name]["depends_on"]["redis"]["condition"] == "service_healthy"
    assert services["nginx"]["depends_on"]["web"]["condition"] == "service_healthy"
    published = [name for name, service in services.items() if service.get("ports")]
    assert published == ["nginx"], "only nginx may be reached from outside"
    assert "--requirepass" in services["redis"]["command"]
    assert "noeviction" in services["redis"]["command"]


def _imports() -> set[str]:
    """The packages that our code imports itself."""
    found: set[str] = set()
    for path in [*ROOT.joinpath("app").rglob("*.py"), ROOT / "wsgi.py", ROOT / "gunicorn.conf.py"]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - {"app"}


def test_requirements_name_every_package_that_the_code_imports() -> None:
    lines = (ROOT / "requirements.in").read_text().splitlines()
    required: set[str] = {
        canonicalize_name(Requirement(line.split("#")[0].strip()).name)
        for line in lines
        if line.split("#")[0].strip()
    }
    # What they are known to bring along.
    required |= {"werkzeug", "jinja2", "markupsafe", "itsdangerous", "wtforms", "alembic", "click"}
    required |= {"certifi", "pydantic-core"}
    owners = metadata.packages_distributions()
    unknown = {
        name: owners.get(name)
        for name in _imports()
        if not {canonicalize_name(each) for each in owners.get(name, [])} & required
    }
    assert not unknown, f"imported, but not in requirements.in: {unknown}"
