"""Training across sites whose text stays where it is: certificates, the coordinator, a site."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from beside.cli.frame import HERE, As, Folder, Json, Settings, app, command, show, working
from beside.core.errors import BadOption

federate = typer.Typer(
    help="Train across sites whose text never leaves them: certificates, coordinate, join.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Certificates = Annotated[Path | None, typer.Option(help="Folder that `beside federate certificates` made for this machine.")]
Insecure = Annotated[bool, typer.Option("--insecure", help="Without TLS, between processes of this very machine.")]
PORT = 8345


def certificates(
    folder: Annotated[Path, typer.Argument(help="Where they are made; one folder below it for each machine.")],
    host: Annotated[list[str] | None, typer.Option(help="Name or address that sites reach the coordinator by; repeatable.")] = None,
    site: Annotated[list[str] | None, typer.Option(help="Name of a site; repeatable, later ones are added.")] = None,
    json: Json = False,
) -> None:
    """Make the certificates of a federation: give each site its folder, and keep the authority's key."""
    from datetime import UTC, datetime

    from beside.store.certificates import make_certificates

    made = make_certificates(folder, host or ["localhost", "127.0.0.1"], site or [], datetime.now(UTC))
    show(json, {"folder": str(folder), "made": made}, lambda _: print(f"Made in {folder}: {', '.join(made) or 'nothing new'}"))


def coordinate(
    corpus: Annotated[str, typer.Argument(help="Of the coordinator: gives the labels, chooses the round, proves the model.")],
    sites: Annotated[int, typer.Option(min=1, help="Sites that the first round waits for.")],
    min_sites: Annotated[int | None, typer.Option(min=1, help="Sites that a round takes; default: all but one.")] = None,
    base: Annotated[str | None, typer.Option(help="embedded, a folder, or a Hugging Face id, the same at every site.")] = None,
    method: Annotated[str | None, typer.Option(help="full, probe or lora.")] = None,
    recipe: Annotated[Path | None, typer.Option(help="TOML file of recipe knobs.")] = None,
    set_: Settings = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on after the last round before a kill.")] = False,
    certificates: Certificates = None,
    insecure: Insecure = False,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = PORT,
    lost_after: Annotated[float, typer.Option(min=5, help="Seconds of silence after which a site is lost.")] = 20.0,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Wait for sites, train the common model in rounds, and keep it as a run like any other."""
    from beside.api.federation import Meeting, listening
    from beside.cli.telling import run_in_words
    from beside.core.recipe import read_recipe

    read = read_recipe(recipe, set_ or [], base=base, method=method)
    context, _ = tls(certificates, insecure)
    fewest = min_sites if min_sites is not None else max(1, sites - 1)
    meeting = Meeting(lost_after=lost_after)
    with working(workspace, as_) as loop:
        server = listening(host, port, meeting, context)
        try:
            loop.progress.say(f"Waiting for {sites} sites at {host}:{port}{'' if context else ', without TLS'}.")
            run = loop.coordinate(corpus, read, meeting, expected=sites, fewest=fewest, resume=resume)
        finally:
            meeting.end()
            server.shutdown()
            server.server_close()
    show(json, run, run_in_words)


def join(
    corpus: Annotated[str, typer.Argument(help="Id or name of the corpus of this site.")],
    coordinator: Annotated[str, typer.Option(help="Its address, host:port.")],
    certificates: Certificates = None,
    insecure: Insecure = False,
    name: Annotated[str, typer.Option(help="Of this site, with --insecure; otherwise the certificate says it.")] = "",
    patience: Annotated[float, typer.Option(min=0, help="Seconds to wait for a coordinator that is away.")] = 600.0,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Take part as a site: learn from the train rows here, send what was learned; the ledger lists what left."""
    from beside.api.federation_site import Line

    host, _, port = coordinator.rpartition(":")
    if not host or not port.isdigit():
        raise BadOption(f"Cannot read the address '{coordinator}'.", f"Write host:port, for example 10.0.0.5:{PORT}.")
    context, certified = tls(certificates, insecure)
    site = certified or name
    if not site:
        raise BadOption("This site has no name.", "Give --name, or --certificates.")
    with working(workspace, as_) as loop:
        line = Line(host.strip("[]"), int(port), site, context, loop.progress, patience)
        try:
            told = loop.take_part(corpus, site, line)
        finally:
            line.close()
    show(json, told, lambda one: print(f"Sent {one['answers']} answers, {one['bytes']:,} bytes; `beside ledger` lists them."))


def tls(certificates: Path | None, insecure: bool):  # ssl is loaded by those who need it
    """The context of TLS and the name in the certificate; none of both without TLS, which has to be asked for."""
    if certificates is None and not insecure:
        raise BadOption(
            "Sites and coordinator talk over TLS, and no certificates were given.",
            "Make them: beside federate certificates FOLDER --site NAME. Or try it on one machine: --insecure",
        )
    if certificates is None:
        return None, ""
    from beside.store.certificates import tls_of

    return tls_of(certificates)


for one in (certificates, coordinate, join):
    command(one, federate)
app.add_typer(federate, name="federate")
