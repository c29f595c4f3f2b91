"""What people write about a model, and the documents of a release: statement, dossier."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from beside.cli.frame import HERE, As, Folder, Json, command, show, working
from beside.core.errors import BadInput


@command
def statement(
    key: Annotated[str | None, typer.Argument(help="Which question; without it all are listed.")] = None,
    text: Annotated[str | None, typer.Argument(help="The answer; without it what was written is shown.")] = None,
    file: Annotated[Path | None, typer.Option(help="The answer from a text file in UTF-8.")] = None,
    language: Annotated[str | None, typer.Option(help="en or zh; default: the language of the workspace.")] = None,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """List or write what only people can say of a model: its purpose, its misuse, who watches over it."""
    from beside.core.questions import KEYS
    from beside.core.registry import unknown

    if text is not None and file is not None:
        raise BadInput("Give either TEXT or --file.", "beside statement KEY TEXT, or beside statement KEY --file FILE")
    if key is not None and key not in KEYS:
        raise unknown("statement", key, list(KEYS))
    if key is None and file is not None:
        raise BadInput("No question was named.", "beside statement KEY --file FILE; `beside statement` lists the keys.")
    with working(workspace, as_) as loop:
        tongue = language or loop.workspace.settings.language
        said = read_text(file) if file is not None else text
        if key is not None and said is not None:
            show(json, loop.state(key, said, tongue), lambda made: print(f"Written: {made.key}, by {made.who}."))
            return
        rows = of_questions(loop.statements(), key, tongue)
    show(json, rows, lambda rows: in_words(rows, history=key is not None))


def read_text(file: Path) -> str:
    """The text in a file.

    Raises:
        BadInput: not there, or not UTF-8 text.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"Cannot read '{file}': {error}.", "Give a UTF-8 text file.") from error


def of_questions(statements: list[Any], key: str | None, language: str) -> list[dict[str, Any]]:
    """Each question with what was written on it, the newest first."""
    from beside.core.questions import QUESTIONS

    return [
        {
            "key": question.key,
            "question": question.asked(language),
            "help": question.help(language),
            "statements": [one.model_dump(mode="json") for one in statements if one.key == question.key],
        }
        for question in QUESTIONS
        if key in (None, question.key)
    ]


def in_words(rows: list[dict[str, Any]], history: bool) -> None:
    """Questions and answers for a person."""
    for row in rows:
        print(f"{row['key']}: {row['question']}")
        if history:
            print(f"  {row['help']}")
        for one in row["statements"] if history else row["statements"][:1]:
            said = one["text"].replace("\n", "\n    ")
            print(f"    {said}\n    ({one['who']}, {one['at'][:10]}, {one['language']})")
        if not row["statements"]:
            print("    not written yet")


@command
def dossier(
    release: str,
    name: Annotated[str, typer.Option(help="card, datasheet or technical-file.")] = "technical-file",
    format: Annotated[str, typer.Option(help="html, md or pdf.")] = "pdf",
    language: Annotated[str | None, typer.Option(help="en or zh; default: the language of the workspace.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the document to this file; without it its path is printed.")] = None,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Print where a document of a release lies, or write it to a file."""
    with working(workspace, as_) as loop:
        found = loop.dossier(release, name, format, language or loop.workspace.settings.language)
        file = found if out is None else written(found.read_bytes(), out)
    show(json, {"release": release, "document": found.name, "path": str(file)}, lambda made: print(made["path"]))


def written(content: bytes, file: Path) -> Path:
    """Writes a file whole or not at all."""
    from beside.store.files import whole_file

    if file.is_dir():
        raise BadInput(f"'{file}' is a folder.", "Give the path of a file, for example --out technical-file.pdf.")
    with whole_file(file.absolute()) as path:
        path.write_bytes(content)
    return file.absolute()
