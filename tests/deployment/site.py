"""A production site of real programs: nginx, the web server, a worker, a queue server, PostgreSQL.

Web server and worker are started as compose.yaml says, from the laid-out image; nginx has the
configuration in deploy/. Only addresses and passwords are this machine's.
"""

from __future__ import annotations

import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import requests
import yaml  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from redis import Redis
from redis.exceptions import RedisError
from requests.adapters import HTTPAdapter
from sqlalchemy.engine import URL

from app.broker import queue_server
from tests.app_fixtures import ENCRYPTION_KEY
from tests.deployment.image import ROOT, Image
from tests.deployment.tcp_proxy import TcpProxy
from tests.queue_fixtures import die_with_tests

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
NGINX_MAIN = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
worker_processes 2;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], object], what: Callable[[], str], timeout_s: float) -> float:
    """Wait and return how long it took, in seconds."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < timeout_s, f"not within {timeout_s:g} s: {what()}"
        time.sleep(0.03)
    return time.monotonic() - began


def compose_command(service: str) -> list[str]:
    """Return the command of a service of ours."""
    return list(COMPOSE["services"][service]["command"])


class Site:
    """The whole site; see ``conftest.py`` for its life."""

    def __init__(self, image: Image, database: URL | None) -> None:
        self.image = image
        self.folder = Path(tempfile.mkdtemp(prefix="obs-site-"))
        self.folder.chmod(0o755)
        self.web_port, self.http_port, self.tls_port, self.queue_port = (
            free_port() for _ in range(4)
        )
        self.url, self.tls_url = (
            f"http://127.0.0.1:{self.http_port}",
            f"https://127.0.0.1:{self.tls_port}",
        )
        self.queue_password = secrets.token_hex(16)
        self.database_line = _line_to(database) if database is not None else None
        self._database = database
        self.programs: dict[str, subprocess.Popen[bytes]] = {}
        self.certificate = self.folder / "tls.pem"

    @property
    def environment(self) -> dict[str, str]:
        """What compose.yaml sets for web and worker, with this machine's addresses."""
        values = {"POSTGRES_PASSWORD": "unused", "REDIS_PASSWORD": self.queue_password}
        env = {
            name: re.sub(r"\$\{(\w+)[^}]*\}", lambda match: values[match[1]], str(value))
            for name, value in COMPOSE["x-studio"]["environment"].items()
        }
        env["REDIS_URL"] = env["REDIS_URL"].replace("@redis:6379", f"@127.0.0.1:{self.queue_port}")
        if self._database is not None and self.database_line is not None:
            line = self._database.set(host="127.0.0.1", port=self.database_line.port)
            env["DATABASE_URL"] = line.render_as_string(hide_password=False)
        else:
            del env["DATABASE_URL"]
        return env | {
            "HOST": "127.0.0.1",
            "PORT": str(self.web_port),
            "SECRET_KEY": "a-secret-for-tests-0123456789-abcdef",
            "ENCRYPTION_KEYS": ENCRYPTION_KEY,
            "OFFLINE": "true",
            "METRICS": "true",
            "WORKERS": "1",
            "LOG_LEVEL": "INFO",
        }

    def open(self) -> None:
        """Start everything, and return when it serves."""
        _write_certificate(self.certificate)
        self.start_queue()
        migrated = self.image.run(compose_command("migrate"), self.environment)
        assert migrated.returncode == 0, migrated.stderr
        self.start("web")
        self.start("worker")
        self.start_nginx()
        self.wait_ready()
        wait_until(lambda: self.health()["workers"], lambda: self.log("worker"), 30)

    def start(self, service: str) -> subprocess.Popen[bytes]:
        """Start ``web`` or ``worker`` with compose.yaml's command."""
        with (self.folder / f"{service}.log").open("ab") as log:
            process = self.image.start(compose_command(service), self.environment, log)
        self.programs[service] = process
        return process

    def start_queue(self) -> None:
        """Start a queue server with the options that compose.yaml gives its."""
        program = queue_server.find_program()
        assert program is not None
        given = COMPOSE["services"]["redis"]["command"].split()[1:]
        options = [each.replace("${REDIS_PASSWORD}", self.queue_password) for each in given]
        with (self.folder / "queue.log").open("ab") as log:
            self.programs["queue"] = subprocess.Popen(
                [program, "--port", str(self.queue_port), "--bind", "127.0.0.1", *options],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_tests,
            )
        wait_until(self.queue_answers, lambda: self.log("queue"), 20)

    def queue_answers(self) -> bool:
        try:
            with self.broker() as broker:
                return bool(broker.ping())
        except RedisError:
            return False

    def broker(self) -> Redis:
        """Return a client of the queue server."""
        return Redis(port=self.queue_port, password=self.queue_password, socket_timeout=2)

    def start_nginx(self) -> None:
        """Start nginx with deploy/nginx.conf, once for HTTP and once more for TLS."""
        given = (ROOT / "deploy" / "nginx.conf").read_text()
        upstream, _, server = given.partition("server {\n")
        upstream = upstream.replace("server web:8000;", f"server 127.0.0.1:{self.web_port};")
        assert str(self.web_port) in upstream
        plain = server.replace("listen 80;", f"listen 127.0.0.1:{self.http_port};")
        tls = server.replace(
            "listen 80;",
            f"listen 127.0.0.1:{self.tls_port} ssl; ssl_certificate {self.certificate};"
            f" ssl_certificate_key {self.certificate};",
        )
        assert plain != server
        (self.folder / "site.conf").write_text(f"{upstream}server {{\n{plain}\nserver {{\n{tls}")
        main = self.folder / "nginx.conf"
        main.write_text(NGINX_MAIN.format(folder=self.folder))
        nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        assert nginx is not None
        command = [nginx, "-p", str(self.folder), "-c", str(main), "-e", str(self.folder / "n.log")]
        checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr
        assert "[warn]" not in checked.stderr.replace('the "user" directive', ""), checked.stderr
        self.programs["nginx"] = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, preexec_fn=die_with_tests
        )

    def wait_ready(self, timeout_s: float = 40) -> float:
        """Wait until requests through nginx can be served."""
        return wait_until(lambda: self.status("/ready") == 200, self.logs, timeout_s)

    def status(self, path: str) -> int:
        """Return the status of a GET through nginx; 0 when nobody answers."""
        try:
            return requests.get(self.url + path, timeout=10).status_code
        except requests.RequestException:
            return 0

    def health(self) -> dict[str, Any]:
        """Return what /health says through nginx; no workers when it says nothing."""
        try:
            answer = requests.get(f"{self.url}/health", timeout=10)
            found: dict[str, Any] = answer.json()
        except (requests.RequestException, ValueError):
            return {"workers": 0}
        return found

    @contextmanager
    def stopped(self, name: str) -> Iterator[None]:
        """Freeze a program of ours: it keeps its connections and does not answer."""
        process = self.programs[name]
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)

    def end(self, name: str, timeout_s: float = 30) -> float:
        """Ask a program to end and return how long it took."""
        process = self.programs.pop(name)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout_s)
        return time.monotonic() - began

    def log(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace")[-4000:] if path.exists() else ""

    def logs(self) -> str:
        return "\n".join(f"--- {name}\n{self.log(name)}" for name in ("web", "worker", "nginx"))

    def close(self) -> None:
        for name in ("nginx", "worker", "web", "queue"):
            process = self.programs.get(name)
            if process is None:
                continue
            process.send_signal(signal.SIGCONT)
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self.database_line is not None:
            self.database_line.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Client(requests.Session):
    """A browser's or a program's requests, from an address of its own on this machine."""

    def __init__(self, base: str, certificate: Path, source: str = "127.0.0.1") -> None:
        super().__init__()
        self.base = base
        self.verify = str(certificate)
        self.trust_env = False
        for scheme in ("http://", "https://"):
            self.mount(scheme, _From(source))

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request to a path of the site."""
        kwargs.setdefault("timeout", 30)
        kwargs["allow_redirects"] = False
        return super().request(method, self.base + str(url), *args, **kwargs)

    def submit(self, form_path: str, to: str | None = None, **fields: str) -> requests.Response:
        """Open a form and send it as a browser does: with its token and a Referer."""
        page = self.get(form_path)
        assert page.status_code == 200, (page.status_code, page.text[:500])
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
        assert token is not None, page.text
        data = {"csrf_token": token[1], **fields}
        return self.post(to or form_path, data=data, headers={"Referer": self.base + form_path})


class _From(HTTPAdapter):
    def __init__(self, source: str) -> None:
        self._source = source
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, source_address=(self._source, 0))


def _line_to(database: URL) -> TcpProxy:
    host, port = database.host or "", database.port or 5432
    if not host or host.startswith("/"):
        return TcpProxy(f"{host or '/var/run/postgresql'}/.s.PGSQL.{port}")
    return TcpProxy((host, port))


def _write_certificate(path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    at = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(hours=1))
        .not_valid_after(at + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
