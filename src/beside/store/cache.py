"""Results that can always be measured again, kept by what they depend on. The folder may be deleted at any time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from beside.core import registry
from beside.core.errors import BesideError, StorageFailed
from beside.store.files import remove, storage_errors, sweep, whole_file
from beside.store.sealer import sealer_for

SHARED_CODE = ("core", "engine", "explainers", "perturbations", "data")  # what checks build on, beside their own file
MOST_ENTRIES = 2_000  # some 10 KB each; beyond it the oldest half goes


class Cache:
    """A folder of JSON files, each named by the hash of its key; written whole or not at all.

    Nothing depends on it: an entry that is damaged or cannot be written is as if it were not there.
    """

    def __init__(self, home: Path) -> None:
        self.home, self.sealer = home, sealer_for(home)
        sweep(home)

    def get(self, key: Any) -> Any | None:
        """What was kept under this key; None when nothing was, or it was damaged."""
        try:
            with self.sealer.open(self.place(key)) as file:
                kept = json.loads(file.read())
        except (OSError, ValueError, BesideError):
            return None
        whole = isinstance(kept, dict) and kept.get("sha256") == digest(kept.get("value"))
        return kept["value"] if whole else None

    def put(self, key: Any, value: Any) -> None:
        """Keeps plain data under a key; a full disk keeps nothing and stops nobody."""
        with suppress(StorageFailed):
            with storage_errors(f"'{self.home}'"):
                self.home.mkdir(mode=0o700, exist_ok=True)
            with whole_file(self.place(key)) as path, self.sealer.create(path) as file:
                file.write(json.dumps({"sha256": digest(value), "value": value}, ensure_ascii=False).encode())
            self.shrink()

    def shrink(self) -> None:
        """Removes the oldest half when there are too many entries."""
        files = list(self.home.glob("*.json"))
        if len(files) > MOST_ENTRIES:
            for file in sorted(files, key=lambda one: one.stat().st_mtime)[: len(files) // 2]:
                remove(file)

    def place(self, key: Any) -> Path:
        """The file of a key."""
        return self.home / f"{digest(key)}.json"


def digest(content: Any) -> str:
    """SHA-256 of plain data."""
    plain = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def code_of(name: str) -> str:
    """Hash of the check's file and of the code that checks share."""
    return code_behind("checks", [name], SHARED_CODE)


def code_behind(family: str, names: Iterable[str], shared: Iterable[str]) -> str:
    """Hash of the files of capabilities, of the parts that members of their family share, and of whole parts of the package.

    Args:
        shared: folders of the package, all of whose files count.
    """
    home = registry.HOME
    whole = [file for part in shared for file in (home / part).rglob("*") if file.is_file() and file.suffix != ".pyc"]
    helpers = (home / family).rglob("_*.py")
    files = sorted({*(registry.source(family, name) for name in names), *whole, *helpers})
    digests = (file.relative_to(home).as_posix().encode() + file.read_bytes() for file in files if file.is_relative_to(home))
    return hashlib.sha256(b"\0".join(hashlib.sha256(one).digest() for one in digests)).hexdigest()
