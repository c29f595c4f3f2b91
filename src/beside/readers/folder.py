"""A folder with one file per split: train, dev (or validation, tune) and test, of any kind that another reader takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from beside.core import registry
from beside.core.columns import split_of
from beside.core.errors import BadInput
from beside.core.interfaces import RawRow, Refused


class Folder:
    """The rows of every file that is named like a split, which becomes the column `split`; other files are passed over."""

    def takes(self, source: str) -> bool:
        """Whether it is a folder."""
        return Path(source).is_dir()

    def notes(self, source: str) -> tuple[str, ...]:
        """Which files are read, and what their readers found. Raises as `rows` does."""
        found = files(Path(source))
        theirs = [f"{file.name}: {note}" for file, reader in found for note in reader.notes(str(file))]
        return (f"Files read: {', '.join(file.name for file, _ in found)}; line numbers are counted in each.", *theirs)

    def rows(self, source: str) -> Iterator[RawRow | Refused]:
        """Rows of all files, training first.

        Raises:
            BadInput: no such files, two for the same split, or one that cannot be read.
        """
        for file, reader in files(Path(source)):
            split = str(split_of(stem(file)))
            for row in reader.rows(str(file)):
                if isinstance(row, RawRow):
                    yield replace(row, cells={**row.cells, "split": split})
                else:
                    yield replace(row, why=f"{file.name}: {row.why}")


def files(folder: Path) -> list[tuple[Path, Any]]:
    """Files that are named like a split, with their readers; training first, then in the order of their names.

    Raises:
        BadInput: there are none, or two for the same split.
    """
    readers = [registry.load("readers", name) for name in registry.names("readers") if name != "folder"]
    found: dict[str, tuple[Path, Any]] = {}
    for file in sorted(folder.iterdir()):
        reader = next((reader for reader in readers if reader.takes(str(file))), None)
        split = split_of(stem(file))
        if reader is None or split is None or not file.is_file():
            continue
        if split in found:
            raise BadInput(f"Both '{found[split][0].name}' and '{file.name}' are for {split}.", "Leave one file for each split.")
        found[split] = (file, reader)
    if "train" not in found:
        raise BadInput(f"The folder '{folder}' has no file for training.", "Name files train, dev and test, for example train.csv.")
    return [found[split] for split in ("train", "tune", "test") if split in found]


def stem(file: Path) -> str:
    """A file's name without its endings."""
    return file.name.split(".", 1)[0]


reader = Folder()
