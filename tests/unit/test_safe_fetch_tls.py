"""A connection is pinned to an address, but the certificate must still be the name's."""

import datetime
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from backend.lib import safe_fetch
from backend.lib.errors import TryLater
from tests.unit.site import sites

NAME = "files.example"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of NAME, signed by itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def port(certificate: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with sites() as make:
        site = make(lambda host: host.say(200, b"over tls"))
        site.server.socket = context.wrap_socket(site.server.socket, server_side=True)
        yield site.server.server_address[1]


def take(name: str, port: int) -> bytes:
    with safe_fetch.fetch(
        f"https://{name}:{port}/",
        max_bytes=100,
        total_seconds=5,
        private_hosts=[f"{name}:{port}"],
        resolver=lambda *_: ["127.0.0.1"],
    ) as answer:
        return b"".join(answer.chunks)


def test_the_certificate_of_the_name_is_accepted(port, certificate, monkeypatch):
    monkeypatch.setattr(safe_fetch, "_tls", lambda: ssl.create_default_context(cafile=certificate))
    assert take(NAME, port) == b"over tls"


def test_the_certificate_of_another_name_is_not(port, certificate, monkeypatch):
    monkeypatch.setattr(safe_fetch, "_tls", lambda: ssl.create_default_context(cafile=certificate))
    with pytest.raises(TryLater) as raised:
        take("other.example", port)
    assert raised.value.code == "media_host_down"


def test_a_certificate_that_nobody_signed_is_not(port):
    with pytest.raises(TryLater) as raised:
        take(NAME, port)
    assert raised.value.code == "media_host_down"
