"""Finds model servers on the Studio's own machine, for administrators: loopback is theirs.

It looks at a fixed list of ports, never at what a user names, so that it is no scanner.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlsplit

from app.current import get_settings
from app.errors import Conflict, Forbidden, Invalid
from app.net.call_errors import CallError
from app.net.guard import EgressPolicy
from app.net.http import HttpSession
from app.services.connections import saving
from app.services.connections.presets import PRESETS, Preset
from app.services.connections.server_kinds import JsonReply, Recognised, recognise
from app.services.connections.store import ConnectionInfo, list_connections
from app.services.egress import provider_policy
from app.services.outside_calls import OutsideCalls, waits

PATIENCE_S = 3.0
"""A request waits so long for all ports together."""

_PORT_S = 2.5
_ANSWER_S = 1.0
_BYTES = 2_000_000
_HOST = "127.0.0.1"
_LOOPBACK = frozenset({_HOST, "localhost", "::1"})

State = Literal["found", "nobody", "silent", "other", "studio"]

LOCAL_PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        name: preset
        for name, preset in PRESETS.items()
        if urlsplit(preset.base_url).hostname == _HOST
    }
)
PORTS: Mapping[int, str] = MappingProxyType(
    {
        **{urlsplit(each.base_url).port or 0: each.title for each in LOCAL_PRESETS.values()},
        8000: "vLLM",  # its own default, where its preset leaves room for the Studio
    }
)
"""The ports that are looked at, with whose they usually are."""

_calls: OutsideCalls[Recognised | State] = OutsideCalls(calls=10, per_account=10)


@dataclass(frozen=True, slots=True)
class LocalPort:
    """What is at one port of this machine.

    Attributes:
        port: One of ``PORTS``.
        state: ``found``: a model server; ``nobody`` listens; ``silent``: no answer in time;
            ``other``: something else; ``studio``: the Studio itself.
        name: Of the server's preset; empty unless it is found.
        models: That it offers.
        needs_key: It tells nothing without a key.
    """

    port: int
    state: State
    name: str = ""
    models: tuple[str, ...] = ()
    needs_key: bool = False

    @property
    def base_url(self) -> str:
        """The address for a connection."""
        return base_url_of(self.port)

    @property
    def title(self) -> str:
        """What the server is called."""
        return PRESETS[self.name].title if self.name else ""


def base_url_of(port: int) -> str:
    """Return the address of the API of a server at ``port``."""
    return f"http://{_HOST}:{port}/v1"


def look_for_servers(account_id: int, is_admin: bool) -> list[LocalPort]:
    """Look at all ports at the same time; returns what is at each within a few seconds.

    Raises:
        Forbidden: The account is not an administrator's.
        Limited: The account waits for too many servers already.
    """
    if not is_admin:
        raise Forbidden("This needs the account of an administrator.", code="admins_only")
    own, policy = get_settings().port, provider_policy(is_admin=True)
    with waits.held(account_id):
        answers = {
            port: _calls.start(account_id, ("local", port), partial(inspect_port, port, policy))
            for port in PORTS
            if port != own
        }
        give_up_at = time.monotonic() + PATIENCE_S
        found = []
        for port in PORTS:
            if port == own:
                found.append(LocalPort(port, "studio"))
                continue
            try:
                answer = answers[port].result(max(0.0, give_up_at - time.monotonic()))
            except Late:
                answer = "silent"
            found.append(_as_port(port, answer))
    return found


def _as_port(port: int, answer: Recognised | State) -> LocalPort:
    if isinstance(answer, Recognised):
        return LocalPort(port, "found", answer.name, answer.models, answer.needs_key)
    return LocalPort(port, answer)


class _Silent(Exception):
    """No answer in time."""


class _Nobody(Exception):
    """Nobody listens."""


def inspect_port(port: int, policy: EgressPolicy) -> Recognised | State:
    """Return the model server at a port of this machine, or what is there instead."""
    session = HttpSession(policy, max_connections=1, connect_timeout_s=_ANSWER_S, max_bytes=_BYTES)
    give_up_at = time.monotonic() + _PORT_S
    is_first = True

    def ask(path: str) -> JsonReply | None:
        nonlocal is_first
        left_s = min(_ANSWER_S, give_up_at - time.monotonic())
        if left_s <= 0:
            raise _Silent
        try:
            reply = session.get_json(f"http://{_HOST}:{port}{path}", {}, left_s)
        except CallError as error:
            if error.code == "timeout":
                raise _Silent from None
            if is_first and error.code == "connection":
                raise _Nobody from None
            return None
        finally:
            is_first = False
        return JsonReply(reply.status, _json(reply.body))

    try:
        return recognise(ask) or "other"
    except _Silent:
        return "silent"
    except _Nobody:
        return "nobody"
    finally:
        session.close()


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def connected_ports(connections: Sequence[ConnectionInfo]) -> dict[int, str]:
    """Return the ports of this machine that connections lead to, with the connections' names."""
    places = [(each.name, urlsplit(each.base_url)) for each in connections if not each.read_only]
    return {
        parts.port: name for name, parts in places if parts.hostname in _LOOPBACK and parts.port
    }


def connect_server(account_id: int, is_admin: bool, name: str, port: int) -> ConnectionInfo:
    """Make a connection to a server that was found, named after its kind.

    Raises:
        Forbidden: The account is not an administrator's.
        Invalid: Such a server is looked for nowhere, or not at that port.
        Conflict: The account has too many connections, or one to this port.
    """
    if not is_admin:
        raise Forbidden("This needs the account of an administrator.", code="admins_only")
    if name not in LOCAL_PRESETS or port not in PORTS:
        raise Invalid("Choose one of the servers that were found.", code="unknown_server")
    taken = list_connections(account_id, is_admin)
    known = connected_ports(taken).get(port)
    if known is not None:
        raise Conflict(f"The connection {known!r} leads there already.", code="connected_already")
    free = _free_name(name, {each.name for each in taken})
    info, _new = saving.save_connection(
        account_id, is_admin, free, {"kind": PRESETS[name].kind, "base_url": base_url_of(port)}
    )
    return info


def _free_name(name: str, taken: set[str]) -> str:
    number = 1
    while (free := name if number == 1 else f"{name}-{number}") in taken:
        number += 1
    return free
