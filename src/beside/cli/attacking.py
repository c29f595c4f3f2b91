"""Attacked rows: made for people to judge, and what they said of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from beside.cli.frame import HERE, As, Folder, Json, command, show, working
from beside.core.errors import BadInput

NAMES = {
    "raw": "raw success",
    "checked": "with the meaning checked by thresholds",
    "kept": "judged edits that mean the same",
    "judged": "with the meaning judged by people",
}


@command
def attack(
    release: str,
    out: Annotated[Path | None, typer.Option(help="Where to write attacked rows for people to judge, as CSV.")] = None,
    judged: Annotated[Path | None, typer.Option(help="That table, filled: same_meaning yes or no.")] = None,
    rows: Annotated[int, typer.Option(min=1, help="Training rows to attack.")] = 100,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Attack training rows for people to judge, take what they said, and show how often the meaning stayed."""
    from beside import judging
    from beside.core.judging import read_rows, write_rows

    if out and judged:
        raise BadInput("--out and --judged exclude each other.", "First --out FILE, then, once it is filled, --judged FILE.")
    if out and out.exists():
        raise BadInput(f"'{out}' is there already.", "Name another file: what somebody judged must not be lost.")
    said = read_rows(judged) if judged else []
    with working(workspace, as_) as loop:
        if out:
            found = judging.attacked(loop, release, rows)
            write_rows(out, found)
            sys.stderr.write(f"{len(found)} of {rows} training rows answer otherwise after an attack; written to {out}.\n")
        if judged:
            judging.judge(loop, release, said)
            sys.stderr.write(f"{len(said)} judged rows kept; those with a right label teach the next `beside improve {release}`.\n")
        shares = judging.success(loop, release)
    show(json, {name: vars(one) if one else None for name, one in shares.items()}, in_words)


def in_words(shares: dict[str, Any]) -> None:
    """The rates side by side, for a terminal."""
    for name, words in NAMES.items():
        one = shares[name]
        known = f"{one['value']:.3f} ({one['low']:.3f} to {one['high']:.3f}, n {one['n']})" if one else "not measured"
        print(f"{words}: {known}")
