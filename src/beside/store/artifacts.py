"""Content-addressed files: an artifact's name is the SHA-256 of its bytes, so it can be written once and checked for ever."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beside.core.errors import Altered, BadInput, UnknownName
from beside.store.files import DAMAGED, files_below, flush, remove, safe_name, shred, storage_errors, sweep, temporary
from beside.store.memory import Held, memory_file
from beside.store.sealer import sealer_for

ID = re.compile(r"[0-9a-f]{64}")


@dataclass
class NewFile:
    """A file in the making: write to `path`; `id` is there once the block has ended well."""

    path: Path
    id: str = ""


class Artifacts:
    """A folder of artifacts, `ab/abcdef...`, read-only once written; every read checks the hash.

    In a workspace that encrypts they lie sealed, and what gives a path gives one to a decrypted file in memory. Names and hashes
    are those of the content, sealed or not.

    Args:
        home: the folder; made if it is not there.

    Raises:
        StorageFailed: the folder cannot be made.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folders = home / "folders"  # artifacts under their real names, for libraries that want a folder
        with storage_errors(f"'{home}'"):
            self.folders.mkdir(parents=True, exist_ok=True)
        sweep(home)
        sweep(self.folders)
        self.sealer, self.held = sealer_for(home), Held()

    def put_bytes(self, content: bytes) -> str:
        """Stores bytes; the same bytes are stored once.

        Raises:
            StorageFailed: the disk is full or refuses the write; nothing is left behind.
        """
        with self.new_file() as new:
            new.path.write_bytes(content)
        return new.id

    def put_json(self, content: Any) -> str:
        """Stores plain data as JSON with sorted keys, so that equal data gets an equal id."""
        return self.put_bytes(json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode())

    def put_file(self, file: Path) -> str:
        """Stores a copy of a file, whole or not at all.

        Raises:
            BadInput: there is no such file.
        """
        if not file.is_file():
            raise BadInput(f"There is no file '{file}'.", "Give the path of a file.")
        with self.new_file() as new:
            shutil.copyfile(file, new.path)
        return new.id

    def put_folder(self, folder: Path) -> str:
        """Stores every file below a folder; the id is that of the JSON tree {relative name: id}.

        Raises:
            BadInput: there is no such folder, or no file in it.
        """
        tree = {name: self.put_file(file) for name, file in files_below(folder).items()} if folder.is_dir() else {}
        if not tree:
            raise BadInput(f"There is no file in the folder '{folder}'.", "Give a folder with at least one file.")
        return self.put_json(tree)

    @contextmanager
    def new_file(self) -> Iterator[NewFile]:
        """A file to write to at `.path`; stored when the block ends well, and `.id` tells its name afterwards.

        Raises:
            StorageFailed: the disk is full or refuses the write; nothing is left behind.
        """
        seals = self.sealer.sealing() is not None
        with storage_errors("an artifact"), temporary(self.home) as path, memory_file(path) if seals else nullcontext():
            new = NewFile(path)
            yield new
            new.id = self.sealer.hash(path)
            target = self.place(new.id)
            if target.is_file() and self.sealer.hash(target) == new.id:
                return
            with temporary(self.home) if seals else nullcontext(path) as ready:
                if seals:
                    self.sealer.seal_file(path, ready)
                self._settle(ready, target)

    def path(self, id: str) -> Path:
        """Where an artifact lies, after its bytes were checked; a decrypted one lies in memory until others take its place.

        Raises:
            UnknownName: there is no such artifact here.
            Altered: its bytes are not what was stored.
        """
        file = self._there(id)
        if self.sealer.is_sealed(file):
            return self.held.get(id, self._new_folder(), [(id, file, id)]) / id
        check_hash(file, id, str(file))
        return file

    def read_bytes(self, id: str) -> bytes:
        """An artifact's bytes. Raises as `path` does."""
        with self.sealer.open(self._there(id)) as plain:
            content = plain.read()
        if hashlib.sha256(content).hexdigest() != id:
            raise self.sealer.refusal(self.place(id), str(self.place(id)))
        return content

    def read_json(self, id: str) -> Any:
        """An artifact as plain data. Raises as `path` does."""
        return json.loads(self.read_bytes(id))

    def folder(self, id: str) -> Path:
        """A folder with the real file names of a stored folder, every file checked.

        The files are links to the artifacts (copies where the disk knows no links): read them, never write to them.

        Raises:
            UnknownName: there is no such artifact here.
            Altered: a file was changed, is missing or was added; the message names it.
        """
        tree: dict[str, str] = self.read_json(id)
        files = [(name, self._there(one), one) for name, one in tree.items()]
        if any(self.sealer.is_sealed(file) for _, file, _ in files):
            return self.held.get(id, self._new_folder(), files)
        folder = self.folders / id
        if not folder.is_dir():
            self._lay_out(tree, folder)
        here = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()}
        for name in sorted(here.keys() ^ tree.keys()):
            state = "was added" if name in here else "is missing"
            raise Altered(f"The file '{name}' {state} in '{folder}'.", "Remove that folder; it is made again from the artifacts.")
        for name, expected in tree.items():
            check_hash(here[name], expected, f"{folder.name}/{name}")
        return folder

    def erase(self, id: str) -> int:
        """Deletes an artifact for good, with the folder that was laid out from it; its size in bytes, 0 when it is not there."""
        remove(self.folders / id)
        file = self.place(id)
        if not file.is_file():
            return 0
        size = file.stat().st_size
        shred(file)
        return size

    def ids(self) -> Iterator[str]:
        """The id of every artifact here."""
        yield from (file.name for file in sorted(self.home.glob("[0-9a-f][0-9a-f]/*")) if ID.fullmatch(file.name))

    def _lay_out(self, tree: dict[str, str], folder: Path) -> None:
        with storage_errors(f"'{folder}'"), temporary(self.folders) as new:
            for name, id in tree.items():
                target = new / safe_name(name)
                target.parent.mkdir(parents=True, exist_ok=True)
                link_or_copy(self.path(id), target)
            # another process may have been quicker: its folder is the same
            with suppress(FileExistsError):
                rename_new(new, folder)

    def close(self) -> None:
        """Gives back the memory of decrypted artifacts."""
        self.held.close()

    def _settle(self, file: Path, target: Path) -> None:
        """Gives a finished file its name."""
        flush(file)
        file.chmod(0o444)
        target.parent.mkdir(exist_ok=True)
        file.replace(target)
        flush(target.parent)
        flush(self.home)

    def _new_folder(self) -> Path:
        with temporary(self.folders) as path:  # a name that is swept when this process is gone
            return path

    def _there(self, id: str) -> Path:
        file = self.place(id)
        if not file.is_file():
            raise UnknownName(f"There is no artifact '{id}' in '{self.home}'.", "It was deleted, or belongs to another workspace.")
        return file

    def place(self, id: str) -> Path:
        """Where an artifact lies, if it is there. Raises UnknownName: that is no id."""
        if not ID.fullmatch(id):  # also keeps `../` out of paths
            raise UnknownName(f"'{id}' is not the id of an artifact.", "An artifact's id is 64 hexadecimal characters.")
        return self.home / id[:2] / id


def check_hash(file: Path, expected: str, name: str) -> None:
    """Does nothing when what the file holds, unsealed, is what it was.

    Raises:
        Altered: its SHA-256 is another one, or it is a link; the message says the name.
    """
    if file.is_symlink():
        raise Altered(f"The file '{name}' was altered: it is a link.", DAMAGED)
    if sealer_for(file).hash(file) != expected:
        raise sealer_for(file).refusal(file, name)


def link_or_copy(source: Path, target: Path) -> None:
    """A hard link, or a copy where the disk knows no links."""
    try:
        os.link(source, target)
    except OSError:
        remove(target)
        shutil.copyfile(source, target)
        target.chmod(0o444)


def rename_new(new: Path, folder: Path) -> None:
    """Gives a finished folder its name in one step, its names safely on the disk.

    Raises:
        FileExistsError: there is a folder of that name with something in it.
    """
    for path in [new, *(path for path in new.rglob("*") if path.is_dir())]:
        flush(path)
    try:
        new.rename(folder)
    except OSError as error:  # "directory not empty" on Linux
        if folder.is_dir():
            raise FileExistsError(str(folder)) from error
        raise
    flush(folder.parent)
