"""A file -> whether it is a certificate of erasure, unaltered, and signed by a key that is trusted here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from beside.core.erasure import FORMAT, PURPOSE, Erasure
from beside.core.errors import Altered, BadInput
from beside.core.types import Value
from beside.store.files import DAMAGED
from beside.store.keys import Key, fingerprint, holds
from beside.store.trust import standing

LARGEST = 64 * 2**20  # bytes; a certificate has some kilobytes


class Certified(Value):
    """What a certificate is worth on this machine."""

    erasure: Erasure
    good: bool  # unaltered, signed by a key that is trusted here, and nothing of the person was left
    words: str  # "signed by the key ... of this workspace"


def is_certificate(file: Path) -> bool:
    """Whether a file says of itself that it is a certificate of erasure."""
    try:
        return file.is_file() and file.stat().st_size <= LARGEST and json.loads(file.read_bytes()).get("format") == FORMAT
    except (OSError, ValueError, AttributeError):
        return False


def check(file: Path, known: Sequence[Key]) -> Certified:
    """Checks a certificate by itself.

    Args:
        known: the public keys that are trusted on this machine.

    Raises:
        Altered: it is not what was signed.
    """
    try:
        made = Erasure.model_validate_json(file.read_bytes())
        intact = fingerprint(made.public) == made.key and holds(made.public, PURPOSE, made.content(), made.value)
    except (ValidationError, BadInput):
        intact = False
    if not intact:
        raise Altered(f"The certificate '{file}' was altered: it is not what was signed.", DAMAGED)
    found = standing(known, made.public, "workspace")
    return Certified(erasure=made, good=found.good and made.complete, words=f"signed by {found.words}")
