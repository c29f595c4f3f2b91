"""A workspace: a folder of one team's data, its state in `.beside/`, and who may work in it at the moment."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from beside.core.errors import BadInput, Busy, StorageFailed
from beside.core.types import Actor
from beside.store.artifacts import Artifacts
from beside.store.chain import HEAD, Chain, Head, HeadFile, check_chain, export, read_head
from beside.store.database import now
from beside.store.files import alive, storage_errors, sweep, temporary
from beside.store.keyring import Keyring
from beside.store.keys import Key
from beside.store.ledger import hash_at, whole
from beside.store.people import People
from beside.store.permission import demand_role
from beside.store.records import Records
from beside.store.sealer import sealer_of
from beside.store.settings import SETTINGS as SETTINGS
from beside.store.settings import Settings as Settings
from beside.store.settings import read_settings as read_settings

STATE = ".beside"


@dataclass
class Workspace:
    """A folder opened for work. Made by `Workspace.open`; `close` gives the database's connections back."""

    folder: Path
    state: Path  # folder/.beside
    settings: Settings
    records: Records
    people: People
    artifacts: Artifacts
    keys: Keyring
    _held: threading.local = field(default_factory=threading.local, repr=False)

    @classmethod
    def open(cls, folder: Path, create: bool = True) -> Workspace:
        """Opens the workspace in a folder, and makes it when there is none.

        Raises:
            BadInput: not a folder, or no workspace is there and `create` is off.
            BadOption: beside.toml holds something unknown.
            StorageFailed: the folder cannot be written to.
        """
        folder = folder.expanduser().absolute()
        state = folder / STATE
        try:
            settings = read_settings(folder)
            make_state(folder, state, create)
            sealer_of(folder).keys()  # a lost key is told of before any work begins
        except OSError as error:  # a folder that may not even be looked into, a name that is too long
            what = f"The workspace '{folder}' cannot be opened: {error.strerror or error}."
            raise StorageFailed(what, "Give yourself permission, or use another --workspace.") from error
        records = Records(settings.database or URL.create("sqlite", database=str(state / "records.sqlite")))
        keys = Keyring(state / "keys", folder.name, records.database)
        records.database.state = state
        records.database.sealer = sealer_of(folder)
        records.database.noted = HeadFile(state / HEAD, keys, partial(hash_at, records.database.engine))
        return cls(folder, state, settings, records, People(records.database), Artifacts(state / "artifacts"), keys)

    @property
    def bundles(self) -> Path:
        """Folder of the releases' bundles."""
        return self.state / "releases"

    @property
    def checkpoints(self) -> Path:
        """Folder of what a killed training goes on from."""
        return self.state / "checkpoints"

    @contextmanager
    def lock(self, verb: str) -> Iterator[None]:
        """Alone at work in this workspace; the thread that holds the lock may take it again.

        Raises:
            Busy: another process, or another thread, works; the message says who, on what, and since when.
        """
        if getattr(self._held, "verb", None):
            yield
            return
        with storage_errors(f"'{self.state / 'lock'}'"):
            handle = os.open(self.state / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not taken(handle):
                raise self._busy()
            note(handle, {"process": os.getpid(), "verb": verb, "since": now().isoformat()})
            self._held.verb = verb
            yield
        finally:
            if getattr(self._held, "verb", None):
                os.ftruncate(handle, 0)
            self._held.verb = None
            os.close(handle)  # gives the lock up; the system does so for a process that was killed

    def report_progress(self, progress: dict[str, Any] | None) -> None:
        """Tells every process how far the work is; None when it is done."""
        file = self.state / "progress.json"
        with storage_errors(f"'{file}'"):
            if progress is None:
                file.unlink(missing_ok=True)
                return
            with temporary(self.state) as path:  # replaced in one step but not flushed: nobody needs it after a power cut
                path.write_text(json.dumps({"process": os.getpid(), "progress": progress}, ensure_ascii=False), encoding="utf-8")
                path.replace(file)

    def progress(self) -> dict[str, Any] | None:
        """How far the work is, as whoever works told last; None when nobody works, also after a worker was killed."""
        told = read_note(self.state / "progress.json")
        if told is None or not alive(told["process"]):
            return None
        progress: dict[str, Any] = told["progress"]
        return progress

    def check_ledger(self) -> Chain:
        """Computes every link of the ledger again and compares its end with the signed head. Raises as `check_chain` tells."""
        engine = self.records.database.engine
        return check_chain(lambda: whole(engine), read_head(self.state / HEAD), self.keys.known())

    def export_ledger(self, actor: Actor, file: Path) -> Head:
        """Writes the ledger for another machine, once it was checked.

        Raises:
            NotPermitted: it takes an admin, a privacy officer or a reviewer.
            Altered: the ledger is not whole.
        """
        demand_role(actor, ("privacy_officer", "reviewer"), "export the ledger")
        self.check_ledger()
        return export(file, whole(self.records.database.engine), self.keys, now())

    def close(self) -> None:
        """Gives the database's connections and the memory of decrypted files back."""
        self.artifacts.close()
        self.records.close()

    def _busy(self) -> Busy:
        holder = read_note(self.state / "lock")
        who = "another process"  # one that took the lock this very moment
        if holder:
            who = f"`beside {holder['verb']}` (process {holder['process']}) since {clock_time(holder['since'])}"
        return Busy(f"The workspace '{self.folder}' is busy: {who}.", "Wait for it, or use another --workspace.")


def trusted_keys(folder: Path) -> tuple[Key, ...]:
    """The public keys that are trusted in a folder, without opening the workspace; none when there is none."""
    return Keyring(folder.expanduser().absolute() / STATE / "keys").known()


def make_state(folder: Path, state: Path, create: bool) -> None:
    """Makes sure that a workspace's folders are there and can be written to. Raises as `Workspace.open` tells."""
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"'{folder}' is a file, not a folder.", "Give a folder, for example --workspace .")
    if not create and not state.is_dir():
        raise BadInput(f"There is no workspace in '{folder}'.", "Make one with `beside new`, or give another --workspace.")
    with storage_errors(f"the workspace '{folder}'"):
        folder.mkdir(parents=True, exist_ok=True)
        state.mkdir(mode=0o700, exist_ok=True)  # it holds confidential text: nobody else on the machine may read it
        for name in ("releases", "checkpoints"):
            (state / name).mkdir(exist_ok=True)
    if not os.access(state, os.W_OK | os.X_OK):
        hint = "Give yourself write permission, or use another --workspace."
        raise StorageFailed(f"The workspace '{folder}' cannot be written to.", hint)
    sweep(state)
    sweep(state / "releases")


def taken(handle: int) -> bool:
    """Takes the lock of an open file unless somebody else has it; whether that worked."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def note(handle: int, content: dict[str, Any]) -> None:
    """Writes JSON in place of what an open file holds."""
    os.ftruncate(handle, 0)
    os.pwrite(handle, json.dumps(content).encode(), 0)


def read_note(file: Path) -> dict[str, Any] | None:
    """The JSON in a file; None when there is none, or not yet."""
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return content


def clock_time(iso: str) -> str:
    """A time as people here say it: hours and minutes, with the date when it was not today."""
    local = datetime.fromisoformat(iso).astimezone()
    return local.strftime("%H:%M" if local.date() == datetime.now().astimezone().date() else "%Y-%m-%d %H:%M")
