"""Choices that hang on a secret and on what they are about: the same again, in whatever order they are asked for."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from copy import copy
from string import ascii_lowercase, ascii_uppercase, digits


class Draw:
    """Draws from HMAC-SHA-256 under a secret.

    Args:
        key: the secret.
        person: whose values are drawn; what moves together for one person (dates) hangs on it.
    """

    def __init__(self, key: bytes, person: str | None = None) -> None:
        self.key, self.person = key, person or ""
        self.rings: dict[str, tuple[list[str], dict[str, int]]] = {}

    def of(self, person: str | None) -> Draw:
        """The same draws for values of a person."""
        other = copy(self)
        other.person = person or ""
        return other

    def number(self, below: int, *about: str) -> int:
        """A whole number, 0 to below - 1; the same for the same words. `below` is far less than 2**64."""
        said = "\x1f".join(about).encode("utf-8", "surrogatepass")
        return int.from_bytes(hmac.digest(self.key, said, "sha256")[:8], "big") % below

    def digits(self, count: int, *about: str) -> str:
        """So many digits."""
        return "".join(digits[self.number(10, *about, str(place))] for place in range(count))

    def pick(self, items: Sequence[str], *about: str) -> str:
        """One of several."""
        return items[self.number(len(items), *about)]

    def another(self, name: str, items: Sequence[str], item: str) -> str:
        """Another one than the one given: two that are on the list never become the same, and none stays what it was.

        Args:
            name: of the list.
            items: all different.
            item: on the list or not.
        """
        if name not in self.rings:
            order = sorted(items, key=lambda one: hmac.digest(self.key, f"{name}\x1f{one}".encode(), "sha256"))
            self.rings[name] = order, {one: place for place, one in enumerate(order)}
        order, places = self.rings[name]
        place = places.get(item)
        return order[self.number(len(order), name, item) if place is None else (place + 1) % len(order)]

    def alike(self, value: str, *about: str, letters: str = ascii_uppercase) -> str:
        """The same form with other signs: a digit for a digit, a letter for a letter in its case, all else as it was."""
        made = []
        for place, sign in enumerate(value):
            if sign in digits:
                made.append(digits[self.number(10, *about, str(place))])
            elif sign in ascii_uppercase or sign in ascii_lowercase:
                new = letters[self.number(len(letters), *about, str(place))]
                made.append(new if sign in ascii_uppercase else new.lower())
            else:
                made.append(sign)
        return "".join(made)


def refilled(value: str, signs: str) -> str:
    """The value with its letters and digits (ASCII) replaced, in order; marks between them stay. As many signs as it has."""
    waiting = iter(signs)
    return "".join(next(waiting) if sign.isascii() and sign.isalnum() else sign for sign in value)


def signs_of(value: str) -> str:
    """The letters and digits (ASCII) of a value, in capitals."""
    return "".join(sign for sign in value if sign.isascii() and sign.isalnum()).upper()
