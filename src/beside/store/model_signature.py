"""The model folder signed in the format of OpenSSF model-signing, so that whoever does not have Beside can check it as well.

That format takes elliptic-curve keys, not Ed25519, so it has a key of its own (P-256). Anyone checks it with
`model_signing verify key MODEL --signature model.sig --public_key FILE`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat

from beside.core.errors import Altered, BadInput
from beside.store.bundle import MODEL_SIGNATURE
from beside.store.files import DAMAGED, storage_errors, whole_file
from beside.store.keys import PASSPHRASE, encryption, load_private, must_be_private, write_private
from beside.store.memory import plain_folder

KEY = "model-signing.pem"
MODEL = "model"  # folder of the model inside a bundle
WHAT = "the key for model-signing"
REMEDY = f"Restore it from a backup, or remove keys/{KEY}: another is made, and what the old one signed must be signed again."


def installed() -> bool:
    """Whether the optional package is here."""
    return find_spec("model_signing") is not None and find_spec("OpenSSL") is not None


def must_be_installed() -> None:
    """Does nothing when the optional package is here.

    Raises:
        BadInput: it is not.
    """
    if not installed():
        raise BadInput("The OpenSSF format needs the package model-signing.", "Run: pip install 'beside[signing]'.")


def public_key(home: Path, ask: Callable[[str], str | None]) -> str:
    """PEM of the public key for this format; the pair is made when there is none.

    Args:
        home: folder of the keys.
        ask: what is being unlocked -> passphrase.

    Raises:
        KeyUnusable: the private part is locked, or not kept safely.
    """
    file = home / KEY
    if not file.exists():
        made = ec.generate_private_key(ec.SECP256R1())
        locked_by = encryption(os.environ.get(PASSPHRASE))
        write_private(file, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked_by))
    key = load_private(file, passphrase_for(file, ask), WHAT)
    pem: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode()


def passphrase_for(file: Path, ask: Callable[[str], str | None]) -> str | None:
    """The passphrase of the private key, asked for only when it is locked. Raises KeyUnusable as `public_key` tells."""
    must_be_private(file, WHAT, REMEDY)
    return ask(WHAT) if b"ENCRYPTED" in file.read_bytes()[:64] else None


def sign_model(bundle: Path, home: Path, ask: Callable[[str], str | None]) -> str:
    """Writes `model.sig` into a bundle; PEM of the public key that checks it.

    Raises:
        BadInput: the package is not installed.
        KeyUnusable: the private key is locked, or not kept safely.
        StorageFailed: the disk is full or refuses the write.
    """
    must_be_installed()
    ask = cache(ask)  # asked once, used twice
    public, passphrase = public_key(home, ask), passphrase_for(home / KEY, ask)
    # loading takes a second, and only this needs it
    from model_signing import hashing, signing

    config = signing.Config().set_hashing_config(hashing.Config())
    # the package hands the password on to `cryptography`, which wants bytes
    config.use_elliptic_key_signer(private_key=home / KEY, password=passphrase.encode() if passphrase else None)
    file = bundle / MODEL_SIGNATURE
    with storage_errors(f"'{file}'"), whole_file(file) as path, plain_folder(bundle / MODEL) as model:
        config.sign(model, path)
    return public


def check_model(bundle: Path, public: str) -> str:
    """What the format's own package says of the model folder.

    Raises:
        Altered: the folder is not what `model.sig` was made over.
    """
    if not installed():
        return "there, not checked in its own format: that needs `pip install 'beside[signing]'`"
    from model_signing import verifying

    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "public.pem"
        key.write_text(public)
        try:
            with plain_folder(bundle / MODEL) as model:
                verifying.Config().use_elliptic_key_verifier(public_key=key).verify(model, bundle / MODEL_SIGNATURE)
        except Exception as error:  # the package raises whatever its parts raise
            told = f"The file '{MODEL_SIGNATURE}' in the bundle '{bundle}' does not fit the model: {error}"
            raise Altered(told, DAMAGED) from error
    return "fits the model (OpenSSF model-signing, elliptic-curve key)"
