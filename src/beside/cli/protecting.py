"""Personal data: find it in a text and take it out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from beside.cli.frame import Json, command, show
from beside.core.errors import BadInput

Actions = Annotated[
    list[str] | None,
    typer.Option("--action", help="mask, redact, replace (default) or hash; for one kind: phone=mask. Repeatable."),
]
Kinds = Annotated[str | None, typer.Option(help="Kinds to look for, with commas between them; default: all.")]
KeyFile = Annotated[Path | None, typer.Option(help="File with the secret of `hash`; default: the variable BESIDE_PROTECT_KEY.")]


@command
def protect(
    text: Annotated[str, typer.Option(help="Text to protect.")],
    action: Actions = None,
    kinds: Kinds = None,
    key_file: KeyFile = None,
    json: Json = False,
) -> None:
    """Take personal data out of a text, Chinese and English together: phones, IDs, cards, names, addresses and more."""
    from beside.stages.protect import protect as without

    default, single = "replace", {}
    for given in action or []:
        kind, sign, what = given.partition("=")
        if sign:
            single[kind.strip()] = what.strip()
        else:
            default = kind.strip()
    wanted = [kind.strip() for kind in kinds.split(",") if kind.strip()] if kinds is not None else None
    if wanted == []:
        raise BadInput("--kinds names no kind.", "Leave it out to look for all of them.")
    key = key_file.read_bytes().strip() if key_file else os.environ.get("BESIDE_PROTECT_KEY", "").encode()
    made = without(text, single, wanted, default, key)
    found = [span._asdict() for span in made.spans]
    show(json, {"text": made.text, "spans": found}, lambda told: print(told["text"]))
