"""Model servers on this machine are found, known by their answers, and connected."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from flask import Flask

from app.engine.clients.providers import PROVIDERS
from app.errors import Conflict, Forbidden, Invalid
from app.services.accounts.accounts import Account
from app.services.connections import local_servers, probe, store
from app.services.connections.local_servers import LocalPort, connect_server, look_for_servers
from app.services.connections.server_kinds import MOST_MODELS
from tests.fakes.local_servers import OTHERS, SERVERS, local_server

pytestmark = pytest.mark.usefixtures("app_context")

MODEL = "llama-3.2-3b-instruct"
MODELS = {
    "ollama": (f"{MODEL}:latest",),
    "lmstudio": (MODEL,),
    "llamacpp": (MODEL,),
    "vllm": (f"meta/{MODEL}",),
}
At = Callable[..., list[LocalPort]]


@pytest.fixture
def look_at(owner: Account, monkeypatch: pytest.MonkeyPatch) -> At:
    """Looks at ports that are free on this machine, in place of those that may not be."""

    def look(*ports: int) -> list[LocalPort]:
        monkeypatch.setattr(local_servers, "PORTS", dict.fromkeys(ports, "Ollama"))
        return look_for_servers(owner.id, True)

    return look


@pytest.fixture
def silent_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield int(listener.getsockname()[1])


@pytest.fixture
def dripping_port() -> Iterator[int]:
    """The port of a server that never stops answering."""
    is_over = threading.Event()

    class Drip(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            with suppress(OSError):
                while not is_over.wait(0.1):
                    self.wfile.write(b" ")

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Drip) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server.server_port
        is_over.set()
        server.shutdown()
        thread.join(30)


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_the_usual_ports_are_those_of_the_presets_and_vllms_own() -> None:
    assert dict(local_servers.PORTS) == {
        11434: "Ollama", 8001: "vLLM", 1234: "LM Studio", 8080: "llama.cpp", 8000: "vLLM",
    }  # fmt: skip
    assert set(local_servers.LOCAL_PRESETS) == set(MODELS)
    assert {local_servers.base_url_of(port) for port in (11434, 8001, 1234, 8080)} == {
        PROVIDERS[name].base_url for name in MODELS
    }


@pytest.mark.parametrize("server", SERVERS)
def test_each_server_is_known_by_its_answers(look_at: At, server: str) -> None:
    name, _, state = server.partition("/")
    with local_server(server) as port:
        (found,) = look_at(port)
    assert (found.state, found.name) == ("found", name)
    if state == "many":
        assert len(found.models) == MOST_MODELS
    else:
        assert found.models == (() if state else MODELS[name])
    assert found.needs_key == state.startswith("with_")
    assert found.base_url == f"http://127.0.0.1:{port}/v1"


@pytest.mark.parametrize("other", OTHERS)
def test_something_else_is_not_offered(look_at: At, other: str) -> None:
    with local_server(other) as port:
        assert look_at(port) == [LocalPort(port, "other")]


def test_all_are_asked_at_the_same_time_and_none_for_long(
    look_at: At, silent_port: int, dripping_port: int, unused_port: int
) -> None:
    with ExitStack() as stack:
        ports = [stack.enter_context(local_server(name)) for name in MODELS]
        began = time.monotonic()
        found = look_at(silent_port, dripping_port, *ports, unused_port)
        took_s = time.monotonic() - began
    states = [each.state for each in found]
    assert states == ["silent", "silent", *["found"] * 4, "nobody"]
    assert [each.name for each in found[2:-1]] == list(MODELS)
    assert took_s < local_servers.PATIENCE_S + 3


def test_the_studio_itself_is_not_asked(
    app: Flask, look_at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    with local_server("ollama") as port:
        settings = app.extensions["settings"].model_copy(update={"port": port})
        monkeypatch.setitem(app.extensions, "settings", settings)
        assert look_at(port) == [LocalPort(port, "studio")]


def test_only_administrators_look_and_connect(second_user: Account) -> None:
    with pytest.raises(Forbidden, match="administrator"):
        look_for_servers(second_user.id, second_user.is_admin)
    with pytest.raises(Forbidden, match="administrator"):
        connect_server(second_user.id, second_user.is_admin, "ollama", 11434)


def test_what_was_found_is_connected_once_and_works(
    owner: Account, look_at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    with local_server("llamacpp") as port, local_server("llamacpp") as other:
        look_at(port, other)
        info = connect_server(owner.id, True, "llamacpp", port)
        assert (info.name, info.base_url) == ("llamacpp", f"http://127.0.0.1:{port}/v1")
        assert probe.probe_connection(owner.id, True, info.name).models == (MODEL,)
        with pytest.raises(Conflict, match="leads there already"):
            connect_server(owner.id, True, "llamacpp", port)
        assert connect_server(owner.id, True, "llamacpp", other).name == "llamacpp-2"
        connections = store.list_connections(owner.id, True)
        assert local_servers.connected_ports(connections) == {port: "llamacpp", other: "llamacpp-2"}


@pytest.mark.parametrize(("name", "port"), [("openai", 11434), ("ollama", 22), ("", 0)])
def test_nothing_else_can_be_connected_that_way(owner: Account, name: str, port: int) -> None:
    with pytest.raises(Invalid):
        connect_server(owner.id, True, name, port)
