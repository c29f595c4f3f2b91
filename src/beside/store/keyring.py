"""The keys of a workspace: its own, those of its people, and the public parts from elsewhere that it trusts.

Trust comes from here alone. A public key that travels in a bundle says which key to look for, never that it may be believed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from beside.core.errors import BadInput, KeyUnusable, NotPermitted, UnknownName
from beside.core.types import Actor
from beside.store.database import Database, now
from beside.store.files import whole_file
from beside.store.keys import PASSPHRASE, Key, Kind, fingerprint, load_private, must_be_private, new_private, signed
from beside.store.ledger import append
from beside.store.permission import demand_role
from beside.store.trust import FORMAT, read_public, words_of

REGISTER = "keys.json"
KEYS = TypeAdapter(tuple[Key, ...])


class Keyring:
    """Keys in a folder of mode 0700: a register of public parts, and one PEM file for each private part.

    Args:
        home: the folder, `.beside/keys`; made with the first key.
        name: what the workspace's own key is called.
        database: where what people do with keys is noted; None = nowhere.
        ask: what is being unlocked -> passphrase; None = there is none.
        clock: the time, passed in.
    """

    def __init__(
        self,
        home: Path,
        name: str = "",
        database: Database | None = None,
        ask: Callable[[str], str | None] | None = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self.home, self.name, self.database, self.clock = home, name, database, clock
        self.ask = ask or (lambda what: os.environ.get(PASSPHRASE) or None)
        self._loaded: dict[str, tuple[tuple[int, int], Any]] = {}
        self._read: tuple[tuple[int, ...], tuple[Key, ...]] = ((), ())
        self._one = threading.RLock()

    # what is known

    def known(self) -> tuple[Key, ...]:
        """Every public key that this workspace knows, in the order they came.

        Raises:
            KeyUnusable: the register was damaged.
        """
        file = self.home / REGISTER
        try:
            told = file.stat()
            stamp = (told.st_mtime_ns, told.st_ino, told.st_ctime_ns)
            if self._read[0] != stamp:
                self._read = (stamp, KEYS.validate_json(file.read_bytes()))
            return self._read[1]
        except FileNotFoundError:
            return ()
        except ValidationError as error:
            raise KeyUnusable(f"The register of keys '{file}' was damaged.", "Restore it from a backup.") from error

    def by_public(self, public: str) -> Key | None:
        """What is known of a public key; a revocation outlasts whatever else is said of it."""
        found = [key for key in self.known() if key.public == public]
        return next((key for key in found if key.status == "revoked"), found[0] if found else None)

    def active(self, kind: Kind, owner: str | None = None) -> Key | None:
        """The key with which the workspace, or a person, signs now."""
        mine = (key for key in self.known() if key.ours and key.kind == kind and key.status == "active")
        return next((key for key in mine if owner is None or key.owner == owner), None)

    def of_workspace(self) -> Key:
        """The key of the workspace; made when there never was one."""
        with self._one:
            return self.active("workspace") or self._first()

    def find(self, named: str) -> Key:
        """A key by the beginning of its fingerprint, by a person's name, or `workspace`; an active one before others.

        Raises:
            UnknownName: there is none.
        """
        keys = self.known()
        fits = [key for key in keys if key.kind == "workspace" and key.ours] if named == "workspace" else []
        fits = fits or [key for key in keys if key.kind == "person" and key.owner == named]
        fits = fits or [key for key in keys if len(named) >= 6 and key.id.startswith(named.lower())]
        if not fits:
            raise UnknownName(
                f"There is no key '{named}'.", "`beside keys list` shows them; name a person, a fingerprint, or 'workspace'."
            )
        return next((key for key in fits if key.status == "active"), fits[-1])

    # signing

    def sign(self, key: Key, purpose: str, content: Any) -> str:
        """Base64 of a signature over plain data by a private key that is here.

        Raises:
            KeyUnusable: it is lost, locked, or not kept safely.
        """
        return signed(self._private(key), purpose, content)

    def _private(self, key: Key) -> Any:
        what = words_of(key)
        remedy = f"Restore it from a backup, or: beside keys rotate {'workspace' if key.kind == 'workspace' else key.owner}"
        told = must_be_private(self.file_of(key), what, remedy)
        stamp = (told.st_mtime_ns, told.st_ino)
        with self._one:
            held = self._loaded.get(key.id)
            if held is None or held[0] != stamp:
                held = (stamp, self._unlocked(key, what))
                self._loaded[key.id] = held
        return held[1]

    def _unlocked(self, key: Key, what: str) -> Any:
        locked = b"ENCRYPTED" in self.file_of(key).read_bytes()[:64]
        return load_private(self.file_of(key), self.ask(what) if locked else None, what)

    def file_of(self, key: Key) -> Path:
        """Where the private part of a key lies."""
        return self.home / f"{key.id}.pem"

    # what people do with keys

    def new(self, actor: Actor, owner: str | None = None, passphrase: str | None = None) -> Key:
        """Makes a person's key, or with no name the workspace's.

        Raises:
            BadInput: there is one already, or the person's name is empty.
            NotPermitted: the key is for another person, and the actor is no admin.
        """
        self._allow(actor, owner, "make a key")
        if owner is not None and (not owner.strip() or owner == "workspace"):
            raise BadInput(f"'{owner}' is no person's name.", "Give the name that the person signs in with.")
        with self._one:
            if there := self.active("person" if owner is not None else "workspace", owner):
                raise BadInput(f"There is {words_of(there)} already.", "Use it, or make another in its place: beside keys rotate")
            made = self._make(owner, passphrase)
        self._note(actor, "new key", made)
        return made

    def rotate(self, actor: Actor, named: str, passphrase: str | None = None) -> Key:
        """Makes a new key in place of an old one, which signs no more; what it signed stands."""
        old = self._own(named)
        self._allow(actor, old.owner if old.kind == "person" else None, "rotate a key")
        with self._one:
            if old.status == "active":
                self._change(old, "retired")
            made = self._make(old.owner if old.kind == "person" else None, passphrase)
        self._note(actor, "rotate key", made, {"before": old.id})
        return made

    def revoke(self, actor: Actor, named: str) -> Key:
        """Ends a key for good: nothing that it ever signed stands, because nobody can tell any more who signed it."""
        old = self.find(named)
        self._allow(actor, old.owner if old.kind == "person" and old.ours else None, "revoke a key")
        with self._one:
            ended = self._change(old, "revoked")
        self._note(actor, "revoke key", ended)
        return ended

    def trust(self, actor: Actor, file: Path) -> list[Key]:
        """Trusts the public keys in a file that `beside keys export` wrote; the keys, to be compared with what their owners say.

        Raises:
            BadInput: it is no such file, or a fingerprint in it is not its key's.
        """
        self._allow(actor, None, "trust a key")
        given = read_public(file)
        with self._one:
            here = {key.public: key for key in self.known()}
            for key in given:
                if key.public in here and (here[key.public].ours or key.status != "revoked"):
                    continue  # what is known here stands; only a revocation from elsewhere is taken over
                here[key.public] = key.model_copy(update={"ours": False})
            self._write(tuple(here.values()))
        for key in given:
            self._note(actor, "trust key", key)
        return given

    def export(self, named: Sequence[str] = ()) -> dict[str, Any]:
        """The public parts of the keys that were made here, or of those named, as `beside keys trust` reads them."""
        chosen = [self.find(name) for name in named] or [key for key in self.known() if key.ours]
        if not chosen:
            raise BadInput(
                "There is no key yet.", "Make one with `beside keys new`; the first release makes the workspace's as well."
            )
        return {"format": FORMAT, "keys": [key.model_dump(mode="json", exclude={"ours"}) for key in chosen]}

    # the register

    def _own(self, named: str) -> Key:
        found = self.find(named)
        if not found.ours:
            raise BadInput(
                f"{words_of(found).capitalize()} was made elsewhere.", "It can be revoked here, and rotated where it was made."
            )
        return found

    def _first(self) -> Key:
        if any(key.ours and key.kind == "workspace" for key in self.known()):
            raise KeyUnusable("The key of the workspace was revoked.", "Make another: beside keys rotate workspace")
        return self._make(None, os.environ.get(PASSPHRASE))  # nobody is asked in the middle of other work

    def _make(self, owner: str | None, passphrase: str | None) -> Key:
        made_at = self.clock()
        with_name: dict[str, Any] = {
            "kind": "workspace" if owner is None else "person",
            "owner": owner or self.name,
            "made_at": made_at,
        }
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        waiting = self.home / f".making-{os.getpid()}-{threading.get_ident()}.pem"
        public = new_private(waiting, passphrase)
        key = Key(id=fingerprint(public), public=public, **with_name)
        waiting.replace(self.file_of(key))
        self._write((*self.known(), key))
        return key

    def _change(self, key: Key, status: str) -> Key:
        changed = key.model_copy(update={"status": status, "changed_at": self.clock()})
        self._write(tuple(changed if one.public == key.public else one for one in self.known()))
        self.file_of(key).unlink(missing_ok=True)  # what is not there cannot be stolen, nor used again
        self._loaded.pop(key.id, None)
        return changed

    def _write(self, keys: tuple[Key, ...]) -> None:
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with whole_file(self.home / REGISTER) as path:
            path.write_bytes(KEYS.dump_json(keys, indent=2))

    def _allow(self, actor: Actor, person: str | None, doing: str) -> None:
        if person is None:
            demand_role(actor, (), doing)
        elif not actor.roles or (actor.name != person and not actor.may("admin")):
            raise NotPermitted(f"'{actor.name}' may not {doing} for '{person}'.", "Only that person and an admin may.")

    def _note(self, actor: Actor, verb: str, key: Key, more: Mapping[str, str] | None = None) -> None:
        if self.database is not None:
            with self.database.write() as session:
                detail = {"kind": key.kind, "owner": key.owner, "public": key.public, **(more or {})}
                append(session, actor.name, verb, key.id, detail, self.clock())
