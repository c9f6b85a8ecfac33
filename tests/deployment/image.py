"""What the Dockerfile builds, laid out in a folder: no container engine is needed to run it.

Of its last stage COPY is done, ENV, USER, HEALTHCHECK and CMD are obeyed. RUN is not repeated:
the packages of the checkout stand in for those that the first stage installs, and the account is
a number. Absolute paths begin at the folder instead of at the root.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from tests.queue_fixtures import die_with_tests

ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class Recipe:
    """The last stage of a Dockerfile."""

    workdir: str = "/"
    env: dict[str, str] = field(default_factory=dict)
    copies: list[tuple[list[str], str]] = field(default_factory=list)
    built: list[tuple[str, str]] = field(default_factory=list)
    user: str = "root"
    user_id: int = 0
    volumes: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)
    stop_signal: str = "SIGTERM"


def read_recipe(path: Path = ROOT / "Dockerfile") -> Recipe:
    """Return the last stage of the file; an instruction that is not known is an error."""
    lines = re.sub(r"^\s*#.*\n", "", path.read_text(), flags=re.MULTILINE)
    recipe = Recipe()
    for line in re.sub(r"\\\n\s*", " ", lines).splitlines():
        verb, _, rest = line.strip().partition(" ")
        if verb == "FROM":
            recipe = Recipe()
        elif verb:
            _follow(recipe, verb, rest.strip())
    return recipe


def _follow(recipe: Recipe, verb: str, rest: str) -> None:
    simple = {
        "WORKDIR": "workdir",
        "USER": "user",
        "STOPSIGNAL": "stop_signal",
    }
    if verb in simple:
        setattr(recipe, simple[verb], rest)
    elif verb == "ENV":
        pairs = (part.partition("=") for part in shlex.split(rest))
        recipe.env |= {name: value for name, _, value in pairs}
    elif verb == "COPY":
        _note_copy(recipe, rest.split())
    elif verb == "RUN":
        found = re.search(r"useradd --uid (\d+)", rest)
        recipe.user_id = int(found[1]) if found else recipe.user_id
    elif verb == "VOLUME":
        recipe.volumes.append(rest)
    elif verb in ("CMD", "HEALTHCHECK"):
        command = json.loads(rest[rest.index("[") :])
        setattr(recipe, {"CMD": "command", "HEALTHCHECK": "healthcheck"}[verb], command)
    else:
        assert verb == "EXPOSE", f"the rehearsal does not know {verb}"


def _note_copy(recipe: Recipe, parts: list[str]) -> None:
    if parts[0].startswith("--from="):
        recipe.built.append((parts[1], parts[2]))
    else:
        recipe.copies.append((parts[:-1], parts[-1]))


class Image:
    """A recipe laid out in a new folder, and its programs run as its account."""

    def __init__(self) -> None:
        self.recipe = read_recipe()
        # Not tmp_path, which other accounts may not enter, and which is too long for a socket.
        self.root = Path(tempfile.mkdtemp(prefix="obs-image-"))
        self.root.chmod(0o755)
        self.workdir = self._inside(self.recipe.workdir)
        self.user_id, self._python = self._account_and_python()
        self._lay_out()

    def _inside(self, path: str) -> Path:
        return self.root / path.lstrip("/") if path.startswith("/") else self.workdir / path

    def _lay_out(self) -> None:
        self.workdir.mkdir(parents=True)
        for sources, target in self.recipe.copies:
            for source in sources:
                self._copy(ROOT / source, self._inside(target), into=target.endswith("/"))
        for source, target in self.recipe.built:
            assert source.endswith("/.venv"), source
            self._make_environment(self._inside(target))
        for volume in self.recipe.volumes:
            folder = self._inside(volume)
            folder.mkdir()
            os.chown(folder, self.user_id, self.user_id)
        home = self.root / "home" / self.recipe.user
        home.mkdir(parents=True)
        os.chown(home, self.user_id, self.user_id)

    def _copy(self, source: Path, target: Path, *, into: bool) -> None:
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, target, ignore=ignored)
        else:
            shutil.copy(source, target / source.name if into else target)

    def _make_environment(self, folder: Path) -> None:
        """Make a virtual environment with the checkout's packages."""
        library = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}"
        library.mkdir(parents=True)
        (library / "site-packages").symlink_to(sysconfig.get_path("purelib"))
        (folder / "pyvenv.cfg").write_text(f"home = {Path(self._python).parent}\n")
        bin_ = folder / "bin"
        bin_.mkdir()
        for name in ("python", "python3", Path(self._python).name):
            if not (bin_ / name).is_symlink():
                (bin_ / name).symlink_to(self._python)
        script = (Path(sys.executable).parent / "gunicorn").read_text()
        first, _, rest = script.partition("\n")
        assert first.startswith("#!")
        (bin_ / "gunicorn").write_text(f"#!{bin_ / 'python'}\n{rest}")
        (bin_ / "gunicorn").chmod(0o755)

    def _account_and_python(self) -> tuple[int, str]:
        """The image's account where we may become it, with a Python that it may run."""
        own = Path(sys.executable).resolve()
        if os.getuid() != 0:
            return os.getuid(), str(own)
        for python in (own, self._copied_python(own)):
            try:
                probe = subprocess.run(
                    [python, "-c", "import ssl"],
                    env=self._libraries(),
                    **self._as(self.recipe.user_id),
                )
            except OSError:
                continue
            if probe.returncode == 0:
                return self.recipe.user_id, str(python)
        return 0, str(own)

    def _copied_python(self, own: Path) -> Path:
        """Copy this Python, which may be in a folder that others may not enter."""
        target = self.root / "usr" / "local"
        library = Path(sysconfig.get_path("stdlib"))
        ignored = shutil.ignore_patterns("site-packages", "test", "tests", "__pycache__", "idlelib")
        shutil.copytree(library, target / "lib" / library.name, ignore=ignored)
        for shared in library.parent.glob("libpython3*.so*"):
            shutil.copy(shared, target / "lib")
        (target / "bin").mkdir()
        return Path(shutil.copy(own, target / "bin"))

    def _libraries(self) -> dict[str, str]:
        folder = self.root / "usr" / "local" / "lib"
        return {"LD_LIBRARY_PATH": str(folder)} if folder.exists() else {}

    def env(self, changes: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a program in the container: the image's and ``changes``."""
        home = str(self.root / "home" / self.recipe.user)
        env = {"HOME": home, "LANG": "C.UTF-8", **self._libraries()}
        for name, value in {**self.recipe.env, **changes}.items():
            value = value.replace("$PATH", "/usr/local/bin:/usr/bin:/bin")
            env[name] = re.sub(r"(?<![\w.:/])/(?=studio\b|data\b)", f"{self.root}/", value)
        return env

    def start(
        self, command: Sequence[str], env: Mapping[str, str], log: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        """Start a program as the image's account."""
        return subprocess.Popen(
            [self._program(command[0]), *command[1:]],
            cwd=self.workdir,
            env=self.env(env),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with_tests,
            **self._as(self.user_id),
        )

    def run(
        self, command: Sequence[str], env: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end as the image's account."""
        return subprocess.run(
            [self._program(command[0]), *command[1:]],
            cwd=self.workdir,
            env=self.env(env),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **self._as(self.user_id),
        )

    def _program(self, name: str) -> str:
        """Found on the image's PATH, as a container does."""
        found = shutil.which(name, path=self.env({})["PATH"])
        assert found, f"{name} is not on the PATH of the image"
        assert found.startswith(str(self.root)), f"{found} is not the image's"
        return found

    def _as(self, user_id: int) -> dict[str, Any]:
        if os.getuid() != 0 or user_id == 0:
            return {}
        return {"user": user_id, "group": user_id, "extra_groups": []}

    def close(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
