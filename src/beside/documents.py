"""What people write about a model, and the documents of its releases, through the loop."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from beside.cards import dossier, typeset
from beside.core.errors import Altered, BadInput, BadOption, UnknownName
from beside.core.interfaces import Progress
from beside.core.registry import unknown
from beside.core.statements import Statement, missing, stated
from beside.core.types import Actor, Release
from beside.store.artifacts import check_hash
from beside.store.bundle import read_manifest
from beside.store.records import Records


class Documents:
    """Part of `Loop`: statements of people, and the dossier of a release."""

    records: Records
    actor: Actor
    progress: Progress
    clock: Callable[[], datetime]

    def state(self, key: str, text: str, language: str = "en") -> Statement:
        """A person answers a question about the model; what was written before is kept. Counts from the next release on."""
        statement = stated(key, language, text, self.actor.name, self.clock())
        self.records.add_statement(self.actor, statement)
        return statement

    def statements(self) -> list[Statement]:
        """All that people wrote, the newest first."""
        return self.records.statements(self.actor)

    def missing_statements(self, release_id: str) -> list[str]:
        """Questions that nobody had answered when a release was sealed, those that its policy requires first."""
        found = self.records.release(self.actor, release_id)
        return missing(found.policy, sealed_keys(Path(found.bundle)))

    def dossier(self, release_id: str, name: str = "technical-file", format: str = "html", language: str = "en") -> Path:
        """A document of a release, after its bytes were checked against the manifest.

        Raises:
            BadOption: no such document, format or language.
            UnknownName: it is not in the bundle; the hint says why.
            Altered: it was changed.
        """
        for given, allowed, what in (
            (name, dossier.DOCUMENTS, "document"),
            (format, dossier.FORMATS, "format"),
            (language, ("en", "zh"), "language"),
        ):
            if given not in allowed:
                raise BadOption(f"There is no {what} '{given}'.", f"There are: {', '.join(allowed)}.")
        return self.document(release_id, f"{name}.{language}.{format}")

    def document(self, release_id: str, file: str) -> Path:
        """A document of a release by its file name, say `card.zh.pdf`. Raises as `dossier` does."""
        folder = Path(self.records.release(self.actor, release_id).bundle)
        name, sealed = f"{dossier.FOLDER}/{file}", read_manifest(folder)["files"]
        if name not in sealed:
            there = documents_of(self.records.release(self.actor, release_id))
            if file.endswith(".pdf") and file.replace(".pdf", ".html") in there:
                told = f"The document '{file}' is not in the bundle: no Chinese font was installed when it was released."
                raise UnknownName(told, typeset.HOW)
            raise unknown("document", file, there)
        check_hash(folder / name, sealed[name], name)
        return folder / name

    def tell_of_fonts(self) -> None:
        """Says that there are no Chinese PDFs, and what to do about it, when no font here can print them."""
        if told := typeset.without_chinese():
            self.progress.say(told)


def sealed_keys(bundle: Path) -> set[str]:
    """Keys of the statements in a bundle; none when it is gone or holds none: then nobody signs over any."""
    try:
        return {str(one["key"]) for one in json.loads((bundle / "statements.json").read_bytes())}
    except (OSError, ValueError, KeyError, TypeError, Altered, BadInput):
        return set()


def documents_of(release: Release) -> list[str]:
    """File names of the documents in a release's bundle, say `card.zh.pdf`; none when the bundle cannot be read."""
    try:
        sealed = read_manifest(Path(release.bundle))["files"]
    except (OSError, Altered, BadInput):
        return []
    return [name.removeprefix(f"{dossier.FOLDER}/") for name in sealed if name.startswith(f"{dossier.FOLDER}/")]
