"""Encryption switched on or off for a workspace with content in it: every file and every value is written anew.

A kill at any moment is gone on from by the same command. Meanwhile both kinds are read, for what is sealed says so itself, and a
server that runs learns of the change before its next write.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Integer, Text, column, func, not_, select, table, update

from beside.core.errors import Busy
from beside.core.interfaces import Progress
from beside.core.types import Actor, Value
from beside.store import wrapped_keys
from beside.store.columns import Secret, Table
from beside.store.database import PATIENCE, Database
from beside.store.files import flush, remove, storage_errors, temporary
from beside.store.key_source import Ask
from beside.store.ledger import append
from beside.store.permission import demand_role
from beside.store.sealer import MARK, Sealer, sealer_of
from beside.store.sealing import Keys
from beside.store.secret import NAME
from beside.store.workspace import Workspace

CHUNK = 500  # rows in one transaction: others wait no longer than for these


class Standing(Value):
    """How much of a workspace is encrypted."""

    content: wrapped_keys.Content
    source: str | None  # where the master key comes from; None = there is none
    master: str = ""  # its name
    keys: int = 0  # of the workspace, wrapped by it
    rotating: bool = False  # two masters: a change of the key was cut short
    sealed_files: int = 0
    plain_files: int = 0
    sealed_values: int = 0
    plain_values: int = 0


def standing(workspace: Workspace) -> Standing:
    """How much is encrypted now. Raises KeyUnusable when the key is lost."""
    folder, database, sealer = workspace.folder, workspace.records.database, sealer_of(workspace.folder)
    keys, kept = sealer.keys(), wrapped_keys.read_kept(folder)
    files = [sealer.is_sealed(file) for file in content_files(workspace.state)]
    values = [count(database, name, place) for name, place in secrets()]
    return Standing(
        content=kept.content if kept else "off",
        source=wrapped_keys.source_of(folder),
        master=" or ".join(one.name for one in kept.masters) if kept else "",
        keys=len(keys) if keys else 0,
        rotating=kept is not None and len(kept.masters) > 1,
        sealed_files=sum(files),
        plain_files=len(files) - sum(files),
        sealed_values=sum(sealed for sealed, _ in values),
        plain_values=sum(plain for _, plain in values),
    )


def switch_on(workspace: Workspace, actor: Actor, source: str, ask: Ask, progress: Progress) -> None:
    """Encrypts all content of a workspace and whatever it stores from now on; the same call goes on after a kill.

    Raises:
        NotPermitted: the actor is no admin.
        BadOption, KeyUnusable: as `Keys.make` tells.
        Busy: somebody works in the workspace, or reads in its database for long.
    """
    demand_role(actor, (), "encrypt a workspace")
    with workspace.lock("encrypt"):
        Keys.make(workspace.folder, source, ask)
        convert(workspace, actor, "turning on", "on", ask, progress)


def switch_off(workspace: Workspace, actor: Actor, ask: Ask, progress: Progress) -> None:
    """Decrypts all content; the keys stay, for the vault. Raises as `switch_on` does."""
    demand_role(actor, (), "decrypt a workspace")
    with workspace.lock("encrypt"):
        convert(workspace, actor, "turning off", "off", ask, progress)


def rotate(workspace: Workspace, actor: Actor, source: str, ask: Ask, ask_new: Ask, fresh: bool = False) -> str:
    """Gives the workspace another master key, whoever works in it meanwhile; its name. Raises as `wrapped_keys.rotate` does."""
    demand_role(actor, (), "give a workspace another key")
    name = wrapped_keys.rotate(workspace.folder, source, ask, ask_new, fresh)
    sealer_of(workspace.folder).ask = ask_new
    note(workspace, actor, "rotate encryption key", {"key": name, "fresh": fresh})
    return name


def convert(
    workspace: Workspace,
    actor: Actor,
    during: wrapped_keys.Content,
    after: wrapped_keys.Content,
    ask: Ask,
    progress: Progress,
) -> None:
    """Brings every file and value into the state that is wanted, then notes that it is reached."""
    sealer = sealer_of(workspace.folder)
    sealer.ask = ask
    keys = sealer.must_have(f"The workspace '{workspace.folder}'")
    if keys.content == after:
        return
    wrapped_keys.set_content(workspace.folder, during, ask)
    for name in ("cache", "neighbours"):  # made again when wanted
        remove(workspace.state / name)
    remove_folders(workspace.state / "artifacts" / "folders")
    convert_files(sealer, workspace.state, after == "on", progress)
    for name, secret in secrets():
        convert_column(workspace.records.database, sealer, name, secret, after == "on")
    convert_files(sealer, workspace.state, after == "on", progress)  # what a server stored at the very moment of the change
    note(workspace, actor, "switch encryption " + after, {})
    leave_nothing(workspace.records.database)
    wrapped_keys.set_content(workspace.folder, after, ask)


def note(workspace: Workspace, actor: Actor, verb: str, detail: dict[str, Any]) -> None:
    """Says in the ledger who did it."""
    database = workspace.records.database
    with database.write() as session:
        append(session, actor.name, verb, workspace.folder.name, detail, database.clock())


# files


def content_files(state: Path) -> Iterator[Path]:
    """Artifacts, the models in bundles, checkpoints, and the secret that hashes of personal data hang on."""
    yield from sorted(path for path in (state / "artifacts").glob("??/*") if path.is_file() and not path.name.startswith("."))
    for pattern in ("state-*.safetensors", "tokenizer.json"):  # of trainings that were cut short
        for home in ("checkpoints", "searches"):
            yield from sorted((state / home).rglob(pattern))
    yield from (file for file in [state / NAME] if file.is_file())
    yield from sorted(path for path in (state / "releases").glob("*/model/**/*") if path.is_file())


def remove_folders(folders: Path) -> None:
    """Removes what artifacts were linked into; it is made again when wanted."""
    for path in folders.glob("*"):
        remove(path)


def convert_files(sealer: Sealer, state: Path, seals: bool, progress: Progress) -> None:
    """Writes every file anew that is not yet as it should be."""
    files = list(content_files(state))
    for place, file in enumerate(files):
        progress.step("encrypt" if seals else "decrypt", place, len(files), "files")
        convert_file(sealer, file, state, seals)


def convert_file(sealer: Sealer, file: Path, state: Path, seals: bool) -> None:
    """Writes a file anew, sealed or plain, in one step; does nothing when it is so already."""
    if sealer.is_sealed(file) == seals:
        return
    with storage_errors(f"'{file}'"), temporary(state) as new:
        if seals:
            sealer.seal_file(file, new)
        else:
            with sealer.open(file) as plain, new.open("wb") as target:
                shutil.copyfileobj(plain, target, 1 << 20)
        flush(new)
        new.chmod(file.stat().st_mode & 0o777)
        new.replace(file)
        flush(file.parent)


# values


def secrets() -> Iterator[tuple[str, str]]:
    """Table and name of every column that holds secrets."""
    for one in Table.metadata.sorted_tables:
        yield from ((one.name, found.name) for found in one.columns if isinstance(found.type, Secret))


def count(database: Database, name: str, secret: str) -> tuple[int, int]:
    """How many values of a column are sealed, and how many are not."""
    value = column(secret, Text)
    chosen = select(func.count()).select_from(table(name, value)).where(value.is_not(None))
    with database.read() as session:
        sealed = session.scalar(chosen.where(value.startswith(MARK))) or 0
        return sealed, (session.scalar(chosen) or 0) - sealed


def convert_column(database: Database, sealer: Sealer, name: str, secret: str, seals: bool) -> None:
    """Writes the values of a column anew, some hundred in a transaction."""
    number, value = column("number", Integer), column(secret, Text)
    rows = table(name, number, value)
    odd = not_(value.startswith(MARK)) if seals else value.startswith(MARK)
    chosen = select(number, value).where(value.is_not(None), odd).order_by(number).limit(CHUNK)
    context, more = f"{name}.{secret}".encode(), True
    while more:
        with database.write() as session:
            if database.engine.dialect.name == "sqlite":
                session.connection().exec_driver_sql("PRAGMA secure_delete=ON")
            found = session.execute(chosen).all()
            for key, text in found:
                anew = sealer.seal_text(sealer.unseal_text(text, context), context)
                session.execute(update(rows).where(number == key).values({secret: anew}))
            more = bool(found)


def leave_nothing(database: Database) -> None:
    """Writes the database's file anew and empties its log, so that no earlier value is left in either.

    Raises:
        Busy: somebody reads for longer than a writer is waited for.
    """
    engine = database.engine
    if engine.dialect.name != "sqlite":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for name in dict.fromkeys(name for name, _ in secrets()):
                connection.exec_driver_sql(f'VACUUM FULL "{name}"')
        return
    with closing(sqlite3.connect(str(engine.url.database), timeout=PATIENCE, isolation_level=None)) as own:
        own.execute("PRAGMA secure_delete=ON")
        own.execute("VACUUM")
        busy, _, _ = own.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise Busy("Somebody reads in the database, so its log cannot be emptied.", "The same command again goes on from here.")
