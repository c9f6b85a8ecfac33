"""Settings: valid, or a message that names the variable and the remedy."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app import create_app
from app.broker import queue_server
from app.config import Settings, enter_demo_folder, load_settings, provider_key
from app.errors import ConfigError
from tests.app_fixtures import make_settings

KEY = base64.urlsafe_b64encode(b"k" * 32).decode()
SECRET = "a-good-secret-0123456789-abcdefghijk"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only what a test sets counts: no variables of this machine, no .env file."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def load(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load_settings()


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("ENVIRONMENT", "staging", "'development' or 'production'"),
        ("SECRET_KEY", "short", "at least 32 varied characters"),
        ("SECRET_KEY", "a" * 40, "too weak"),
        ("ENCRYPTION_KEYS", "nonsense", "32 bytes in URL-safe base64"),
        ("ENCRYPTION_KEYS", f"{KEY},bad", "32 bytes in URL-safe base64"),
        ("DATABASE_URL", "not a url", "is not a database URL"),
        ("DATABASE_URL", "mysql://x/y", "use sqlite or postgresql"),
        ("REDIS_URL", "http://x", "must start with redis://"),
        ("PORT", "70000", "65535"),
        ("PORT", "http", "valid integer"),
        ("WORKERS", "0", "greater than or equal to 1"),
        ("WEB_PROCESSES", "0", "greater than or equal to 1"),
        ("WEB_THREADS", "1", "greater than or equal to 8"),
        ("SESSION_DAYS", "0", "greater than or equal to 1"),
        ("TRUSTED_PROXIES", "9", "less than or equal to 5"),
        ("MAX_ERROR_RATE", "2", "less than or equal to 1"),
        ("MAX_SAMPLES", "0", "greater than or equal to 1"),
        ("LEASE_S", "1", "greater than or equal to 2"),
        ("OFFLINE", "perhaps", "valid boolean"),
        ("REGISTRATION_OPEN", "perhaps", "valid boolean"),
        ("SECURE_COOKIES", "perhaps", "valid boolean"),
        ("ALLOW_CODE_EXECUTION", "perhaps", "valid boolean"),
        ("RQ_DASHBOARD", "perhaps", "valid boolean"),
        ("METRICS", "perhaps", "valid boolean"),
        ("LOG_LEVEL", "LOUD", "'DEBUG'"),
        ("LOG_FORMAT", "xml", "'text' or 'json'"),
        ("PUBLIC_URL", "studio.example.org", "https://"),
        ("HF_ENDPOINT", "hub.example.org", "https://"),
        ("HTTPS_PROXY", "socks5://proxy:1080", "http://"),
        ("HTTPS_PROXY", "proxy:99999", "its port"),
        ("HTTPS_PROXY", "http://", "a host"),
        ("PUBLIC_URL", "https://", "no host"),
        ("PUBLIC_URL", "https://ada:secret@studio.example.org", "user name"),
        ("PUBLIC_URL", "https://studio.example.org/?a=1", "query"),
        ("PUBLIC_URL", "https://studio.example.org/#top", "#fragment"),
        ("REDIS_URL", "redis://", "names no host"),
        ("REDIS_URL", "redis://queue:99999999/0", "names no host, or a port"),
        ("REDIS_URL", "unix://", "names no socket"),
        ("HOST", "http://127.0.0.1", "address alone"),
        ("HOST", "127.0.0.1:8000", "address alone"),
        ("DATASETS_DIR", "nowhere", "does not exist"),
        ("DATASETS_DIR", "/dev/null", "is not a folder"),
        ("HF_TOKEN", "hf_a b", "paste it again"),
        ("TRUSTED_HOSTS", "https://studio.example.org", "is not a host name"),
        ("TRUSTED_HOSTS", "*", "is not a host name"),
        ("EGRESS_ALLOW", "10.0.0.0/33", "10.0.0.0/33"),
        ("EGRESS_ALLOW", "169.254.169.254/32", "can never be allowed"),
        ("PROVIDER_EGRESS_ALLOW", "intranet", "intranet"),
    ],
)
def test_a_variable_that_does_not_fit_is_named_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError) as refused:
        create_app()
    message = str(refused.value)
    assert f"{variable}: " in message
    assert words in message
    assert ".env.example" in message
    if variable in ("SECRET_KEY", "ENCRYPTION_KEYS"):
        assert value not in message


def test_links_lead_to_where_the_studio_listens_unless_users_open_another_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load(monkeypatch).address == "http://127.0.0.1:8000"
    assert load(monkeypatch, HOST="0.0.0.0", PORT="9000").address == "http://127.0.0.1:9000"
    assert load(monkeypatch, HOST="[::1]").address == "http://[::1]:9000"
    public = load(monkeypatch, PUBLIC_URL="https://studio.example.org/sub/")
    assert public.address == "https://studio.example.org/sub"
    assert public.local_address == "http://[::1]:9000"


def test_production_asks_for_the_address_that_users_open(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, ENVIRONMENT="production", SECRET_KEY=SECRET, ENCRYPTION_KEYS=KEY)
    assert "PUBLIC_URL is not set" in str(settings.advice)
    assert load(monkeypatch, PUBLIC_URL="https://studio.example.org").advice is None
    assert load(monkeypatch, ENVIRONMENT="development").advice is None


def test_lists_of_hosts_may_name_domains_and_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = load(monkeypatch, TRUSTED_HOSTS=".example.org, localhost:8000, [::1]").trusted_hosts
    assert hosts == (".example.org", "localhost:8000", "[::1]")


def test_all_mistakes_are_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError) as refused:
        load(monkeypatch, PORT="0", WORKERS="0")
    assert "PORT:" in str(refused.value)
    assert "WORKERS:" in str(refused.value)


@pytest.mark.parametrize(
    ("variables", "missing"),
    [
        ({}, ["SECRET_KEY", "ENCRYPTION_KEYS"]),
        ({"SECRET_KEY": SECRET}, ["ENCRYPTION_KEYS"]),
        ({"ENCRYPTION_KEYS": KEY}, ["SECRET_KEY"]),
    ],
)
def test_production_makes_no_secrets_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variables: dict[str, str],
    missing: list[str],
) -> None:
    with pytest.raises(ConfigError) as refused:
        load(monkeypatch, ENVIRONMENT="production", **variables)
    for name in missing:
        assert f"{name}: is required in production" in str(refused.value)
    assert 'python -c "' in str(refused.value)
    assert not (tmp_path / "data").exists()


def test_production_takes_good_secrets_and_safe_cookies(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(
        monkeypatch, ENVIRONMENT="production", SECRET_KEY=SECRET, ENCRYPTION_KEYS=f"{KEY}, {KEY}"
    )
    assert settings.production
    assert settings.cookies_need_tls
    assert len(settings.encryption_keys) == 2
    assert SECRET not in repr(settings)
    assert KEY not in repr(settings)
    monkeypatch.setenv("SECURE_COOKIES", "false")
    assert not load_settings().cookies_need_tls


def test_elsewhere_secrets_are_made_once_and_kept_private(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first, second = load_settings(), load_settings()
    assert first.secret_key == second.secret_key
    assert first.encryption_keys == second.encryption_keys
    for file in (tmp_path / "data" / "secrets").iterdir():
        assert file.stat().st_mode & 0o077 == 0
    given = load(monkeypatch, SECRET_KEY=SECRET)
    assert given.secret_key == SecretStr(SECRET)
    assert given.encryption_keys == first.encryption_keys
    create_app(given)


def test_a_folder_that_cannot_be_written_to_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"DATA_DIR: cannot write"):
        load(monkeypatch, DATA_DIR=str(tmp_path / "file" / "data"))


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [name for name in Settings.model_fields if name != "data_dir"]
    settings = load(monkeypatch, **{name.upper(): "" for name in names})
    assert settings.port == 8000
    assert settings.database_url is None
    assert settings.egress_allow == ""
    assert settings.trusted_hosts == ()


def test_a_dotenv_file_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("PORT=9001\nWORKERS=3\nUNKNOWN=1\n")
    settings = load(monkeypatch, PORT="9002")
    assert (settings.port, settings.workers) == (9002, 3)


def test_addresses_are_derived(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plain = load_settings()
    assert plain.database == f"sqlite:///{tmp_path / 'data' / 'studio.db'}"
    assert plain.queue == f"unix://{plain.queue_dir}/{queue_server.SOCKET_NAME}"
    settings = load(
        monkeypatch,
        DATABASE_URL="postgres://u:p@db/studio",
        REDIS_URL="redis://queue:6379/0",
        TRUSTED_HOSTS="studio.example.org, localhost",
        HTTPS_PROXY="me:word@proxy:3128",
    )
    assert settings.https_proxy is not None
    assert settings.https_proxy.get_secret_value() == "http://me:word@proxy:3128"
    assert "word" not in repr(settings)
    assert settings.database == "postgresql+psycopg://u:p@db/studio"
    assert settings.queue == "redis://queue:6379/0"
    assert settings.trusted_hosts == ("studio.example.org", "localhost")
    monkeypatch.setenv("DATABASE_URL", "sqlite:///x.db")
    assert load_settings().database == "sqlite:///x.db"


@pytest.mark.parametrize("name", ["data", "data-demo"])
def test_a_demo_has_a_folder_of_its_own_and_no_server_of_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / name))
    assert enter_demo_folder() == {"DATA_DIR": str(tmp_path / "data-demo")}
    monkeypatch.setenv("DATABASE_URL", "postgresql://ada:secret@db/studio")
    monkeypatch.setenv("REDIS_URL", "redis://queue")
    servers = {"DATABASE_URL": "", "REDIS_URL": ""}
    assert enter_demo_folder() == {"DATA_DIR": str(tmp_path / "data-demo")} | servers
    assert load_settings().database == f"sqlite:///{tmp_path}/data-demo/studio.db"
    assert enter_demo_folder() == {"DATA_DIR": str(tmp_path / "data-demo")}
    assert [path.name for path in tmp_path.iterdir()] == ["data-demo"]  # the usual one is untouched


def test_a_folder_too_deep_for_a_socket_gets_a_short_one(tmp_path: Path) -> None:
    deep = make_settings(tmp_path / ("x" * 100))
    assert len(str(deep.queue_dir / "queue.sock").encode()) <= 103
    assert deep.queue_dir == make_settings(tmp_path / ("x" * 100)).queue_dir


def test_a_providers_key_is_found_and_stays_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
    found = provider_key("OPENAI_API_KEY")
    assert found is not None
    assert found.get_secret_value() == "sk-test-0123456789"
    assert "sk-test" not in repr(found)
    monkeypatch.setenv("OPENAI_API_KEY", "")
    assert provider_key("OPENAI_API_KEY") is None


def test_every_setting_is_described() -> None:
    undescribed = [name for name, field in Settings.model_fields.items() if not field.description]
    assert undescribed == []


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    settings: Any = make_settings(tmp_path)
    with pytest.raises(Exception, match="frozen"):
        settings.port = 1
