"""Whom an address counts for, where something is shared out or limited by address."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address


def client_of(address: str) -> str:
    """Return the client behind an address: itself, but a whole /64 for IPv6.

    Whoever has one IPv6 address has all of its network.

    Args:
        address: As a socket or a proxy gives it; anything else is returned as it is.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"
