"""The vault: what pseudonyms stand for. Opening one takes a reason, which the ledger keeps."""

from __future__ import annotations

from typing import Annotated

import typer

from beside.cli.frame import HERE, As, Folder, Json, app, command, show, working
from beside.core.errors import BadInput
from beside.core.vaults import VaultEntry

vault = typer.Typer(help="What pseudonyms stand for: list, open, forget.", no_args_is_help=True, rich_markup_mode=None)
SHOWN = 50


def vault_list(workspace: Folder = HERE, as_: As = None, json: Json = False) -> None:
    """List the tokens in the vault, without what they stand for."""
    with working(workspace, as_) as loop:
        found = loop.records.vault(loop.actor)
    show(json, found, entries_in_words)


def vault_open(
    token: Annotated[str, typer.Argument(help="A token from a text, with or without its brackets.")],
    why: Annotated[str, typer.Option(help="Why it must be known; the ledger keeps it.")],
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Print what a token stands for, once the ledger has who opened it and why."""
    with working(workspace, as_) as loop:
        opened = loop.open_vault(token, why)
    show(json, opened, lambda found: print(found.value))


def vault_forget(
    person: Annotated[
        list[str] | None,
        typer.Option(help="Pseudonym of a person in the corpus, person-...: values that stand in nobody else's rows."),
    ] = None,
    value: Annotated[list[str] | None, typer.Option(help="A value, however it is written, whoever has it.")] = None,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Delete values from the vault for good; their tokens stand for nobody then."""
    if not person and not value:
        raise BadInput("Neither a person nor a value is named.", "beside vault forget --person person-..., or --value TEXT")
    with working(workspace, as_) as loop:
        gone = loop.forget_vault(person or (), value or ())
    show(json, {"deleted": gone}, lambda told: print(f"{told['deleted']} values deleted from the vault"))


def entries_in_words(found: list[VaultEntry]) -> None:
    """Tokens with their kind, and in how many people's rows they stand."""
    from beside.cli.terminal import Terminal

    out = Terminal()
    out.say(f"{len(found):,} values in the vault")
    rows = [[one.token, one.kind, str(len(one.persons)), f"{one.made_at:%Y-%m-%d}"] for one in found[:SHOWN]]
    if rows:
        out.table(["token", "kind", "persons", "since"], rows)
    if len(found) > SHOWN:
        out.say(f"  and {len(found) - SHOWN:,} more: --json lists them all")


for name, function in (("list", vault_list), ("open", vault_open), ("forget", vault_forget)):
    function.__name__ = name
    command(function, vault)
app.add_typer(vault, name="vault")
