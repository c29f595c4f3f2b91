"""Attacked rows: made for people to judge, and what they say of them."""

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
    rows: Annotated[
        int | None, typer.Option(min=1, help="Training rows to attack, drawn at random; without it 100 the first time, later none.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write the rows that you have yet to judge, as CSV.")] = None,
    judged: Annotated[Path | None, typer.Option(help="That table, filled: same_meaning yes, no or unsure.")] = None,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Attack training rows for people to judge, take what they said, and show how often the meaning stayed."""
    from beside.core.judged_tables import read_table, write_table
    from beside.judging import FIRST

    if out and judged:
        raise BadInput("--out and --judged exclude each other.", "First --out FILE, then, once it is filled, --judged FILE.")
    if out and out.exists():
        raise BadInput(f"'{out}' is there already.", "Name another file: what somebody judged must not be lost.")
    said = read_table(judged) if judged else []
    with working(workspace, as_) as loop:
        if rows or not (judged or loop.desk(release).rows):
            new = loop.attack_rows(release, rows or FIRST)
            sys.stderr.write(f"{new} attacked rows are new: after the attack the model answers them otherwise.\n")
        if out:
            left = loop.desk(release).waiting
            write_table(out, left)
            sys.stderr.write(f"{len(left)} rows to judge, written to {out}.\n")
        if judged:
            kept = loop.judge(release, said)
            sys.stderr.write(f"{len(kept)} judgements kept; {len(said) - len(kept)} were known.\n")
        found = loop.rates(release)
    show(json, plain(found), in_words)


def plain(rates: Any) -> dict[str, Any]:
    """The rates as plain data."""
    from dataclasses import asdict

    return asdict(rates)


def in_words(rates: dict[str, Any]) -> None:
    """The rates side by side, for a terminal."""
    for name, words in NAMES.items():
        one = rates[name]
        known = f"{one['value']:.3f} ({one['low']:.3f} to {one['high']:.3f}, n {one['n']})" if one else "not measured"
        print(f"{words}: {known}")
    told = f"{rates['decided']} of {rates['rows']} rows are judged, on {rates['unsure']} people do not agree or cannot tell"
    print(f"{told}; {rates['accepted']} are accepted and teach the next `beside improve`.")
