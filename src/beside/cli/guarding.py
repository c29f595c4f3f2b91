"""What `beside doctor` says of encryption at rest and in transit."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from beside.core.errors import BadOption, KeyUnusable
from beside.store.key_source import checked_source
from beside.store.sealer import sealer_of
from beside.store.transport import SOON, certificate
from beside.store.workspace import read_settings
from beside.store.wrapped_keys import read_kept, source_of


def encryption_of(folder: Path) -> str:
    """Whether the workspace is encrypted; a plain one is told, and no fault.

    Raises:
        KeyUnusable: the key is lost, is another one, or others may read its file; or a change was cut short.
        BadOption: beside.toml names an odd source, or a key file inside the workspace.
        Altered: the file of wrapped keys was altered.
    """
    folder = folder.expanduser().absolute()
    source, kept = source_of(folder), read_kept(folder)
    if source is None and kept is None:
        return "not encrypted: whoever reads this disk reads the texts; beside encrypt on --key-file FILE encrypts them"
    sealer_of(folder).keys()
    checked_source(source or "", folder)
    if kept is None or kept.content in ("turning on", "turning off"):
        raise KeyUnusable("Encryption was begun and not ended.", "The same command goes on: beside encrypt on, or off.")
    if len(kept.masters) > 1:
        raise KeyUnusable("A change of the encryption key was cut short.", "The same command ends it: beside encrypt rotate.")
    what = "encrypted" if kept.content == "on" else "content is plain, the vault encrypted"
    return f"{what}, key {kept.masters[0].name} from {source}"


def tls_of(folder: Path) -> str:
    """How the server would speak, by beside.toml.

    Raises:
        BadOption, KeyUnusable: it cannot, or the certificate ends soon.
    """
    tls = read_settings(folder).tls
    if tls is None:
        return "no certificate in [tls] of beside.toml: served as HTTP unless told otherwise; fine on this machine alone"
    found = certificate(tls, datetime.now(UTC))
    if found.days < SOON:
        raise BadOption(f"The certificate '{tls.cert}' ends in {found.days} days.", "Renew it.")
    return f"certificate for {', '.join(found.names) or 'no name'}, {found.days} days left"
