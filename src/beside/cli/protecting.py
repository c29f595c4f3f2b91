"""Personal data: find it and take it out, of a corpus or of a text."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from beside.cli.frame import HERE, As, Folder, Json, command, show, working
from beside.core.errors import BadInput

if TYPE_CHECKING:  # pydantic takes long to load, and help needs none
    from beside.core.protecting import Plan

Actions = Annotated[
    list[str] | None,
    typer.Option(
        "--action", help="mask, redact, replace (default), name, hash, surrogate, pseudonym; for one kind: phone=mask. Repeatable."
    ),
]
Kinds = Annotated[str | None, typer.Option(help="Kinds to look for, with commas between them; default: all.")]
KeyFile = Annotated[
    Path | None,
    typer.Option(help="File with the secret of hash and surrogate; default: BESIDE_PROTECT_KEY, for a corpus the workspace's own."),
]

TaggedBy = Annotated[
    str | None, typer.Option(help="Run or release on a `tag` corpus: its model looks for names, places and organisations too.")
]
Columns = Annotated[
    str | None,
    typer.Option(help="Change nothing: count how many share these columns of groups, birth_year, sex, province; age:10 = in tens."),
]
Reviewed = Annotated[
    str | None,
    typer.Option(help="Change nothing: make a `tag` corpus of this name from the rows people looked at, to learn from."),
]


@command
def protect(
    corpus: Annotated[str | None, typer.Argument(help="Id or name of the corpus.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the protected corpus.")] = None,
    text: Annotated[str | None, typer.Option(help="Protect this text instead of a corpus.")] = None,
    action: Actions = None,
    kinds: Kinds = None,
    key_file: KeyFile = None,
    tagger: TaggedBy = None,
    k_anonymity: Columns = None,
    export_reviewed: Reviewed = None,
    k: Annotated[int, typer.Option(help="With --k-anonymity: how many must share a combination.")] = 5,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> bool:
    """Take personal data out of a corpus or a text, Chinese and English together: phones, IDs, cards, names, addresses and more."""
    from beside.cli import protecting_telling as telling
    from beside.core.protecting import read_plan

    if (corpus is None) == (text is None):
        raise BadInput("Give a corpus, or a text.", 'beside protect CORPUS --name NAME, or beside protect --text "..."')
    how, key = read_plan(action or [], kinds), secret(key_file)
    if text is not None:
        show(json, of_a_text(text, how, key, tagger, workspace, as_), lambda told: print(told["text"]))
        return False
    if not (name or k_anonymity or export_reviewed):
        raise BadInput("The protected corpus needs a name.", f"beside protect {corpus} --name NAME")
    with working(workspace, as_) as loop:
        if k_anonymity:
            measured = loop.k_anonymity(str(corpus), [one.strip() for one in k_anonymity.split(",") if one.strip()], k)
            told = {**measured.model_dump(mode="json"), "advice": measured.advice()}
            show(json, told, lambda _: telling.anonymity_in_words(measured))
            return measured.below > 0
        if export_reviewed:
            show(json, loop.export_reviewed(str(corpus), export_reviewed), telling.reviewed_in_words)
            return False
        child, report = loop.protect(str(corpus), str(name), how, key, loop.tagger(tagger) if tagger else None)
    told = {**child.model_dump(mode="json"), "protection": report.model_dump(mode="json")}
    show(json, told, lambda _: telling.protection_in_words(child, report))
    return False


def of_a_text(text: str, how: Plan, key: bytes | None, tagger: str | None, workspace: Path, as_: str | None) -> dict[str, Any]:
    """One text without its personal data, and the spans; a workspace is opened for a tagger alone."""
    from beside.protection.acting import Protector

    if tagger is None:
        made = Protector(how, key).text(text)
    else:
        with working(workspace, as_) as loop:
            made = Protector(how, key, tagger=loop.tagger(tagger)).text(text)
    return {"text": made.text, "spans": [span._asdict() for span in made.spans]}


def secret(file: Path | None) -> bytes | None:
    """The secret that a person gives, in a file or in the environment."""
    if file and not file.is_file():
        raise BadInput(f"There is no file '{file}' to read a key from.", "Put at least 16 random bytes into it.")
    given = file.read_bytes().strip() if file else os.environ.get("BESIDE_PROTECT_KEY", "").encode()
    return given or None
