"""Decides which network addresses an outgoing call may reach.

The rows come from the IANA special-purpose registries (RFC 6890 and its successors) and from
the cloud providers' documentation of their metadata services. They are spelled out, because
``ipaddress.is_global`` differs between Python releases.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def _networks(*rows: str) -> tuple[Network, ...]:
    return tuple(ip_network(row) for row in rows)


# Nobody may reach these, not even through an allow-list: metadata services hand out the
# machine's credentials, and the rest is no place for a server.
_NEVER = _networks(
    "0.0.0.0/8",
    "169.254.0.0/16",
    "168.63.129.16/32",  # Azure's platform address
    "100.100.100.200/32",  # Alibaba's metadata
    "192.0.0.192/32",  # Oracle's metadata
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/128",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
    "fd00:ec2::/32",  # AWS metadata, DNS and time over IPv6
    "fd20:ce::254/128",  # Google's metadata
    "64:ff9b::/96",  # NAT64: hides an IPv4 address
    "64:ff9b:1::/48",
    "2002::/16",  # 6to4: the same
    "2001::/32",  # Teredo: the same
)

# What an administrator's own model servers use.
_PRIVATE = _networks(
    "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"
)

# Not public, whatever the release of Python says; an allow-list may name them.
_SPECIAL = _networks(
    "100.64.0.0/10",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "2001::/23",
    "2001:db8::/32",
    "3fff::/20",
)

_GLOBAL_UNICAST = IPv6Network("2000::/3")

# Services that a forged HTTP request could harm; browsers refuse most of them too.
_CLOSED_PORTS = frozenset(
    {1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 53, 69, 79, 109, 110, 111, 113}
    | {119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 445, 465, 512, 513, 514, 515, 540}
    | {548, 554, 563, 587, 601, 636, 873, 993, 995, 1433, 1521, 1719, 1720, 1723, 2049, 2375}
    | {2376, 2379, 2380, 3306, 3389, 3659, 4045, 4369, 5060, 5061, 5432, 5672, 5900, 5984}
    | {6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6697, 9042, 9200, 9300, 10250, 11211}
    | {15672, 26379, 27017, 27018, 50000}
)


@dataclass(frozen=True, slots=True)
class AllowRow:
    """One row of an allow-list: a network and the only port there (``None``: any)."""

    network: Network
    port: int | None = None

    def covers(self, address: Address, port: int) -> bool:
        """Whether this row permits ``address`` at ``port``."""
        return address in self.network and self.port in (None, port)


def parse_allow_list(text: str) -> tuple[AllowRow, ...]:
    """Parse ``CIDR[:port]`` rows that are separated by commas.

    An IPv6 network with a port is written in brackets: ``[fd12::/16]:443``.

    Raises:
        ValueError: A row is malformed, has host bits set, or lies in a network that nobody
            may reach; the message names the row.
    """
    rows = (row.strip() for row in text.split(","))
    return tuple(_parse_row(row) for row in rows if row)


def _parse_row(row: str) -> AllowRow:
    network_text, port_text = _split_port(row)
    try:
        network = ip_network(network_text)
    except ValueError as error:
        raise ValueError(f"allow-list row {row!r}: {error}") from error
    port = None
    if port_text is not None:
        if not (port_text.isascii() and port_text.isdigit() and 1 <= int(port_text) <= 65535):
            raise ValueError(f"allow-list row {row!r}: the port must be 1 to 65535")
        port = int(port_text)
    for never in _NEVER:
        if never.version == network.version and network.subnet_of(never):  # type: ignore[arg-type]
            raise ValueError(f"allow-list row {row!r}: {never} can never be allowed")
    return AllowRow(network, port)


def _split_port(row: str) -> tuple[str, str | None]:
    if row.startswith("["):
        network, closed, rest = row[1:].partition("]")
        if not closed or (rest and not rest.startswith(":")):
            raise ValueError(f"allow-list row {row!r}: write [network]:port")
        return network, rest[1:] if rest else None
    if row.count(":") == 1:
        network, _, port = row.partition(":")
        return network, port
    return row, None


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """What outgoing calls may reach: public addresses, and what is named here.

    Attributes:
        allow_private: Also loopback and private networks (an administrator's connections).
        allow: Further networks, each with one port or any.
    """

    allow_private: bool = False
    allow: tuple[AllowRow, ...] = ()

    def permits_port(self, port: int) -> bool:
        """Whether there is any address that a call may connect to at ``port``."""
        named = any(row.port in (None, port) for row in self.allow)
        return 1 <= port <= 65535 and (named or port not in _CLOSED_PORTS)

    def permits(self, address: Address | str, port: int) -> bool:
        """Whether a call may connect to ``address`` at ``port``."""
        plain = _unwrap(ip_address(address) if isinstance(address, str) else address)
        if plain is None or _within(plain, _NEVER):
            return False
        if any(row.covers(plain, port) for row in self.allow):
            return True
        if port in _CLOSED_PORTS or not 1 <= port <= 65535:
            return False
        return _is_public(plain) or (self.allow_private and _within(plain, _PRIVATE))


def _unwrap(address: Address) -> Address | None:
    """Return the IPv4 address in a mapped one; ``None`` for other embedded forms."""
    if isinstance(address, IPv4Address):
        return address
    if address.scope_id is not None:
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    # ``::a.b.c.d`` (RFC 4291, deprecated) reaches IPv4 on some systems; ``::1`` is loopback.
    if int(address) >> 32 == 0 and int(address) > 1:
        return None
    return address


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)


def _is_public(address: Address) -> bool:
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if _within(address, _SPECIAL):
        return False
    return isinstance(address, IPv4Address) or address in _GLOBAL_UNICAST
