"""The hostile addresses of the design's table, and cases after the suites of its peers."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.net.call_errors import CallError
from app.net.guard import EgressPolicy, check_url, parse_allow_list, resolve
from app.net.http import HttpSession
from tests.fakes.model_server import ModelServer

PUBLIC = EgressPolicy()
ADMIN = EgressPolicy(allow_private=True)


def names(table):
    """A resolver that knows only ``table``; a list of lists gives one answer after another."""
    turns = {host: iter(answers) for host, answers in table.items()}

    def resolver(host, port):
        try:
            return next(turns[host])
        except KeyError:
            raise socket.gaierror(host) from None

    return resolver


HOSTILE = [
    ("loopback", "http://127.0.0.1/", None),
    ("loopback, elsewhere in 127/8", "http://127.9.9.9/", None),
    ("loopback over IPv6", "http://[::1]/", None),
    ("v4-mapped loopback", "http://[::ffff:127.0.0.1]/", None),
    ("v4-mapped loopback in hex", "http://[::ffff:7f00:1]/", None),
    ("all zeros", "http://0.0.0.0/", None),
    ("all zeros over IPv6", "http://[::]/", None),
    ("v4-compatible loopback", "http://[::127.0.0.1]/", None),
    ("decimal", "http://2130706433/", None),
    ("hex", "http://0x7f000001/", None),
    ("octal", "http://0177.0.0.1/", None),
    ("short", "http://127.1/", None),
    ("dotted hex", "http://0x7f.0x0.0x0.0x1/", None),
    ("empty hex", "http://0x/", None),
    ("Unicode digits", "http://①②⑦.⓪.⓪.①/", None),
    ("full-width digits", "http://１２７.0.0.1/", None),
    ("ideographic full stop", "http://127。0。0。1/", None),
    ("backslash before user info", "http://example.org\\@127.0.0.1/", None),
    ("user info", "http://example.org@127.0.0.1/", None),
    ("user and password", "http://a:b@example.org/", None),
    ("private", "http://10.0.0.1/", None),
    ("private 172", "http://172.16.0.1/", None),
    ("private 192", "http://192.168.0.1/", None),
    ("unique local", "http://[fc00::1]/", None),
    ("CGNAT", "http://100.64.0.1/", None),
    ("metadata", "http://169.254.169.254/latest/meta-data/", None),
    ("metadata over IPv6", "http://[fd00:ec2::254]/", None),
    ("metadata by name", "http://metadata.google.internal/", ["169.254.169.254"]),
    ("metadata by another name", "http://innocent.example/", ["169.254.169.254"]),
    ("Azure's platform", "http://168.63.129.16/", None),
    ("NAT64", "http://[64:ff9b::7f00:1]/", None),
    ("6to4", "http://[2002:7f00:1::]/", None),
    ("Teredo", "http://[2001:0:7f00:1::]/", None),
    ("mixed records", "http://mixed.example/", ["93.184.216.34", "127.0.0.1"]),
    ("mixed records, IPv6 second", "http://mixed.example/", ["93.184.216.34", "::1"]),
    ("name of loopback", "http://inside.example/", ["127.0.0.1"]),
    ("zone id", "http://[fe80::1%25eth0]/", None),
    ("resolver with a zone id", "http://zoned.example/", ["fe80::1%eth0"]),
    ("multicast", "http://224.0.0.1/", None),
    ("multicast over IPv6", "http://[ff02::1]/", None),
    ("broadcast", "http://255.255.255.255/", None),
    ("reserved", "http://240.0.0.1/", None),
    ("Redis' port", "http://93.184.216.34:6379/", None),
    ("port 0", "http://93.184.216.34:0/", None),
    ("port out of range", "http://93.184.216.34:99999/", None),
    ("no host", "http:///path", None),
    ("file", "file:///etc/passwd", None),
    ("gopher", "gopher://127.0.0.1:6379/_INFO", None),
    ("ftp", "ftp://example.org/", None),
    ("scheme only", "http://", None),
    ("no scheme", "//example.org/", None),
    ("new line", "http://example.org/\r\nX: y", None),
    ("space", "http://exam ple.org/", None),
    ("null byte", "http://example.org\x00.evil/", None),
    ("fragment trick", "http://93.184.216.34/#@127.0.0.1/", None),
    ("bad brackets", "http://[::1/", None),
    ("not an address in brackets", "http://[example.org]/", None),
    ("label too long", f"http://{'a' * 64}.example/", None),
    ("empty label", "http://a..b/", None),
    ("leading dot", "http://.example.org/", None),
    ("percent-encoded host", "http://127%2e0%2e0%2e1/", None),
    ("localhost", "http://localhost/", ["127.0.0.1"]),
    ("localhost with a dot", "http://localhost./", ["127.0.0.1"]),
    ("below localhost", "http://a.localhost/", ["127.0.0.1"]),
]


@pytest.mark.parametrize(
    ("url", "answer"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE]
)
def test_hostile_addresses_are_refused_when_stored_and_when_called(url, answer):
    def resolver(host, port):
        if answer is None:
            raise socket.gaierror(host)
        return answer

    with pytest.raises(CallError) as stored:
        check_url(url, PUBLIC, resolver)
    assert stored.value.code in ("policy_block", "bad_url")
    session = HttpSession(PUBLIC, resolver=resolver, connect_timeout_s=0.2)
    with pytest.raises(CallError) as called:
        session.get_json(url, {}, 1)
    session.close()
    assert called.value.code in ("policy_block", "bad_url")
    assert not called.value.retryable


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1",
        "https://example.org",
        "http://example.org:8080/hook?token=x",
        "https://xn--bcher-kva.example/",
        "https://93.184.216.34/",
        "https://[2606:4700::1111]:8443/",
        "https://example.org./",
        "https://a_b.example.org/",
        "HTTPS://EXAMPLE.ORG/",
    ],
)
def test_plain_public_addresses_may_be_stored(url):
    check_url(url, PUBLIC)


def test_a_name_that_does_not_resolve_yet_may_be_stored():
    check_url("https://later.example/", PUBLIC, names({}))


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:11434/v1", "http://localhost:8000/v1", "http://192.168.1.7:8080"]
)
def test_an_administrator_may_store_local_servers(url):
    check_url(url, ADMIN)
    with pytest.raises(CallError):
        check_url(url, PUBLIC)


def test_an_administrator_cannot_store_the_metadata_service():
    for url in ("http://169.254.169.254/", "http://metadata.google.internal/"):
        with pytest.raises(CallError, match="not permitted"):
            check_url(url, ADMIN)


def test_the_error_does_not_tell_what_was_found():
    with pytest.raises(CallError) as caught:
        check_url("http://inside.example/", PUBLIC, names({"inside.example": [["10.7.7.7"]]}))
    assert "10.7.7.7" not in str(caught.value) + str(caught.value.action)


def test_a_name_that_turns_to_loopback_after_the_check_is_refused_at_connect():
    with ModelServer() as server:
        url = f"http://rebind.example:{server.port}/v1/models"
        resolver = names({"rebind.example": [["93.184.216.34"], ["127.0.0.1"]]})
        check_url(url, PUBLIC, resolver)
        session = HttpSession(PUBLIC, resolver=resolver)
        with pytest.raises(CallError, match="not permitted"):
            session.get_json(url, {}, 2)
        session.close()


def test_the_connection_goes_to_the_checked_address_and_resolves_once():
    asked = []

    def resolver(host, port):
        asked.append(host)
        return ["127.0.0.1"]

    with ModelServer() as server:
        session = HttpSession(ADMIN, resolver=resolver)
        reply = session.get_json(f"http://model.example:{server.port}/v1/models", {}, 2)
        session.close()
    assert reply.status == 200
    assert asked == ["model.example"]


def test_the_next_address_is_tried_when_the_first_refuses():
    with ModelServer() as server:
        session = HttpSession(ADMIN, resolver=lambda host, port: ["::1", "127.0.0.1"])
        url = f"http://two.example:{server.port}/v1/models"
        assert session.get_json(url, {}, 2).status == 200
        session.close()


def test_an_allow_list_opens_a_local_port_to_everybody():
    with ModelServer() as server:
        policy = EgressPolicy(allow=parse_allow_list(f"127.0.0.0/8:{server.port}"))
        session = HttpSession(policy)
        assert session.get_json(f"{server.base_url}/models", {}, 2).status == 200
        session.close()


def test_the_proxy_variables_of_the_environment_are_ignored(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with ModelServer() as server:
        session = HttpSession(ADMIN)
        assert session.get_json(f"{server.base_url}/models", {}, 2).status == 200
        session.close()


def test_redirects_are_not_followed():
    with ModelServer() as server:
        server.fail("redirect")
        session = HttpSession(ADMIN)
        reply = session.post_json(f"{server.base_url}/chat/completions", {}, b"{}", 2)
        session.close()
    assert reply.status == 307
    assert server.calls == 1


def test_the_system_resolver_knows_localhost():
    assert set(resolve("localhost", 80)) <= {"127.0.0.1", "::1"}


@pytest.fixture
def certificate(tmp_path):
    """A certificate for ``model.example``, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "model.example")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("model.example")]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(
        built.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.fixture
def tls_server(certificate):
    """A TLS server on loopback that answers one request; returns its port and seen names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    seen = []
    context.sni_callback = lambda sock, name, ctx: seen.append(name)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(5)

    def serve():
        try:
            raw, _ = listener.accept()
            with raw, context.wrap_socket(raw, server_side=True) as tls:
                seen.append(tls.recv(4096).decode())
                tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        except OSError:
            return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1], seen
    listener.close()
    thread.join(60)


def test_the_tls_name_stays_that_of_the_url(tls_server, certificate):
    port, seen = tls_server
    session = HttpSession(
        ADMIN, resolver=lambda host, port: ["127.0.0.1"], ca_file=str(certificate)
    )
    assert session.get_json(f"https://model.example:{port}/v1", {}, 3).body == b"{}"
    session.close()
    assert seen[0] == "model.example"
    assert f"Host: model.example:{port}" in seen[1]


@pytest.mark.parametrize(("host", "trusted"), [("model.example", False), ("other.example", True)])
def test_an_untrusted_or_foreign_certificate_is_refused(tls_server, certificate, host, trusted):
    port, _ = tls_server
    session = HttpSession(
        ADMIN,
        resolver=lambda host, port: ["127.0.0.1"],
        ca_file=str(certificate) if trusted else None,
    )
    with pytest.raises(CallError) as caught:
        session.get_json(f"https://{host}:{port}/v1", {}, 3)
    session.close()
    assert caught.value.code == "tls"
    assert not caught.value.retryable


@pytest.mark.parametrize("port", [22, 6379, 11211])
def test_a_closed_port_is_refused_before_any_name_is_resolved(port):
    url = f"http://not-there.example:{port}/"
    with pytest.raises(CallError, match="not permitted"):
        check_url(url, EgressPolicy(allow_private=True))
    row = parse_allow_list(f"10.0.0.0/8:{port}")
    check_url(url, EgressPolicy(allow=row))  # an admin has such a server; its address decides
