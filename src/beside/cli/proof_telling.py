"""What was checked, in words: a bundle, the ledger, keys."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from beside.stages.verify import Verification
from beside.store.chain import Chain
from beside.store.keys import Key


def verification_in_words(found: Verification) -> None:
    """A bundle: what it is, each proof with its worth, and the verdict with every reason."""
    put(f"Bundle {found.bundle}")
    put(f"  release {found.release_id} of {found.run_id}, policy {found.policy.name}")
    put(f"  seal    {found.seal}")
    put(f"  files   {found.files}, each as it was sealed")
    put(f"  model signature (OpenSSF): {found.model_signature}")
    put(f"  ledger: {found.ledger}\n")
    rows = [
        ["good" if one.good else "NO", one.who, one.role, one.decision, f"{one.at:%Y-%m-%d %H:%M}" if one.at else "", one.words]
        for one in found.proofs
    ]
    table(["proof", "who", "role", "decision", "at (UTC)", "worth"], rows)
    put(f"\nVerdict: {'may be served' if found.good else f'may not be served (people said: {found.state})'}")
    for reason in found.objections:
        put(f"  - {reason}")
    for hint in found.hints:
        put(f"  -> {hint}")


def chain_in_words(found: Chain) -> None:
    """A ledger: how long, up to where it is signed, and by whom."""
    put(f"{found.rows} entries, every link fits; the last is {found.last}")
    signed = f"signed up to entry {found.head} by {found.signed_by}" if found.head is not None else "no signed head"
    put(f"{signed}: {'good' if found.trusted else 'NOT PROVED'}")
    for note in found.notes:
        put(f"  - {note}")


def key_in_words(key: Key) -> None:
    """One key."""
    keys_in_words([key])


def keys_in_words(keys: Sequence[Key]) -> None:
    """Keys in a table."""
    origin = {True: "made here", False: "trusted"}
    rows = [[key.id, key.kind, key.owner, key.status, origin[key.ours], f"{key.made_at:%Y-%m-%d}"] for key in keys]
    table(["fingerprint", "kind", "owner", "status", "origin", "made"], rows)
    if not keys:
        sys.stderr.write("No keys yet: the first release makes the workspace's; a person's is made by `beside keys new NAME`.\n")


def table(headers: list[str], rows: list[list[str]]) -> None:
    """Aligned columns on stdout; the last one is never cut."""
    lines = [headers, *rows] if rows else []
    widths = [max(cell_len(line[column]) for line in lines) for column in range(len(headers) - 1)] if lines else []
    for line in lines:
        cells = [set_cell_size(cell, width) for cell, width in zip(line, widths, strict=False)]
        put("  ".join([*cells, line[-1]]).rstrip())


def put(line: str) -> None:
    """One line on stdout."""
    sys.stdout.write(line + "\n")
