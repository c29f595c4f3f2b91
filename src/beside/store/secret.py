"""A secret that a workspace makes for itself and keeps: what hashes and surrogates of its personal data hang on."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from beside.core.errors import KeyUnusable
from beside.store.files import flush, storage_errors, temporary
from beside.store.sealer import sealer_for

NAME = "protect.key"
BYTES = 32


def protection_key(state: Path) -> bytes:
    """The workspace's own secret, 32 bytes; made when it is first asked for, readable by the owner alone, sealed when it encrypts.

    Args:
        state: folder of the workspace's state.

    Raises:
        KeyUnusable: the file is there and holds something else.
        StorageFailed: it cannot be written.
    """
    file, sealer = state / NAME, sealer_for(state)
    with storage_errors(f"'{file}'"):
        if not file.exists():
            with temporary(state) as new:
                os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
                with sealer.create(new) as made:
                    made.write(secrets.token_hex(BYTES).encode())
                flush(new)
                with suppress(FileExistsError):  # another process made one at the same moment: that one holds
                    os.link(new, file)
        try:
            with sealer.open(file) as kept:
                key = bytes.fromhex(kept.read().decode("ascii").strip())
        except ValueError:
            key = b""
    if len(key) != BYTES:
        hint = "Put it back from a backup. Without it new hashes and surrogates differ from those that are there."
        raise KeyUnusable(f"'{file}' does not hold the secret that was made there.", hint)
    return key
