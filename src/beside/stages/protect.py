"""Text in, text without personal data out: what was found is masked, removed, replaced by its kind, or hashed with a key."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from beside.core.errors import BadInput
from beside.core.personal import Span
from beside.core.registry import names, unknown
from beside.protection import spans

ACTIONS = ("mask", "redact", "replace", "hash")
HASHED = 16  # hexadecimal digits of the HMAC that are shown
SHORTEST_KEY = 16  # bytes


@dataclass(frozen=True, kw_only=True)
class Protected:
    """A text without the personal data that was found in it."""

    text: str
    spans: tuple[Span, ...]  # places in the text as it was given


def check(actions: Mapping[str, str], kinds: Sequence[str] | None, default: str, key: bytes | None) -> None:
    """Refuses what cannot be done.

    Raises:
        UnknownName: if there is no such kind.
        BadInput: if there is no such action, or `hash` is asked for without a key of at least 16 bytes.
    """
    for kind in (*actions, *(kinds or ())):
        if kind not in names("recognizers"):
            raise unknown("kind of personal data", kind, names("recognizers"))
    for action in (default, *actions.values()):
        if action not in ACTIONS:
            raise BadInput(f"There is no action '{action}'.", f"There are: {', '.join(ACTIONS)}.")
    if "hash" in (default, *actions.values()) and len(key or b"") < SHORTEST_KEY:
        hint = "Put at least 16 random bytes into a file and give it with --key-file, or set BESIDE_PROTECT_KEY."
        raise BadInput("Hashing needs a secret key of at least 16 bytes: without one, values could be guessed and compared.", hint)


def protect(
    text: str,
    actions: Mapping[str, str] | None = None,
    kinds: Sequence[str] | None = None,
    default: str = "replace",
    key: bytes | None = None,
) -> Protected:
    """A text without the personal data that the recognizers find in it.

    Args:
        text: any text.
        actions: kind -> mask (****), redact (nothing), replace (<PHONE>) or hash (<PHONE:…>, HMAC-SHA-256, its first 64 bits).
        kinds: what to look for; None: every kind.
        default: the action for kinds that `actions` does not name.
        key: secret of `hash`.

    Raises:
        UnknownName: if there is no such kind.
        BadInput: if there is no such action, or no key for `hash`.
    """
    check(actions or {}, kinds, default, key)
    found = spans(text, kinds)
    parts, at = [], 0
    for span in found:
        parts += [
            text[at : span.start],
            instead(text[span.start : span.end], span.kind, (actions or {}).get(span.kind, default), key),
        ]
        at = span.end
    return Protected(text="".join([*parts, text[at:]]), spans=tuple(found))


def instead(value: str, kind: str, action: str, key: bytes | None) -> str:
    """What stands where a value stood. The length of a value is not told."""
    if action == "mask":
        return "****"
    if action == "redact":
        return ""
    if action == "hash":
        said = f"{kind}:{value}".encode("utf-8", "surrogatepass")
        return f"<{kind.upper()}:{hmac.new(key or b'', said, 'sha256').hexdigest()[:HASHED]}>"
    return f"<{kind.upper()}>"
