# ruff: noqa: S104 - all-zeros addresses are what is refused here
from __future__ import annotations

from ipaddress import ip_network

import pytest

from app.net.addresses import EgressPolicy, parse_allow_list

PUBLIC = EgressPolicy()
ADMIN = EgressPolicy(allow_private=True)

REACHABLE = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::200e",
             "::ffff:8.8.8.8", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1",
             "192.167.1.1", "11.0.0.1", "126.255.255.255", "223.255.255.254"]  # fmt: skip
PRIVATE = ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "10.0.0.5", "10.255.255.255",
           "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fd12:3456::1",
           "::ffff:10.0.0.1"]  # fmt: skip
SPECIAL = ["100.64.0.1", "100.127.255.254", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.7",
           "203.0.113.9", "192.88.99.1", "2001:db8::1", "3fff::1", "2001:10::1"]  # fmt: skip
NEVER = ["0.0.0.0", "0.1.2.3", "::", "169.254.169.254", "169.254.0.1", "::ffff:169.254.169.254",
         "fe80::1", "fe80::1%eth0", "fec0::1", "168.63.129.16", "100.100.100.200", "192.0.0.192",
         "224.0.0.1", "239.255.255.255", "ff02::1", "240.0.0.1", "255.255.255.255",
         "fd00:ec2::254", "fd20:ce::254", "::127.0.0.1", "::8.8.8.8", "64:ff9b::7f00:1",
         "64:ff9b::808:808", "64:ff9b:1::1", "2002:7f00:1::", "2002:808:808::1",
         "2001:0:4136:e378:8000:63bf:3fff:fdd2", "::ffff:0.0.0.0"]  # fmt: skip


@pytest.mark.parametrize("address", REACHABLE)
def test_public_addresses_are_reachable(address):
    assert PUBLIC.permits(address, 443)


@pytest.mark.parametrize("address", PRIVATE + SPECIAL + NEVER)
def test_nothing_else_is_reachable_by_default(address):
    assert not PUBLIC.permits(address, 443)


@pytest.mark.parametrize("address", PRIVATE)
def test_an_administrator_reaches_loopback_and_private_networks(address):
    assert ADMIN.permits(address, 11434)


@pytest.mark.parametrize("address", SPECIAL + NEVER)
def test_an_administrator_never_reaches_metadata_or_special_networks(address):
    assert not ADMIN.permits(address, 80)


@pytest.mark.parametrize("address", NEVER)
def test_an_allow_list_cannot_open_what_nobody_may_reach(address):
    everything = EgressPolicy(True, parse_allow_list("0.0.0.0/0, ::/0"))
    assert not everything.permits(address, 80)


@pytest.mark.parametrize("port", [22, 25, 3306, 5432, 6379, 11211, 27017, 0, 70000])
def test_ports_of_other_services_are_closed(port):
    assert not PUBLIC.permits("8.8.8.8", port)
    assert not ADMIN.permits("127.0.0.1", port)


def test_an_allow_list_opens_one_network_at_one_port():
    policy = EgressPolicy(allow=parse_allow_list("10.1.2.0/24:443"))
    assert policy.permits("10.1.2.9", 443)
    assert not policy.permits("10.1.2.9", 80)
    assert not policy.permits("10.1.3.9", 443)


def test_a_row_without_a_port_opens_all_of_them():
    policy = EgressPolicy(allow=parse_allow_list("100.64.0.0/10"))
    assert policy.permits("100.64.0.1", 8000)


def test_rows_may_be_single_addresses_and_ipv6():
    rows = parse_allow_list(" 10.0.0.7 , [fd12::/16]:8443, fd13::/16,, [fd14::1] ")
    assert [(str(row.network), row.port) for row in rows] == [
        ("10.0.0.7/32", None),
        ("fd12::/16", 8443),
        ("fd13::/16", None),
        ("fd14::1/128", None),
    ]


def test_an_empty_list_allows_nothing_more():
    assert parse_allow_list("") == ()
    assert parse_allow_list(" , ") == ()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("10.0.0.1/24", "host bits"),
        ("10.0.0.0/33", "10.0.0.0/33"),
        ("example.org", "example.org"),
        ("10.0.0.0/8:http", "port"),
        ("10.0.0.0/8:0", "port"),
        ("10.0.0.0/8:65536", "port"),
        ("10.0.0.0/8:٤٤٣", "port"),
        ("169.254.169.254/32", "never"),
        ("169.254.0.0/16:80", "never"),
        ("[fe80::/10]:80", "never"),
        ("[fd12::/16", "write"),
        ("[fd12::/16]443", "write"),
    ],
)
def test_a_wrong_row_is_named_with_its_reason(row, reason):
    with pytest.raises(ValueError, match="allow-list row") as caught:
        parse_allow_list(f"10.0.0.0/8, {row}")
    assert row in str(caught.value)
    assert reason in str(caught.value)


def test_networks_compare_as_ip_network():
    assert parse_allow_list("10.0.0.0/8")[0].network == ip_network("10.0.0.0/8")
