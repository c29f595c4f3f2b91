"""For which purpose text may be used, and on which legal basis: stated at import, checked before a training."""

from __future__ import annotations

from typing import NamedTuple

from beside.core.errors import BadInput, BadOption, GateClosed

LONGEST = 500  # characters of a purpose
# GDPR Art. 6 (1) and PIPL (个人信息保护法) Art. 13; the last one says that there is no personal data in it
LEGAL_BASES = {
    "consent": "consent of the person (GDPR 6 (1) a, PIPL 13 (1))",
    "contract": "a contract with the person (GDPR 6 (1) b, PIPL 13 (2))",
    "legal-duty": "a legal duty (GDPR 6 (1) c, PIPL 13 (3))",
    "vital-interests": "vital interests, an emergency (GDPR 6 (1) d, PIPL 13 (4))",
    "public-task": "a public task (GDPR 6 (1) e, PIPL 13 (3), (5))",
    "legitimate-interests": "legitimate interests (GDPR 6 (1) f; PIPL knows no such basis)",
    "published": "published by the person or lawfully (PIPL 13 (6); GDPR knows no such basis)",
    "no-personal-data": "there is no personal data in it",
}


class Purpose(NamedTuple):
    """What a training is for, and why that is compatible with another purpose that its text was taken in for."""

    wanted: str | None = None  # None = the purpose of the workspace, or else of the corpus
    why: str | None = None


def stated(purpose: str | None, legal_basis: str | None) -> tuple[str | None, str | None]:
    """A purpose and a legal basis that may be kept.

    Raises:
        BadInput: the purpose is empty, or too long.
        BadOption: there is no such legal basis.
    """
    if purpose is not None and not 3 <= len(purpose.strip()) <= LONGEST:
        raise BadInput(
            f"The purpose has {len(purpose.strip())} characters.", f"Say in 3 to {LONGEST} what the text may be used for."
        )
    if legal_basis is not None and legal_basis not in LEGAL_BASES:
        raise BadOption(f"There is no legal basis '{legal_basis}'.", f"There are: {', '.join(LEGAL_BASES)}.")
    return purpose.strip() if purpose is not None else None, legal_basis


def must_fit(name: str, allowed: str | None, wanted: str | None, why: str | None) -> None:
    """Does nothing when a corpus may be used for a purpose.

    Args:
        name: of the corpus.
        allowed: the purpose it was taken in for; None = nobody said.
        wanted: the purpose of the training; None = that of the corpus.
        why: a person's statement why the other purpose is compatible (GDPR Art. 6 (4)), or on which new basis it rests.

    Raises:
        GateClosed: it was taken in for another purpose, and nobody says why this one is compatible.
    """
    if allowed is None or wanted is None or same(allowed, wanted) or (why or "").strip():
        return
    hint = (
        "Say why it is compatible with the first, or what the person agreed to since: --compatible TEXT. It goes into the ledger."
    )
    raise GateClosed(f"The corpus '{name}' was taken in for '{allowed}', not for '{wanted}'.", hint)


def same(one: str, other: str) -> bool:
    """Whether two purposes are the same but for case and spaces."""
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())
