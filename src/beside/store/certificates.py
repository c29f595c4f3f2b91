"""Certificates of a federation: an authority of its own, one for the coordinator, one for each site."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from beside.core.errors import BadInput, BadOption
from beside.store.files import storage_errors, whole_file

COORDINATOR = "coordinator"
AUTHORITY, CERTIFICATE, KEY = "authority.pem", "certificate.pem", "key.pem"
SITE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")
DAYS = 825  # a certificate is good for; longer ones some systems refuse


def make_certificates(folder: Path, hosts: Sequence[str], sites: Sequence[str], now: datetime) -> list[str]:
    """A folder for the coordinator and one for each site, each with its certificate and private key; the names that were made.

    The same call with more sites adds theirs. The authority's key stays in `folder`: whoever has it can let sites in.

    Raises:
        BadOption: a name that no file can have, or the coordinator's.
        BadInput: the authority in the folder cannot be used.
        StorageFailed: the disk does not take them.
    """
    for site in sites:
        if site == COORDINATOR or not SITE.fullmatch(site):
            raise BadOption(f"A site cannot be called '{site}'.", "Use letters, digits and hyphens.")
    with storage_errors(f"'{folder}'"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        authority, key = the_authority(folder, now)
        made = []
        for name in (COORDINATOR, *sites):
            if not (folder / name / CERTIFICATE).exists():
                issue(folder / name, name, hosts if name == COORDINATOR else (), authority, key, now)
                made.append(name)
    return made


def the_authority(folder: Path, now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """The authority kept in a folder; made when there is none. Raises as `make_certificates` does."""
    if (folder / AUTHORITY).exists():
        try:
            key = load_pem_private_key((folder / KEY).read_bytes(), None)
            authority = x509.load_pem_x509_certificate((folder / AUTHORITY).read_bytes())
        except ValueError as error:
            raise BadInput(
                f"The authority in '{folder}' cannot be used: {error}.", "Make new certificates in another folder."
            ) from error
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return authority, key
    key = ec.generate_private_key(ec.SECP256R1())
    name = named("Beside federation")
    builder = begun(name, name, key.public_key(), now)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    authority = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    keep(folder / KEY, private(key))
    keep(folder / AUTHORITY, authority.public_bytes(Encoding.PEM))
    return authority, key


def issue(
    folder: Path, name: str, hosts: Sequence[str], authority: x509.Certificate, by: ec.EllipticCurvePrivateKey, now: datetime
) -> None:
    """Writes a certificate and its key: of a server at `hosts`, or of a client when there are none."""
    key = ec.generate_private_key(ec.SECP256R1())
    use = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = (
        begun(named(name), authority.subject, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([alternative(host) for host in hosts]), critical=False)
    folder.mkdir(exist_ok=True, mode=0o700)
    keep(folder / KEY, private(key))
    keep(folder / AUTHORITY, authority.public_bytes(Encoding.PEM))
    keep(folder / CERTIFICATE, builder.sign(by, hashes.SHA256()).public_bytes(Encoding.PEM))


def begun(name: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, now: datetime) -> x509.CertificateBuilder:
    """A certificate with what all have."""
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(public)
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - timedelta(minutes=5)).not_valid_after(now + timedelta(days=DAYS))


def named(name: str) -> x509.Name:
    """A subject with a common name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def alternative(host: str) -> x509.GeneralName:
    """An address or a name as certificates say it."""
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def private(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def keep(file: Path, content: bytes) -> None:
    """Writes a file that only its owner may read."""
    with whole_file(file) as fresh:
        fresh.touch(0o600)
        fresh.write_bytes(content)
        os.chmod(fresh, 0o600)


def tls_of(folder: Path) -> tuple[ssl.SSLContext, str]:
    """The context of TLS 1.3 for whoever has this folder, and the name in its certificate; both ends must show certificates.

    Raises:
        BadInput: a file is missing or is none.
    """
    try:
        certificate = x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes())
        name = str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
        server = name == COORDINATOR
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version, context.verify_mode = ssl.TLSVersion.TLSv1_3, ssl.CERT_REQUIRED
        context.load_verify_locations(folder / AUTHORITY)
        context.load_cert_chain(folder / CERTIFICATE, folder / KEY)
    except (OSError, ValueError, IndexError) as error:
        raise BadInput(
            f"The certificates in '{folder}' cannot be used: {error}.", "Make them: beside federate certificates FOLDER --site NAME"
        ) from error
    return context, name
