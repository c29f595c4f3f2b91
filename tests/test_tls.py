"""`beside serve` over TLS: a real client with a certificate made on the spot, and every pair of files that cannot serve refused."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from beside.api.app import create_app
from beside.cli.guarding import encryption_of, tls_of
from beside.cli.serving import listening
from beside.console import mount
from beside.core.errors import BadOption, BesideError, KeyUnusable
from beside.core.types import Actor
from beside.store.sealing import Keys
from beside.store.transport import Tls, certificate

NOW = datetime.now(UTC)


def pair(folder: Path, *, since: int = -1, until: int = 90, phrase: bytes = b"", name: str = "server") -> Tls:
    """A certificate of its own authority and its key, in two files; days from now."""
    key, who = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "desk.test")])
    names = x509.SubjectAlternativeName([x509.DNSName("desk.test"), x509.IPAddress(ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(NOW + timedelta(days=since)).not_valid_after(NOW + timedelta(days=until))
    signed = made.add_extension(names, False).add_extension(x509.BasicConstraints(True, None), True).sign(key, hashes.SHA256())
    tls = Tls(cert=folder / f"{name}.pem", key=folder / f"{name}.key")
    tls.cert.write_bytes(signed.public_bytes(Encoding.PEM))
    locked = BestAvailableEncryption(phrase) if phrase else NoEncryption()
    tls.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))
    tls.key.chmod(0o600)
    return tls


@pytest.fixture(scope="module")
def served(approved: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """A real server with API and console over TLS: its port, and the certificate that a client trusts."""
    tls = pair(tmp_path_factory.mktemp("tls"))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        app = create_app(approved.workspace, host="127.0.0.1", port=port, scheme="https")
        mount(app, approved.workspace)
        server = uvicorn.Server(listening(app, "127.0.0.1", port, tls))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        until = time.monotonic() + 30
        while not server.started:
            assert time.monotonic() < until
            time.sleep(0.01)
        yield port, tls.cert
        server.should_exit = True
        thread.join(10)


def test_a_client_that_trusts_the_certificate_is_answered_and_no_other(served: tuple[int, Path]) -> None:
    port, cert = served
    trusting = ssl.create_default_context(cafile=str(cert))
    with httpx.Client(verify=trusting, base_url=f"https://127.0.0.1:{port}") as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/openapi.json").json()["servers"] == [{"url": f"https://127.0.0.1:{port}"}]
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"https://127.0.0.1:{port}/healthz")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"http://127.0.0.1:{port}/healthz")


def test_nothing_older_than_tls_1_2_is_spoken(served: tuple[int, Path]) -> None:
    port, cert = served
    for version, spoken in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)):
        context = ssl.create_default_context(cafile=str(cert))
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # or this client itself would refuse the old one
        with pytest.warns(DeprecationWarning, match="TLSv1_1") if not spoken else pytest.MonkeyPatch.context():
            context.minimum_version = context.maximum_version = version
        with socket.create_connection(("127.0.0.1", port)) as plain:
            if spoken:
                assert context.wrap_socket(plain, server_hostname="127.0.0.1").version() == version.name.replace("_", ".")
                continue
            with pytest.raises((ssl.SSLError, ConnectionError)):
                context.wrap_socket(plain, server_hostname="127.0.0.1")


def test_cookies_are_secure_and_browsers_are_told_to_stay(served: tuple[int, Path], approved: Any) -> None:
    port, cert = served
    key = approved.workspace.people.sessions.link(Actor(name="olga", roles=("admin",)))
    with httpx.Client(verify=ssl.create_default_context(cafile=str(cert))) as client:
        signed_in = client.get(f"https://127.0.0.1:{port}/sign-in?key={key}")
    assert "; secure" in signed_in.headers["set-cookie"].lower()
    assert "strict-transport-security" not in signed_in.headers  # on this machine other programs may speak plain HTTP


def test_browsers_are_told_to_stay_with_tls_elsewhere(approved: Any) -> None:
    from fastapi.testclient import TestClient

    app = create_app(approved.workspace, host="0.0.0.0", scheme="https")
    for scheme, told in (("https", True), ("http", False)):
        answer = TestClient(app, base_url=f"{scheme}://desk.test:8321").get("/healthz")
        assert answer.status_code == 200 and ("strict-transport-security" in answer.headers) is told


def missing(tls: Tls, folder: Path) -> Tls:
    return Tls(cert=tls.cert, key=folder / "nowhere.key")


def mismatched(tls: Tls, folder: Path) -> Tls:
    return Tls(cert=tls.cert, key=pair(folder, name="other").key)


def readable(tls: Tls, folder: Path) -> Tls:
    tls.key.chmod(0o644)
    return tls


def swapped(tls: Tls, folder: Path) -> Tls:
    tls.key.chmod(0o600)
    tls.cert.chmod(0o600)
    return Tls(cert=tls.key, key=tls.cert)


@pytest.mark.parametrize(
    ("wrong", "kind", "told"),
    [
        (missing, BadOption, "There is no key"),
        (mismatched, BadOption, "does not belong to the certificate"),
        (readable, KeyUnusable, "mode is 0644, and others may use it"),
        (swapped, BadOption, "holds no certificate"),
        (lambda tls, folder: pair(folder, until=0, since=-9), BadOption, "expired on"),
        (lambda tls, folder: pair(folder, since=2), BadOption, "is not valid before"),
        (lambda tls, folder: pair(folder, phrase=b"a phrase of ours"), KeyUnusable, "locked by a passphrase"),
        (lambda tls, folder: Tls(cert=folder / "no.pem", key=tls.key), BadOption, "There is no certificate"),
    ],
)
def test_a_pair_that_cannot_serve_is_refused(
    wrong: Callable[[Tls, Path], Tls], kind: type[BesideError], told: str, tmp_path: Path
) -> None:
    tls = wrong(pair(tmp_path), tmp_path)
    with pytest.raises(kind, match=told) as refused:
        certificate(tls, datetime.now(UTC))
    assert refused.value.hint and "PRIVATE KEY-----" not in refused.value.message + refused.value.hint


def test_serve_refuses_before_it_listens(beside: Any, tmp_path: Path) -> None:
    assert beside("new", "desk", cwd=tmp_path).code == 0
    tls = readable(pair(tmp_path), tmp_path)
    ended = beside("serve", "--tls-cert", tls.cert, "--tls-key", tls.key, cwd=tmp_path / "desk")
    assert ended.code == 2 and "others may use it" in ended.err
    ended = beside("serve", "--tls-cert", tls.cert, cwd=tmp_path / "desk")
    assert ended.code == 2 and "belong together" in ended.err


def test_the_doctor_tells_of_encryption_and_tls(tmp_path: Path) -> None:
    desk = tmp_path / "desk"
    desk.mkdir()
    assert "not encrypted" in encryption_of(desk) and "HTTP" in tls_of(desk)
    tls = pair(tmp_path, until=9)
    (desk / "beside.toml").write_text(f'[tls]\ncert = "../{tls.cert.name}"\nkey = "{tls.key}"\n')
    with pytest.raises(BadOption, match="ends in"):
        tls_of(desk)
    pair(tmp_path)
    assert "desk.test, 127.0.0.1" in tls_of(desk) and "89 days left" in tls_of(desk)
    Keys.make(desk, f"file:{tmp_path / 'master.key'}")
    assert "content is plain, the vault encrypted" in encryption_of(desk)
    (tmp_path / "master.key").chmod(0o604)
    with pytest.raises(KeyUnusable, match="mode is 0604"):
        from beside.store.sealer import SEALERS

        SEALERS.clear()
        encryption_of(desk)
