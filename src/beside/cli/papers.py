"""Documents of the processing of personal data: the record and the impact assessment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from beside.cli.frame import HERE, As, Folder, Json, command, show, working

Format = Annotated[str | None, typer.Option(help="html, md or pdf; default: as --out ends, else md.")]
Language = Annotated[str | None, typer.Option(help="en or zh; default: the language of the workspace.")]
Out = Annotated[Path | None, typer.Option(help="File to write; without it Markdown or HTML is printed.")]


@command
def record(
    format: Format = None, language: Language = None, out: Out = None, workspace: Folder = HERE, as_: As = None, json: Json = False
) -> None:
    """Record of processing activities (GDPR Art. 30), made from what the workspace knows."""
    paper("record", format, language, out, workspace, as_, json)


@command
def impact(
    format: Format = None, language: Language = None, out: Out = None, workspace: Folder = HERE, as_: As = None, json: Json = False
) -> None:
    """Impact assessment (GDPR Art. 35, PIPL Art. 55-56): what is known, what people wrote, what is missing."""
    paper("impact", format, language, out, workspace, as_, json)


def paper(
    name: str, format: str | None, language: str | None, out: Path | None, workspace: Path, who: str | None, json: bool
) -> None:
    """Makes a document, and writes or prints it."""
    from beside.cli.documenting import written
    from beside.core.errors import BadInput

    chosen = format or (out.suffix.removeprefix(".") if out and out.suffix else "md")
    if chosen == "pdf" and out is None:
        raise BadInput("A PDF cannot be printed here.", f"Give a file: beside {name} --out {name}.pdf")
    with working(workspace, who) as loop:
        tongue = language or loop.workspace.settings.language
        content = loop.paper(name, chosen, tongue)
        file = None if out is None else written(content, out)
    told = {"document": name, "language": tongue, "format": chosen}
    told |= {"path": str(file)} if file else {"content": content.decode()}
    show(json, told, lambda made: print(made.get("path") or made["content"]))
