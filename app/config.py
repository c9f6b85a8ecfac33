"""All settings, read from the environment here only, and validated at start.

A ``.env`` file in the working folder is read too; the environment wins over it. Outside
production, secrets that are missing are made once and kept in ``DATA_DIR``.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import re
import secrets
import tempfile
from functools import cache
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from dotenv import dotenv_values
from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app import disk
from app.errors import ConfigError, DiskFull
from app.net.addresses import parse_allow_list
from app.net.call_errors import CallError
from app.net.guard import split_url
from app.private_files import check_private, keep_private

MIN_SECRET_LENGTH = 32
HOW_TO_SET = "Set it in the environment or in .env; .env.example describes every variable."
_MAKE_KEY = (
    'python -c "import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())"'
)
_WEAK_SECRETS = frozenset({"changeme", "change-me", "secret", "dev", "password", "default"})
_SOCKET_PATH_LIMIT = 103
_ALL_ADDRESSES = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not bound
_HOST_NAME = re.compile(r"[^\s/*?#@]+")
_QUEUE_SCHEMES = ("redis", "rediss", "unix")
_DATA = ("secrets", "queue", "own", "datasets", "studio.db*", "migration.lock", disk.RESERVE)
"""What the Studio keeps in DATA_DIR, as patterns."""
_OF_DEMO = "-demo"


def _text_list(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _fernet_key(secret: SecretStr) -> SecretStr:
    try:
        raw = base64.urlsafe_b64decode(secret.get_secret_value())
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32:
        raise ValueError(f"must be 32 bytes in URL-safe base64; make one with: {_MAKE_KEY}")
    return secret


class Settings(BaseSettings):
    """The whole configuration. Field names, upper-cased, are the environment variables."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    environment: Literal["development", "production"] = Field(
        "development", description="`production` requires real secrets and secure cookies."
    )
    data_dir: Path = Field(
        Path("data"), description="Folder for the database file, caches and generated secrets."
    )
    secret_key: SecretStr | None = Field(
        None, description="Signs sessions; at least 32 characters. Required in production."
    )
    encryption_keys: Annotated[
        tuple[Annotated[SecretStr, AfterValidator(_fernet_key)], ...], NoDecode
    ] = Field(
        (),
        description="Comma-separated Fernet keys that seal provider keys and webhook secrets; "
        "the first seals, all open. Required in production.",
    )
    database_url: str | None = Field(
        None,
        description="SQLAlchemy URL; empty: an SQLite file in `DATA_DIR`. "
        "Example: `postgresql://user:password@host/studio`.",
    )
    redis_url: str | None = Field(
        None, description="Queue server; empty: the embedded one that `scripts/start` runs."
    )
    host: str = Field("127.0.0.1", description="Address that the web server listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Port that the web server listens on.")
    public_url: str | None = Field(
        None,
        description="Address under which users reach the Studio, for links in webhooks; empty: "
        "host and port that it listens on.",
    )
    workers: int = Field(
        2,
        ge=1,
        le=64,
        description="Worker processes; also how many runs of one account are worked on at a time.",
    )
    web_processes: int = Field(2, ge=1, le=32, description="Web server processes.")
    web_threads: int = Field(
        64, ge=8, le=2048, description="Threads of each web process; half may hold live views."
    )
    min_free_disk_mb: int = Field(
        500,
        ge=0,
        description="Free space on the disk of `DATA_DIR` below which nothing new starts; below a "
        "quarter of it, runs pause. Never more than a tenth of the disk.",
    )
    account_storage_mb: int = Field(
        10_000, ge=1, description="Limit for the stored answers of one account."
    )
    datasets_dir: Path | None = Field(
        None, description="Local mirror of datasets: `<org>__<name>/<config>/<split>.jsonl[.gz]`."
    )
    hf_token: SecretStr | None = Field(None, description="Hub token for gated datasets.")
    hf_endpoint: str | None = Field(
        None, description="Mirror of the hub to download datasets from; empty: the public one."
    )
    https_proxy: SecretStr | None = Field(
        None, description="Proxy for downloads of datasets: `http://[user:password@]host:port`."
    )
    no_proxy: str = Field(
        "", description="Comma-separated hosts that are reached without `HTTPS_PROXY`."
    )
    offline: bool = Field(False, description="Never ask the hub; use mirror and cache only.")
    registration_open: bool = Field(
        True, description="Whether people may register; the first account can always be created."
    )
    session_days: int = Field(14, ge=1, le=365, description="How long a sign-in lasts.")
    secure_cookies: bool | None = Field(
        None, description="Cookies over TLS only; default: yes in production."
    )
    trusted_proxies: int = Field(
        0,
        ge=0,
        le=5,
        description="Number of reverse proxies in front whose X-Forwarded-* headers are trusted.",
    )
    trusted_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Comma-separated host names that are served; empty: any."
    )
    egress_allow: str = Field(
        "",
        description="`CIDR[:port]`, comma-separated: private addresses that webhooks may reach of"
        " accounts that are not admins.",
    )
    provider_egress_allow: str = Field("", description="The same for their model servers.")
    max_error_rate: float = Field(
        0.1, ge=0, le=1, description="A run with a larger share of errors ends `failed`."
    )
    max_samples: int = Field(
        200_000, ge=1, description="The most samples times epochs that one run may have."
    )
    lease_s: float = Field(
        10, ge=2, le=300, description="A worker silent for this long loses its run to another."
    )
    allow_code_execution: bool = Field(
        False, description="Run code that models wrote (HumanEval, MBPP) in the sandbox."
    )
    rq_dashboard: bool = Field(False, description="Show the queue to admins at `/admin/rq`.")
    metrics: bool = Field(False, description="Serve Prometheus text at `/metrics`.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe level that is logged."
    )
    log_format: Literal["text", "json"] = Field("text", description="Format of log lines.")

    _split_lists = field_validator("trusted_hosts", "encryption_keys", mode="before")(_text_list)

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object, info: object) -> object:
        if value == "" and getattr(info, "field_name", "") not in {
            "egress_allow",
            "provider_egress_allow",
            "no_proxy",
        }:
            field = cls.model_fields[getattr(info, "field_name", "")]
            return field.get_default()
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            url = make_url(value)
        except ArgumentError:
            raise ValueError(
                "is not a database URL; example: postgresql://user:password@host/studio"
            ) from None
        backend = url.get_backend_name()
        if backend not in {"sqlite", "postgresql", "postgres"}:
            raise ValueError(f"names the database {backend}; use sqlite or postgresql")
        if backend == "sqlite":
            return value
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)

    @field_validator("redis_url")
    @classmethod
    def _known_queue(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in _QUEUE_SCHEMES or "://" not in value:
            raise ValueError("must start with redis://, rediss:// or unix://")
        if parts.scheme == "unix":
            if not parts.path:
                raise ValueError("names no socket; example: unix:///run/redis/redis.sock")
        elif not _has_host(parts):
            raise ValueError("names no host, or a port that is none; example: redis://host:6379/0")
        return value

    @field_validator("https_proxy")
    @classmethod
    def _http_proxy(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        address = value.get_secret_value()
        address = address if "://" in address else f"http://{address}"
        if not address.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://; other proxies are not spoken to")
        try:
            parts = urlsplit(address)
            is_complete = bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_complete = False
        if not is_complete:
            raise ValueError("must name a host and, after a colon, its port")
        return SecretStr(address)

    @field_validator("public_url", "hf_endpoint")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            parts = split_url(value)
        except CallError as error:
            reason = error.message.partition(": ")[2].rstrip(".")
            raise ValueError(f"{reason}; example: https://studio.example.org") from None
        if parts.query:
            raise ValueError("must not have a query (?...)")
        return value.rstrip("/")

    @field_validator("egress_allow", "provider_egress_allow")
    @classmethod
    def _allow_list(cls, value: str) -> str:
        parse_allow_list(value)
        return value

    @field_validator("datasets_dir")
    @classmethod
    def _existing_folder(cls, value: Path | None) -> Path | None:
        if value is None:
            return None
        if not value.is_dir():
            what = "is not a folder" if value.exists() else "does not exist"
            raise ValueError(f"{value} {what}; name the folder of the mirror, or leave it empty")
        if not os.access(value, os.R_OK | os.X_OK):
            raise ValueError(f"{value} cannot be read by this user")
        return value

    @field_validator("host")
    @classmethod
    def _listening_address(cls, value: str) -> str:
        bare = value.strip().removeprefix("[").removesuffix("]")
        if "/" in bare or " " in bare or bare.count(":") == 1:
            raise ValueError("must be an address alone, without scheme and port; see PORT")
        return bare

    @field_validator("trusted_hosts")
    @classmethod
    def _host_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not _HOST_NAME.fullmatch(name):
                raise ValueError(
                    f"{name!r} is not a host name; write names alone, such as "
                    "studio.example.org (or .example.org with all below it), or leave it empty"
                )
        return value

    @field_validator("hf_token")
    @classmethod
    def _plain_token(cls, value: SecretStr | None) -> SecretStr | None:
        text = value.get_secret_value().strip() if value else ""
        if not text.isascii() or not text.isprintable() or " " in text:
            raise ValueError("has spaces or characters that no token has; paste it again")
        return SecretStr(text) if text else None

    @field_validator("secret_key")
    @classmethod
    def _strong_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        text = value.get_secret_value()
        if len(text) < MIN_SECRET_LENGTH or text.lower() in _WEAK_SECRETS or len(set(text)) < 8:
            raise ValueError(
                f"is too weak: at least {MIN_SECRET_LENGTH} varied characters; make one with: "
                'python -c "import secrets; print(secrets.token_urlsafe(48))"'
            )
        return value

    @property
    def production(self) -> bool:
        """Whether insecure defaults are refused."""
        return self.environment == "production"

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the database in use."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'studio.db'}"

    @property
    def database_files(self) -> tuple[Path, ...]:
        """SQLite's files; none where the database is a server."""
        url = make_url(self.database)
        if url.get_backend_name() != "sqlite" or not url.database:
            return ()
        return tuple(Path(url.database + ending) for ending in ("", "-wal", "-shm"))

    @property
    def queue_dir(self) -> Path:
        """Folder of the embedded queue server, short enough for a socket path."""
        folder = self.data_dir.resolve() / "queue"
        if len(str(folder / "queue.sock").encode()) > _SOCKET_PATH_LIMIT:
            digest = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
            folder = Path(tempfile.gettempdir()) / f"openbench-{os.getuid()}-{digest}"
        return folder

    @property
    def queue(self) -> str:
        """URL of the queue server in use."""
        return self.redis_url or f"unix://{self.queue_dir / 'queue.sock'}"

    @property
    def local_address(self) -> str:
        """URL of the web server for programs on this machine."""
        host = "127.0.0.1" if self.host in _ALL_ADDRESSES else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def address(self) -> str:
        """URL of the Studio for its users, without a slash at its end."""
        return self.public_url or self.local_address

    @property
    def advice(self) -> str | None:
        """What the operator of a production server should set; ``None``: all is well."""
        if not self.production or self.public_url:
            return None
        return (
            f"PUBLIC_URL is not set, so links in webhooks begin with {self.local_address}, which "
            "leads nowhere from other machines. Set it to the address that users open, such as "
            "https://studio.example.org."
        )

    @property
    def min_free_disk_bytes(self) -> int:
        """`min_free_disk_mb` in bytes."""
        return self.min_free_disk_mb * 10**6

    @property
    def cookies_need_tls(self) -> bool:
        """Whether cookies carry the Secure flag."""
        return self.production if self.secure_cookies is None else self.secure_cookies


def _has_host(parts: SplitResult) -> bool:
    try:
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _describe(error: ValidationError) -> str:
    lines = ["The configuration is not valid:"]
    for item in error.errors(include_url=False, include_input=False):
        variable = str(item["loc"][0]).upper() if item["loc"] else "environment"
        lines.append(f"  {variable}: {item['msg'].removeprefix('Value error, ')}")
    lines.append(HOW_TO_SET)
    return "\n".join(lines)


def _kept_secret(path: Path, make: str) -> str:
    """Return the secret in ``path``; creates it, private, if it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        # Linked into place whole: of several processes that start together, one wins.
        handle, draft = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "w") as file:
                file.write(make)
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
        finally:
            os.unlink(draft)
    return path.read_text().strip()


def open_data_dir(settings: Settings) -> str | None:
    """Create DATA_DIR, closed to other users of the machine; every program starts with this.

    Returns:
        What the operator should know; ``None``: all is well.
    """
    return keep_private(settings.data_dir, _DATA, settings.database_files)


def _validated(**overrides: object) -> Settings:
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        raise ConfigError(_describe(error)) from None


def enter_demo_folder() -> dict[str, str]:
    """Have this process and its children keep all data in a folder beside DATA_DIR.

    Returns:
        The variables that do so.

    Raises:
        ConfigError: As `load_settings`.
    """
    usual = _validated()
    folder = str(usual.data_dir.resolve())
    variables = {"DATA_DIR": folder if folder.endswith(_OF_DEMO) else folder + _OF_DEMO}
    servers = {"DATABASE_URL": usual.database_url, "REDIS_URL": usual.redis_url}
    variables |= {name: "" for name, value in servers.items() if value}
    os.environ.update(variables)
    return variables


def load_settings(**overrides: object) -> Settings:
    """Return validated settings with all secrets present.

    Raises:
        ConfigError: A variable is missing or not valid; the text names it and the remedy.
        DiskFull: There is no room for the secrets that are made at the first start.
    """
    settings = _validated(**overrides)
    if settings.redis_url is None:
        check_private(settings.queue_dir)  # before anybody connects to a socket in it
    missing = [
        name
        for name, value in (
            ("SECRET_KEY", settings.secret_key),
            ("ENCRYPTION_KEYS", settings.encryption_keys),
        )
        if not value
    ]
    if not missing:
        return settings
    if settings.production:
        raise ConfigError(
            "The configuration is not valid:\n"
            + "\n".join(f"  {name}: is required in production" for name in missing)
            + f"\nMake either with: {_MAKE_KEY}"
        )
    try:
        folder = settings.data_dir.resolve() / "secrets"
        filled = {
            "secret_key": SecretStr(_kept_secret(folder / "secret_key", secrets.token_urlsafe(48))),
            "encryption_keys": (
                SecretStr(
                    _kept_secret(
                        folder / "encryption_key",
                        base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
                    )
                ),
            ),
        }
    except OSError as error:
        if disk.is_full(error):
            raise DiskFull(
                f"The disk of DATA_DIR ({settings.data_dir}) is full: free some space."
            ) from None
        raise ConfigError(
            f"The configuration is not valid:\n  DATA_DIR: cannot write to {settings.data_dir} "
            f"({error.strerror}); choose a folder that this user may write to"
        ) from None
    wanted = {name.lower() for name in missing}
    return settings.model_copy(
        update={name: value for name, value in filled.items() if name in wanted}
    )


@cache
def _dotenv() -> dict[str, str | None]:
    return dict(dotenv_values(".env"))


def provider_key(variable: str) -> SecretStr | None:
    """Return the provider key in the environment variable ``variable``, if it is set."""
    value = os.environ.get(variable) or _dotenv().get(variable)
    return SecretStr(value) if value else None
