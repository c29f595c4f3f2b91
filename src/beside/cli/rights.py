"""The rights of a person: see what is kept of them, take it along, be erased; for what their text may be used."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from beside.cli.frame import HERE, As, Folder, Json, command, show, working
from beside.core.errors import BadInput, BadOption
from beside.core.purposes import LEGAL_BASES

if TYPE_CHECKING:  # heavy: loaded by the command that needs it
    from beside.core.erasure import Asked, Erasure, Preview

Person = Annotated[str | None, typer.Argument(help="Pseudonym (person-...), or the name in the column of persons.")]
Words = Annotated[list[str] | None, typer.Option("--text", help="Words that name the person: every row with them; repeatable.")]


Request = Annotated[
    Path | None,
    typer.Option(
        help='JSON file {"person": ..., "words": [...]} instead of PERSON and --text; - = from stdin, out of any history.'
    ),
]


@command
def erase(
    person: Person = None,
    text: Words = None,
    request: Request = None,
    preview: Annotated[bool, typer.Option("--preview", help="Only show what holds the person; this is the default.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Erase; there is no way back.")] = False,
    retrain: Annotated[bool, typer.Option("--retrain", help="Train the runs behind releases again, without the person.")] = False,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> bool:
    """Erase a person: rows, questions, models trained on them. Shows all of it first. Exit code 1 if something is left."""
    if preview and yes:
        raise BadOption("Both --preview and --yes are given.", "Look first with --preview, then erase with --yes.")
    asked = whom(person, text, request)
    with working(workspace, as_) as loop:
        if not yes:
            show(json, loop.person(asked), preview_in_words)
            return False
        done = loop.erase(asked, retrain)
    show(json, done, erasure_in_words)
    return not done.complete


@command
def access(
    person: Person = None,
    text: Words = None,
    request: Request = None,
    out: Annotated[Path | None, typer.Option(help="Zip file, or .json, to write; without it all is printed as JSON.")] = None,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Everything that is kept of a person, for them to read and to take along (GDPR Art. 15 and 20, PIPL Art. 45)."""
    from beside.cli.terminal import put_json

    asked = whom(person, text, request)
    with working(workspace, as_) as loop:
        if out is None:
            put_json(loop.access(asked))
            return
        told = loop.hand_out(asked, out)
    show(
        json,
        told,
        lambda made: print(f"{made['entries']} entries written to {made['file']}; hand it over safely."),
    )


@command
def purpose(
    corpus: str,
    purpose: Annotated[str | None, typer.Argument(help="For what its text may be used.")] = None,
    legal_basis: Annotated[str | None, typer.Option(help=f"One of: {', '.join(LEGAL_BASES)}.")] = None,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Say, or show, for what the text of a corpus may be used and on which legal basis; trainings are checked against it."""
    with working(workspace, as_) as loop:
        said = purpose is not None or legal_basis is not None
        found = loop.state_purpose(corpus, purpose, legal_basis) if said else loop.records.corpus(loop.actor, corpus)
    told = {"corpus": found.id, "name": found.name, "purpose": found.purpose, "legal_basis": found.legal_basis}
    show(json, told, purpose_in_words)


def whom(person: str | None, words: list[str] | None, request: Path | None) -> Asked:
    """Whom a command is about, from the command line or from a file.

    Raises:
        BadOption: both are given.
        BadInput: the file holds no request, or nobody is named.
    """
    import json

    from beside.core.erasure import Asked

    if request is None:
        return Asked(person=person, words=tuple(words or ()))
    if person or words:
        raise BadOption("Both a person and --request are given.", "Give one of them.")
    shape = 'It holds {"person": "...", "words": ["..."]}; either may be left out.'
    try:
        told = json.loads(sys.stdin.read() if str(request) == "-" else request.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"The request '{request}' cannot be read: {type(error).__name__}.", shape) from error
    if not isinstance(told, dict) or not told.keys() <= {"person", "words"}:
        raise BadInput(f"The request '{request}' is none.", shape)
    name, said = told.get("person"), told.get("words", [])
    if not isinstance(name, str | None) or not isinstance(said, list) or not all(isinstance(one, str) for one in said):
        raise BadInput(f"The request '{request}' is none.", shape)
    return Asked(person=name, words=tuple(said))


def purpose_in_words(told: dict[str, str | None]) -> None:
    """For what the text of a corpus may be used, for a person to read."""
    print(f"{told['name']}: {told['purpose'] or 'purpose not stated'}; {told['legal_basis'] or 'legal basis not stated'}")


def preview_in_words(found: Preview) -> None:
    """What holds a person, for a person to read."""
    from beside.cli.terminal import Terminal

    out = Terminal()
    if found.holders:
        rows = [[f"{one.kind} {one.name}", str(one.count), one.becomes] for one in found.holders]
        out.table(["holds the person", "how many", "becomes"], rows)
    for line in found.unknown:
        out.say(f"Nobody can tell: {line}")
    for line in found.yours:
        out.say(f"Yours to delete: {line}")
    hint = "Nothing was changed. Erase with --yes; add --retrain for a model without this person."
    out.say(hint if found.holders else "Nothing is kept of this person.")


def erasure_in_words(done: Erasure) -> None:
    """What was erased, for a person to read."""
    from beside.cli.terminal import Terminal

    out = Terminal()
    told = ", ".join(f"{count} {kind}" for kind, count in done.removed.items())
    out.say(f"Erasure {done.id}: {told}.")
    for stone in done.tombstones:
        place = f"in its place {stone.successor}" if stone.successor else "retired, nothing in its place"
        out.say(f"  {stone.thing} {stone.id}: {place}")
    for one in done.membership:
        value = one.why_not or f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f}, n = {one.n}); 0.5 = an attacker guesses"
        out.say(f"  Membership {one.when}, {one.run}: {value}")
    out.say(f"Searched afterwards: {done.searched['files']} files, {done.searched['bytes']:,} bytes.")
    for line in done.remaining:
        out.say(f"  STILL THERE: {line}")
    out.say("Nothing of this person is left in the workspace." if done.complete else "Not complete: see above.")
    for line in done.yours:
        out.say(f"Yours to delete: {line}")
    out.say(f"Certificate: .beside/erasures/{done.id}.json, signed by the key {done.key[:16]}")
