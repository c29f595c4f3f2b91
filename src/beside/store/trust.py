"""Which public keys may be believed, and the file in which they travel."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from beside.core.errors import BadInput, BadOption
from beside.store.keys import Key, Kind, fingerprint

FORMAT = "beside keys"  # what a file of public keys calls itself
SHORTEST_PASSPHRASE = 8  # characters


class Standing(NamedTuple):
    """What a public key is worth here."""

    good: bool
    words: str


def standing(known: Sequence[Key], public: str, kind: Kind, owner: str | None = None) -> Standing:
    """Whether a key may be believed: it is this workspace's own or trusted, of the right kind and owner, and not revoked.

    Args:
        known: the public keys that are trusted here.
        owner: whose a person's key must be.
    """
    keys = [key for key in known if key.public == public]
    if not keys:
        return Standing(False, f"an unknown key {fingerprint(public)}")
    ended = next((key for key in keys if key.status == "revoked"), None)
    if ended is not None:
        when = f" on {ended.changed_at:%Y-%m-%d}" if ended.changed_at else ""
        return Standing(False, f"the key {ended.id}, which was revoked{when}")
    for key in keys:
        if key.kind == kind and owner in (None, key.owner):
            whose = (
                ("this workspace" if key.ours else f"the trusted workspace '{key.owner}'")
                if kind == "workspace"
                else f"'{key.owner}'"
            )
            return Standing(True, f"the key {key.id} of {whose}")
    return Standing(False, f"the key {keys[0].id}, which is {words_of(keys[0])}")


def words_of(key: Key) -> str:
    """A key as a person calls it."""
    return f"the key of '{key.owner}'" if key.kind == "person" else "the key of the workspace"


def read_public(file: Path) -> list[Key]:
    """The public keys in a file. Raises as `Keyring.trust` tells."""
    hint = "Give a file that `beside keys export` wrote."
    try:
        content = json.loads(file.read_bytes())
        keys = [Key.model_validate({**one, "ours": False}) for one in content["keys"]]
    except OSError as error:
        raise BadInput(f"Cannot read '{file}': {error.strerror}.", hint) from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"'{file}' is no file of public keys.", hint) from error
    if content.get("format") != FORMAT or not keys:
        raise BadInput(f"'{file}' is no file of public keys.", hint)
    for key in keys:
        if fingerprint(key.public) != key.id:
            raise BadInput(f"In '{file}', '{key.id}' is not the fingerprint of its key.", "Ask its owner for the file again.")
    return keys


def a_passphrase(given: str | None) -> str | None:
    """A passphrase that is worth its name.

    Raises:
        BadOption: shorter than `SHORTEST_PASSPHRASE`.
    """
    if given is not None and len(given) < SHORTEST_PASSPHRASE:
        raise BadOption(
            f"A passphrase of {len(given)} characters is soon guessed.", f"Give at least {SHORTEST_PASSPHRASE} characters."
        )
    return given
