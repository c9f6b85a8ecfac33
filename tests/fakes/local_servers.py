"""Model servers as they run on one's own machine, each with the addresses and answers of its own.

with local_server("ollama") as port:
    ...
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from app.services.connections import local_servers

Answer = tuple[int, Any]

_MODEL = "llama-3.2-3b-instruct"


def _list(*rows: Mapping[str, Any]) -> Answer:
    return 200, {"object": "list", "data": [{"object": "model", **row} for row in rows]}


def _lm_studio_row(name: str, kind: str) -> dict[str, Any]:
    return {
        "id": name, "type": kind, "publisher": "lmstudio-community", "arch": "llama",
        "compatibility_type": "gguf", "quantization": "Q4_K_M", "state": "not-loaded",
        "max_context_length": 131072,
    }  # fmt: skip


_OLLAMA_MODELS = {
    "models": [{"name": f"{_MODEL}:latest", "model": f"{_MODEL}:latest", "size": 2, "digest": "a"}]
}
_LLAMA_CPP_ROW = {"id": _MODEL, "owned_by": "llamacpp", "meta": {"n_ctx_train": 2048}}

SERVERS: Mapping[str, Mapping[str, Answer]] = {
    "ollama": {
        "/v1/models": _list({"id": f"{_MODEL}:latest", "owned_by": "library"}),
        "/api/version": (200, {"version": "0.12.3"}),
        "/api/tags": (200, _OLLAMA_MODELS),
    },
    "ollama/empty": {
        "/v1/models": (200, {"object": "list", "data": None}),
        "/api/version": (200, {"version": "0.12.3"}),
        "/api/tags": (200, {"models": []}),
    },
    "ollama/many": {
        "/api/version": (200, {"version": "0.12.3"}),
        "/api/tags": (200, {"models": [{"name": f"{n:03}{'y' * 190}"} for n in range(300)]}),
    },
    "lmstudio": {
        "/v1/models": _list(
            {"id": _MODEL, "owned_by": "organization_owner"}, {"id": "nomic-embed"}
        ),
        "/api/v0/models": _list(
            _lm_studio_row(_MODEL, "llm"), _lm_studio_row("nomic-embed", "embeddings")
        ),
    },
    "lmstudio/empty": {"/v1/models": _list(), "/api/v0/models": _list()},
    "lmstudio/with_token": {},
    # It lists its models at Ollama's address as well.
    "llamacpp": {
        "/v1/models": (200, {**_list(_LLAMA_CPP_ROW)[1], "models": [{"name": _MODEL}]}),
        "/api/tags": (200, {"models": [{"name": _MODEL, "model": _MODEL}]}),
        "/props": (200, {"default_generation_settings": {"n_ctx": 4096}, "total_slots": 4}),
    },
    "llamacpp/router": {
        "/v1/models": _list(),
        "/props": (200, {"default_generation_settings": {}, "role": "router"}),
    },
    "vllm": {
        "/v1/models": _list({"id": f"meta/{_MODEL}", "owned_by": "vllm", "max_model_len": 4096}),
        "/version": (200, {"version": "0.11.0"}),
    },
    "vllm/with_key": {
        "/v1/models": (401, {"error": "Unauthorized"}),
        "/version": (200, {"version": "0.11.0"}),
    },
}
"""By preset, and after a slash the state of the server; what a path answers."""

OTHERS: Mapping[str, Mapping[str, Answer]] = {
    "nothing": {},
    "a page": {"/v1/models": (200, "<!doctype html><title>Jenkins</title>")},
    "a gateway": {"/v1/models": _list({"id": _MODEL, "owned_by": "openai"})},
    "a version": {"/version": (200, {"version": "2.0"}), "/api/version": (200, {"version": "2.0"})},
    "a refusal": {
        "/v1/models": (401, {"error": {"message": "no key"}}),
        "/version": (200, {"version": "1"}),
    },
    "odd JSON": {"/v1/models": (200, [None, 7]), "/api/version": (200, "x"), "/props": (200, [])},
    "odd rows": {
        "/v1/models": (200, {"data": [7, {"id": 7}, {"id": _MODEL, "owned_by": ["vllm"]}]})
    },
}
"""What may be at such a port without being a model server that is looked for."""


@contextmanager
def in_place_of_the_usual_ports(*names: str) -> Iterator[list[int]]:
    """Serve tables, and let the Studio look at their ports, whatever is on this machine."""
    with ExitStack() as stack:
        ports = [stack.enter_context(local_server(name)) for name in names]
        usual, local_servers.PORTS = local_servers.PORTS, dict.fromkeys(ports, "Ollama")
        try:
            yield ports
        finally:
            local_servers.PORTS = usual


@contextmanager
def local_server(name: str, port: int = 0) -> Iterator[int]:
    """Serve one of the tables on the loopback; gives the port."""
    table = {**SERVERS, **OTHERS}[name]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if name.startswith("lmstudio"):  # whatever it is asked for
                other: Answer = 200, {"error": f"Unexpected endpoint or method. (GET {self.path})"}
            else:
                other = 404, {"error": "not found"}
            status, value = table.get(self.path, other)
            body = value.encode() if isinstance(value, str) else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(30)
        server.server_close()
