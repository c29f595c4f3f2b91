"""A sum of secret vectors: whoever adds them up learns the sum and no single one (Bonawitz et al. 2017, with honest parties).

Every pair of sites agrees on a mask by X25519; one adds it, the other subtracts it, so that all masks cancel in the sum. A second
mask of a site's own hides its vector even when its pair masks become known. If a site is lost, the others give up shares of its
pair key; of a site whose vector came they give up their shares of its own mask: never both, so no vector can be laid bare, not
even one that comes late. Shares are Shamir's (1979), and travel sealed between the sites (AES-GCM) through the coordinator.

Numbers are fixed-point modulo 2^64: sums are exact, in any order.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from beside.core.errors import BadInput

PRIME = 2**521 - 1  # a secret of 32 bytes and its shares are numbers below it
SHARE, SECRET = 66, 32  # bytes of a share, of a secret
UNIT = 2.0**-24  # of the fixed-point numbers: finer than float32 can tell among numbers near 1
LARGEST = 2.0**36  # that a number of a vector may be, so that a thousand of them add up without overflow


def fixed(vector: np.ndarray) -> np.ndarray:
    """Numbers as integers modulo 2^64, uint64.

    Raises:
        BadInput: one is no number, or too large.
    """
    if not (np.isfinite(vector).all() and (np.abs(vector) <= LARGEST).all()):
        raise BadInput("An update holds a number that is none, or too large to be added up in secret.", "Lower learning_rate.")
    return np.rint(vector.astype(np.float64) / UNIT).astype(np.int64).view(np.uint64)


def real(integers: np.ndarray) -> np.ndarray:
    """What `fixed` numbers mean, float64."""
    return integers.view(np.int64).astype(np.float64) * UNIT


def shares_of(secret: bytes, places: Sequence[int], threshold: int) -> dict[int, bytes]:
    """Shares of a secret, any `threshold` of which give it back and fewer say nothing (Shamir 1979). `places` count from 1."""
    polynomial = [int.from_bytes(secret, "big"), *(secrets.randbelow(PRIME) for _ in range(threshold - 1))]
    return {
        place: (sum(factor * pow(place, power, PRIME) for power, factor in enumerate(polynomial)) % PRIME).to_bytes(SHARE, "big")
        for place in places
    }


def secret_of(shares: Mapping[int, bytes]) -> bytes:
    """The secret behind enough shares.

    Raises:
        BadInput: the shares are not of one secret.
    """
    total = 0
    for place, share in shares.items():
        above = below = 1
        for other in shares:
            if other != place:
                above, below = above * other % PRIME, below * (other - place) % PRIME
        total += int.from_bytes(share, "big") * above * pow(below, -1, PRIME)
    found = total % PRIME
    if found >> (8 * SECRET):
        raise BadInput("The shares of a site's mask do not fit together.", "A site sent something else than it was given.")
    return found.to_bytes(SECRET, "big")


def agreed(own: X25519PrivateKey, other: bytes, purpose: str) -> bytes:
    """32 bytes that two sites alone know."""
    return HKDF(hashes.SHA256(), 32, None, purpose.encode()).derive(own.exchange(X25519PublicKey.from_public_bytes(other)))


def stretched(seed: bytes, count: int) -> np.ndarray:
    """So many integers from a seed that nobody without it can tell from chance (ChaCha20), uint64."""
    stream = Cipher(algorithms.ChaCha20(seed, bytes(16)), None).encryptor().update(bytes(8 * count))
    return np.frombuffer(stream, dtype="<u8").astype(np.uint64)


@dataclass
class Member:
    """One site in one sum. Its keys are made anew for each.

    Args:
        name: of the site.
        sum: what the sum is called; masks of different sums differ.
    """

    name: str
    sum: str
    sealing: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)
    pairing: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)
    seed: bytes = field(default_factory=lambda: secrets.token_bytes(SECRET))
    keys: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)
    threshold: int = 0
    held: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)  # site -> shares of its pair key and of its own mask
    masked: bool = False
    opened: bool = False

    def public(self) -> tuple[bytes, bytes]:
        """What the others need to seal shares for this site, and to agree on masks with it."""
        return self.sealing.public_key().public_bytes_raw(), self.pairing.public_key().public_bytes_raw()

    def give(self, keys: Mapping[str, tuple[bytes, bytes]], threshold: int) -> dict[str, bytes]:
        """This site's secrets in shares, one sealed for each site of the sum.

        Raises:
            BadInput: the sum is too small, this site's keys are not in it, or a key stands twice.
        """
        every = [key for pair in keys.values() for key in pair]
        if keys.get(self.name) != self.public() or len(set(every)) != len(every):
            raise BadInput("The coordinator shows keys that are not those of the sites.", "It cannot be trusted with this sum.")
        if len(keys) < 3 or not len(keys) // 2 < threshold <= len(keys):
            raise BadInput(f"{len(keys)} sites with {threshold} of them enough to open masks hide no update.", "It takes three.")
        self.keys, self.threshold = dict(keys), threshold
        places = {name: place for place, name in enumerate(sorted(keys), start=1)}
        pair = shares_of(self.pairing.private_bytes_raw(), list(places.values()), threshold)
        own = shares_of(self.seed, list(places.values()), threshold)
        return {name: self.seal(name, pair[place] + own[place]) for name, place in places.items()}

    def seal(self, name: str, content: bytes) -> bytes:
        """Sealed so that this one site can open it, and knows whose it is."""
        key = agreed(self.sealing, self.keys[name][0], f"{self.sum}/seal")
        nonce = secrets.token_bytes(12)
        return nonce + AESGCM(key).encrypt(nonce, content, f"{self.name}>{name}".encode())

    def take(self, sealed: Mapping[str, bytes]) -> None:
        """The shares that the other sites gave this one.

        Raises:
            BadInput: one was altered on the way, or there are too few.
        """
        if len(sealed) < self.threshold or self.name not in sealed or set(sealed) - set(self.keys):
            raise BadInput("Too few sites are left to hide an update among.", "The round begins anew without the lost ones.")
        for name, content in sealed.items():
            key = agreed(self.sealing, self.keys[name][0], f"{self.sum}/seal")
            try:
                opened = AESGCM(key).decrypt(content[:12], content[12:], f"{name}>{self.name}".encode())
            except InvalidTag as error:
                raise BadInput(f"The shares that {name} sent were altered on the way.", "Look at the coordinator.") from error
            self.held[name] = (opened[:SHARE], opened[SHARE:])

    def mask(self, vector: np.ndarray) -> np.ndarray:
        """The vector with all its masks, uint64; once only, for two of one sum would lay the vector bare.

        Raises:
            BadInput: the second time, or before shares were taken.
        """
        if self.masked or not self.held:
            raise BadInput("An update of this sum was asked for twice, or before masks were agreed on.", "Look at the coordinator.")
        self.masked = True
        hidden = fixed(vector) + stretched(self.seed, len(vector))
        for name in self.held:
            if name != self.name:
                mask = stretched(agreed(self.pairing, self.keys[name][1], f"{self.sum}/mask"), len(vector))
                hidden = hidden + mask if self.name < name else hidden - mask
        return hidden

    def open(self, came: Sequence[str]) -> dict[str, bytes]:
        """Shares of the own mask of each site whose vector came, and of the pair key of each that was lost; once only.

        Raises:
            BadInput: it was asked before, or for a sum of too few.
        """
        there = set(came)
        if self.opened or len(there) < self.threshold or self.name not in there or there - set(self.held):
            raise BadInput("The coordinator asks to open masks that must stay shut.", "It cannot be trusted with this sum.")
        self.opened = True
        return {name: own if name in there else pair for name, (pair, own) in self.held.items()}


def summed(
    hidden: Mapping[str, np.ndarray], opened: Mapping[str, Mapping[str, bytes]], keys: Mapping[str, tuple[bytes, bytes]], sum: str
) -> np.ndarray:
    """The sum of the vectors that came, float64.

    Args:
        hidden: masked vectors that came, by site.
        opened: what `open` gave, by site.
        keys: of every site that gave shares, by site.
        sum: what the sum is called.

    Raises:
        BadInput: the shares do not fit together.
    """
    place = {name: number for number, name in enumerate(sorted(keys), start=1)}
    masked = sorted({name for shares in opened.values() for name in shares})
    count = len(next(iter(hidden.values())))
    total = np.zeros(count, dtype=np.uint64)
    for vector in hidden.values():
        total = total + vector
    for name in masked:
        secret = secret_of({place[by]: shares[name] for by, shares in opened.items() if name in shares})
        if name in hidden:
            total = total - stretched(secret, count)
            continue
        lost = X25519PrivateKey.from_private_bytes(secret)
        if lost.public_key().public_bytes_raw() != keys[name][1]:
            raise BadInput(f"The shares of the key of {name} do not fit together.", "A site sent something else than it was given.")
        for other in hidden:  # what each of them added or subtracted for the lost one
            mask = stretched(agreed(lost, keys[other][1], f"{sum}/mask"), count)
            total = total - mask if other < name else total + mask
    return real(total)
