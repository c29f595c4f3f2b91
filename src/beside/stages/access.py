"""A person -> everything that is kept of them, for them to read and to take along (GDPR Art. 15 and 20, PIPL Art. 45)."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from beside.core.statements import Statement, current
from beside.core.types import Corpus, Example, Release, Run, Split
from beside.store.files import whole_file

FORMAT = "beside-access/1"
# what only people can say of the processing, by the key of its question
ASKED = ("intended_purpose", "responsible", "contact", "legal_basis", "data_collection", "data_distribution", "retention")
COLUMNS = ("corpus", "split", "id", "text", "pair", "target", "groups", "person", "origin", "taken_in", "purpose", "legal_basis")
RIGHTS = (
    "You may have errors corrected, have this erased or its use restricted, object to its use, and complain to a supervisory "
    "authority. Ask the contact named under `processing`."
)


def told(
    rows: Iterable[tuple[Corpus, Split, Example]],
    *,
    asked_and_answered: Sequence[dict[str, Any]],
    quoted: Sequence[dict[str, Any]],
    vault: Sequence[dict[str, Any]],
    runs: Sequence[Run],
    releases: Sequence[Release],
    statements: Sequence[Statement],
    now: datetime,
) -> dict[str, Any]:
    """Plain data under plain names.

    Args:
        rows: of the person, each with its corpus and split.
        asked_and_answered: questions to models, with their answers and what people said of those.
        quoted: words of other people that quote the person.
        vault: values that pseudonyms in their rows stand for.
        runs: trained on the rows.
        releases: of those runs.
        statements: of people about the processing.
    """
    said = [one for one in current(statements) if one.key in ASKED]
    return {
        "format": FORMAT,
        "made_at": now.isoformat(),
        "rows": [row_of(*one) for one in rows],
        "questions": list(asked_and_answered),
        "quoted": list(quoted),
        "vault": list(vault),
        "used_for": {
            "runs": [{"id": run.id, "corpus": run.corpus_id, "made_at": run.made_at.isoformat()} for run in runs],
            "releases": [{"id": one.id, "run": one.run_id, "state": one.state} for one in releases],
        },
        "processing": {
            **{key: [{"language": one.language, "text": one.text} for one in said if one.key == key] for key in ASKED},
            "not_written": [key for key in ASKED if all(one.key != key for one in said)],
            "rights": RIGHTS,
        },
    }


def row_of(corpus: Corpus, split: Split, row: Example) -> dict[str, Any]:
    """One row with where it stands and for what it may be used."""
    where = {"corpus": corpus.name, "split": split, "taken_in": corpus.made_at.isoformat()}
    return {**where, "purpose": corpus.purpose, "legal_basis": corpus.legal_basis, **row.model_dump(mode="json")}


def entries(content: dict[str, Any]) -> int:
    """How many entries there are about the person."""
    return sum(len(content[name]) for name in ("rows", "questions", "quoted", "vault"))


def write(content: dict[str, Any], file: Path) -> None:
    """Writes all of it as JSON, or as a zip file with the rows as a table besides.

    Raises:
        StorageFailed: the disk is full or refuses the write.
    """
    with whole_file(file.absolute()) as path:
        path.touch(mode=0o600)
        path.write_bytes(as_json(content) if file.suffix == ".json" else as_zip(content))


def as_json(content: dict[str, Any]) -> bytes:
    """All of it as JSON."""
    return json.dumps(content, ensure_ascii=False, indent=2).encode() + b"\n"


def as_zip(content: dict[str, Any]) -> bytes:
    """All of it as a zip file: JSON, and the rows as a table besides."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("everything.json", as_json(content))
        packed.writestr("rows.csv", as_table(content["rows"]))
    return made.getvalue()


def as_table(rows: Sequence[dict[str, Any]]) -> bytes:
    """Rows as CSV in UTF-8 with a byte order mark, which spreadsheets need; a cell that begins a formula gets an apostrophe."""
    stream = io.StringIO()
    table = csv.writer(stream)
    table.writerow(COLUMNS)
    table.writerows([cell(row.get(name)) for name in COLUMNS] for row in rows)
    return b"\xef\xbb\xbf" + stream.getvalue().encode()


def cell(value: Any) -> str:
    """One value as text that no spreadsheet executes."""
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
