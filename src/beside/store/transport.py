"""The certificate and key that the server speaks TLS with, looked at before anybody connects."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from pydantic import BaseModel, ConfigDict, Field

from beside.core.errors import BadOption, KeyUnusable
from beside.core.types import Value

SOON = 30  # days before its end when a certificate should be renewed


class Tls(BaseModel):
    """The table `[tls]` of beside.toml; a key that is not here is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cert: Path = Field(description="PEM file: the certificate of the server, then those between it and its authority")
    key: Path = Field(description="PEM file: its private key, readable by its owner alone or by a group as well")


class Certificate(Value):
    """What a certificate says of itself."""

    names: tuple[str, ...]  # that clients may call the server by
    until: datetime
    days: int  # from now to its end


def certificate(tls: Tls, now: datetime) -> Certificate:
    """The certificate, when it can be served with.

    Raises:
        BadOption: a file is missing or holds something else, the two do not belong together, or it is not valid now.
        KeyUnusable: the key is locked, or others may read it.
    """
    found, key = read_certificate(tls.cert), read_key(tls.key)
    mine, given = (one.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for one in (key, found.public_key()))
    if mine != given:
        raise BadOption(
            f"The key '{tls.key}' does not belong to the certificate '{tls.cert}'.", "Give a pair that was made together."
        )
    if now < found.not_valid_before_utc:
        raise BadOption(f"The certificate '{tls.cert}' is not valid before {found.not_valid_before_utc:%Y-%m-%d %H:%M} UTC.", CLOCK)
    if now > found.not_valid_after_utc:
        raise BadOption(f"The certificate '{tls.cert}' expired on {found.not_valid_after_utc:%Y-%m-%d %H:%M} UTC.", "Renew it.")
    return Certificate(names=names_of(found), until=found.not_valid_after_utc, days=(found.not_valid_after_utc - now).days)


CLOCK = "Wait, or check this machine's clock."


def read_certificate(file: Path) -> x509.Certificate:
    """The first certificate in a PEM file. Raises BadOption as `certificate` tells."""
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())[0]
    except FileNotFoundError:
        raise BadOption(f"There is no certificate '{file}'.", "Give a PEM file: --tls-cert FILE.") from None
    except OSError as error:
        raise BadOption(f"The certificate '{file}' cannot be read: {error.strerror}.", "Give yourself permission.") from error
    except ValueError as error:
        raise BadOption(f"'{file}' holds no certificate.", "Give a PEM file, which begins with BEGIN CERTIFICATE.") from error


def read_key(file: Path) -> CertificatePublicKeyTypes:
    """The public part of the private key in a PEM file. Raises as `certificate` tells; nothing of the key is repeated."""
    try:
        mode, content = file.stat().st_mode, file.read_bytes()
    except FileNotFoundError:
        raise BadOption(f"There is no key '{file}'.", "Give the private key of the certificate: --tls-key FILE.") from None
    except OSError as error:
        raise KeyUnusable(f"The key '{file}' cannot be read: {error.strerror}.", "Give yourself permission.") from error
    if mode & 0o037:
        told = f"The key '{file}' is not kept safely: its mode is {mode & 0o777:04o}, and others may use it."
        raise KeyUnusable(told, f"If nobody else can have read it: chmod 600 '{file}'. Otherwise get a new certificate.")
    try:
        return load_pem_private_key(content, None).public_key()  # type: ignore[return-value]
    except TypeError:
        hint = f"A server that starts by itself cannot type it; unlock a copy: openssl pkey -in '{file}' -out KEY && chmod 600 KEY"
        raise KeyUnusable(f"The key '{file}' is locked by a passphrase.", hint) from None
    except ValueError:
        raise BadOption(f"'{file}' holds no private key.", "Give a PEM file, which begins with BEGIN PRIVATE KEY.") from None


def names_of(found: x509.Certificate) -> tuple[str, ...]:
    """Host names and addresses that a certificate was made for."""
    try:
        told = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return (*told.get_values_for_type(x509.DNSName), *map(str, told.get_values_for_type(x509.IPAddress)))
