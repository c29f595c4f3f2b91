"""Passwords: hashed with argon2id (RFC 9106), compared in constant time, long rather than odd."""

from __future__ import annotations

import threading
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from beside.core.errors import BadInput

SHORTEST, LONGEST = 12, 1000  # characters
HASHER = PasswordHasher()  # the library's own parameters: 64 MiB, 3 passes, 4 lanes; stored with each hash
AT_ONCE = threading.BoundedSemaphore(2)  # hashes computed at a time, each of 64 MiB: many sign-ins must not eat the memory


def checked(password: str) -> str:
    """The password as it is hashed, in Unicode form NFKC, so that two keyboards write the same one.

    Length is the only rule (NIST SP 800-63B, 3.1.1): rules of composition make passwords worse.

    Raises:
        BadInput: too short or too long. The password is not repeated.
    """
    plain = unicodedata.normalize("NFKC", password)
    if not SHORTEST <= len(plain) <= LONGEST:
        what = f"A password has {SHORTEST} to {LONGEST} characters; this one has {len(plain)}."
        raise BadInput(what, "A few words that do not belong together are easy to remember and hard to guess.")
    return plain


def hashed(password: str) -> str:
    """What is kept of a password: argon2id with its parameters and a salt of its own. Raises as `checked`."""
    plain = checked(password)
    with AT_ONCE:
        return HASHER.hash(plain.encode(errors="surrogatepass"))


def fits(kept: str | None, password: str) -> bool:
    """Whether the password is the one that was kept. Takes as long when nothing was kept: the time must not tell who is here."""
    plain, spare = unicodedata.normalize("NFKC", password[: LONGEST + 1]), nobodys()
    with AT_ONCE:
        try:
            HASHER.verify(kept or spare, plain.encode(errors="surrogatepass"))
        except (VerificationError, InvalidHashError):
            return False
    return kept is not None


def outdated(kept: str) -> bool:
    """Whether a hash was made with other parameters than today's, so that it should be made anew at the next sign-in."""
    return HASHER.check_needs_rehash(kept)


@cache
def nobodys() -> str:
    """A hash that no password fits, with today's parameters."""
    return HASHER.hash("\0")
