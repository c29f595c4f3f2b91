"""Personal data: find it and take it out, of a corpus or of a text."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from beside.cli.frame import HERE, As, Folder, Json, command, show, working
from beside.core.errors import BadInput

Actions = Annotated[
    list[str] | None,
    typer.Option(
        "--action", help="mask, redact, replace (default), hash, surrogate or pseudonym; for one kind: phone=mask. Repeatable."
    ),
]
Kinds = Annotated[str | None, typer.Option(help="Kinds to look for, with commas between them; default: all.")]
KeyFile = Annotated[
    Path | None,
    typer.Option(help="File with the secret of hash and surrogate; default: BESIDE_PROTECT_KEY, for a corpus the workspace's own."),
]


@command
def protect(
    corpus: Annotated[str | None, typer.Argument(help="Id or name of the corpus.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the protected corpus.")] = None,
    text: Annotated[str | None, typer.Option(help="Protect this text instead of a corpus.")] = None,
    action: Actions = None,
    kinds: Kinds = None,
    key_file: KeyFile = None,
    k_anonymity: Annotated[
        str | None,
        typer.Option(
            help="Change nothing: count how many share these columns of groups, birth_year, sex, province; age:10 = in tens."
        ),
    ] = None,
    k: Annotated[int, typer.Option(help="With --k-anonymity: how many must share a combination.")] = 5,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> bool:
    """Take personal data out of a corpus or a text, Chinese and English together: phones, IDs, cards, names, addresses and more."""
    from beside.core.protecting import read_plan

    if (corpus is None) == (text is None):
        raise BadInput("Give a corpus, or a text.", 'beside protect CORPUS --name NAME, or beside protect --text "..."')
    how, key = read_plan(action or [], kinds), secret(key_file)
    if text is not None:
        from beside.protection.acting import Protector

        made = Protector(how, key).text(text)
        found = [span._asdict() for span in made.spans]
        show(json, {"text": made.text, "spans": found}, lambda told: print(told["text"]))
        return False
    if k_anonymity is not None:
        from beside.cli.protecting_telling import anonymity_in_words

        with working(workspace, as_) as loop:
            measured = loop.k_anonymity(str(corpus), [one.strip() for one in k_anonymity.split(",") if one.strip()], k)
        show(json, {**measured.model_dump(mode="json"), "advice": measured.advice()}, lambda _: anonymity_in_words(measured))
        return measured.below > 0
    if name is None:
        raise BadInput("The protected corpus needs a name.", f"beside protect {corpus} --name NAME")
    with working(workspace, as_) as loop:
        child, report = loop.protect(str(corpus), name, how, key)
    from beside.cli.protecting_telling import protection_in_words

    told: dict[str, Any] = {**child.model_dump(mode="json"), "protection": report.model_dump(mode="json")}
    show(json, told, lambda _: protection_in_words(child, report))
    return False


def secret(file: Path | None) -> bytes | None:
    """The secret that a person gives, in a file or in the environment."""
    given = file.read_bytes().strip() if file else os.environ.get("BESIDE_PROTECT_KEY", "").encode()
    return given or None
