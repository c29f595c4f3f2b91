"""Encryption at rest: switched on, looked at, given another key, switched off."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from beside.cli.frame import HERE, As, Folder, Json, app, command, opening_phrase, show, working
from beside.core.errors import BadOption

if TYPE_CHECKING:  # heavy: loaded by the command that needs it
    from beside.store.conversion import Standing

encrypt = typer.Typer(help="Encryption of what the workspace stores.", no_args_is_help=True, rich_markup_mode=None)

KeyFile = Annotated[Path | None, typer.Option("--key-file", help="File with the key, outside the workspace; made if missing.")]
KeyEnv = Annotated[str | None, typer.Option("--key-env", help="Environment variable with the key: 32 bytes in base64 or hex.")]
Phrase = Annotated[bool, typer.Option("--passphrase", help="A passphrase, asked for or in BESIDE_ENCRYPTION_PASSPHRASE.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="New content gets a new data key, too; restart servers whose key is no file.")]
NEW = "BESIDE_NEW_ENCRYPTION_PASSPHRASE"  # for a change of the passphrase where nobody can be asked


def encrypt_on(
    key_file: KeyFile = None,
    key_env: KeyEnv = None,
    passphrase: Phrase = False,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Encrypt all content that is stored and whatever is stored from now on; after a kill the same command goes on."""
    from beside.store.conversion import standing, switch_on
    from beside.store.key_source import PASSPHRASE
    from beside.store.wrapped_keys import read_kept, source_of

    folder = workspace.expanduser().absolute()
    source = chosen(key_file, key_env, passphrase) or source_of(folder)
    if source is None:
        raise BadOption("No key was named.", "Give --key-file FILE, --key-env NAME or --passphrase.")
    ask: Callable[[str], str | None] = opening_phrase
    if source == "passphrase" and read_kept(folder) is None:
        ask = new_phrase(PASSPHRASE)
    with working(workspace, as_) as loop:
        switch_on(loop.workspace, loop.actor, source, ask, loop.progress)
        found = standing(loop.workspace)
    show(json, found, standing_in_words)
    if not json:
        sys.stderr.write(KEEP[found.source.partition(":")[0] if found.source else "file"])


def encrypt_status(workspace: Folder = HERE, json: Json = False) -> bool:
    """Show whether the workspace is encrypted, with which key, and whether anything is left plain. Exit code 1 if so."""
    from beside.store.conversion import standing

    with working(workspace) as loop:
        found = standing(loop.workspace)
    show(json, found, standing_in_words)
    return found.content != "off" and bool(found.plain_files or found.plain_values)


def encrypt_rotate(
    key_file: KeyFile = None,
    key_env: KeyEnv = None,
    passphrase: Phrase = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Seal with a new data key from now on; restart servers whose key is no file.")
    ] = False,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Give the workspace another key, also while a server serves: only the wrapped keys are written anew."""
    from beside.store.conversion import rotate, standing

    source = chosen(key_file, key_env, passphrase)
    if source is None:
        raise BadOption("No new key was named.", "Give --key-file FILE, --key-env NAME or --passphrase.")
    with working(workspace, as_) as loop:
        rotate(loop.workspace, loop.actor, source, opening_phrase, new_phrase(NEW), fresh)
        found = standing(loop.workspace)
    show(json, found, standing_in_words)
    if not json:
        sys.stderr.write("All here opens with the new key alone. Keep the old one for as long as you keep backups from before.\n")


def encrypt_off(workspace: Folder = HERE, as_: As = None, json: Json = False) -> None:
    """Store content plain again; the key stays, for the vault."""
    from beside.store.conversion import standing, switch_off

    with working(workspace, as_) as loop:
        switch_off(loop.workspace, loop.actor, opening_phrase, loop.progress)
        found = standing(loop.workspace)
    show(json, found, standing_in_words)


KEEP = {
    "file": "Keep a copy of the key file away from this machine: without it nobody can read this workspace again.\n",
    "env": "Keep a copy of the key away from this machine: without it nobody can read this workspace again.\n",
    "passphrase": "Do not forget the passphrase: without it nobody can read this workspace again.\n",
}


def chosen(key_file: Path | None, key_env: str | None, passphrase: bool) -> str | None:
    """The source that the options name; None when they name none.

    Raises:
        BadOption: they name several.
    """
    given = [f"file:{key_file.expanduser().absolute()}"] if key_file else []
    given += [f"env:{key_env}"] if key_env else []
    given += ["passphrase"] if passphrase else []
    if len(given) > 1:
        raise BadOption("More than one key was named.", "Give one of --key-file, --key-env, --passphrase.")
    return given[0] if given else None


def new_phrase(variable: str) -> Callable[[str], str | None]:
    """What asks for a new passphrase, twice, once; the environment may hold it."""
    from functools import cache

    @cache
    def ask(what: str) -> str | None:
        from beside.store.key_source import PASSPHRASE

        given = os.environ.get(variable) or None
        if given is None and sys.stdin.isatty() and sys.stderr.isatty():
            given = str(typer.prompt(f"New passphrase of {what}", hide_input=True, confirmation_prompt=True, err=True))
        if given:
            os.environ[PASSPHRASE] = given
        return given

    return ask


def standing_in_words(found: Standing) -> None:
    """How much is encrypted, for a person."""
    state = {
        "on": "Encrypted.",
        "off": "Not encrypted.",
        "turning on": "Encryption was begun and not ended: the same command goes on, `beside encrypt on`.",
        "turning off": "Decryption was begun and not ended: `beside encrypt off` goes on.",
    }
    print(state[found.content])
    if found.source is not None:
        print(f"  key      {found.master}, from {found.source}; it wraps {found.keys} of the workspace's own")
    print(f"  files    {found.sealed_files} encrypted, {found.plain_files} plain")
    print(f"  values   {found.sealed_values} encrypted, {found.plain_values} plain")
    if found.rotating:
        print("A change of the key was cut short; the same command ends it: beside encrypt rotate")


COMMANDS: dict[str, Callable[..., Any]] = {
    "on": encrypt_on,
    "status": encrypt_status,
    "rotate": encrypt_rotate,
    "off": encrypt_off,
}
for name, function in COMMANDS.items():
    function.__name__ = name
    command(function, encrypt)
app.add_typer(encrypt, name="encrypt")
