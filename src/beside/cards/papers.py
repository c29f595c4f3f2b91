"""Documents that belong to no release: the certificate of an erasure. Printed as those of a release are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from beside.cards.blocks import Block, Document, Pair, Pairs, Section, Table, Text
from beside.cards.dossier import printed
from beside.cards.numbers import count, number
from beside.cards.words import LANGUAGES, Words
from beside.core.erasure import Erasure, Membership

PLACES = (  # how the loop tells of what only people can erase, and the sentence that says it in the language of a document
    (r"the file '(?P<file>.*)' in the workspace's folder", "a_file"),
    (r"the export of (?P<release>\S+) to '(?P<file>.*)' on (?P<date>\S+) by (?P<who>.*)", "an_export"),
    (r"the backup '(?P<told>.*)'", "a_backup"),
)


def certificate(erasure: Erasure) -> dict[str, bytes]:
    """The certificate as pages that people read: `ID.en.html`, `ID.zh.html` and the same as Markdown."""
    files: dict[str, bytes] = {}
    for language in LANGUAGES:
        files |= printed(certificate_in(erasure, Words(language)), f"{erasure.id}.{{language}}", up="")
    return files


def certificate_in(erasure: Erasure, words: Words) -> Document:
    """The certificate in one language."""
    date = erasure.ended_at.date().isoformat()
    outcome = "lead_complete" if erasure.complete else "lead_left"
    lead = say(words, outcome, date=date, workspace=erasure.workspace, n=len(erasure.remaining))
    identity = [
        ("number", erasure.id),
        ("workspace", erasure.workspace),
        ("person", erasure.person),
        ("basis", say(words, erasure.basis)),
        ("who", erasure.who),
        ("asked", f"{erasure.asked_at:%Y-%m-%d %H:%M} UTC"),
        ("ended", f"{erasure.ended_at:%Y-%m-%d %H:%M} UTC"),
    ]
    parts: list[tuple[str, list[Block]]] = [
        ("removed", [Text(text=say(words, "whose"), muted=True), removed(erasure, words)]),
        ("stones", [stones(erasure, words)]),
        ("membership", memberships(erasure, words)),
        ("search", searched(erasure, words)),
        ("signature", [Pairs(rows=[Pair(name=say(words, "key"), value=erasure.key)])]),
    ]
    sections = [
        Section(mark=str(place), title=say(words, name), notes=[say(words, f"{name}_note")], blocks=blocks)
        for place, (name, blocks) in enumerate(parts, 1)
    ]
    rows = [Pair(name=say(words, name), value=value) for name, value in identity]
    return paper("certificate", words, say(words, "title"), lead, erasure.id, date, rows, sections)


def paper(
    name: str,
    words: Words,
    title: str,
    lead: str,
    id: str,
    date: str,
    identity: Sequence[Pair],
    sections: Sequence[Section],
    label: str = "",
) -> Document:
    """A document with all that every document has.

    Args:
        name: of the document.
        id: what it is known by.
        date: ISO date of the newest record in it.
        label: what kind of document it is; empty = the word of its name among the rights of a person.
    """
    other = Words(LANGUAGES[1 - LANGUAGES.index(words.language)])
    pages = {"n": "{n}", "all": "{all}"}  # filled in by whatever counts the pages
    return Document(
        name=name, language=words.language, tag=words("tag"), label=label or say(words, name), title=title, lead=lead,
        release=id, date=date, dated=words.of("document", "dated", date=date), colon=Markup(words("colon")), limit=words("limit"),
        contents=words.of("document", "contents"), page=words.of("document", "page", **pages), other=words("other"),
        other_tag=other("tag"), identity=identity, sections=sections,
    )  # fmt: skip


def say(words: Words, key: str, **values: Any) -> str:
    """A sentence about the rights of a person."""
    return words.of("rights", key, **values)


def removed(erasure: Erasure, words: Words) -> Table:
    """How many of each kind."""
    rows = [[words.name("rights", kind), count(n)] for kind, n in erasure.removed.items()]
    return Table(columns=[say(words, "kind"), say(words, "count")], rows=rows, ends=(1,))


def stones(erasure: Erasure, words: Words) -> Table:
    """What was erased, and what took its place."""
    columns = [say(words, name) for name in ("thing", "id", "successor")]
    rows = [[say(words, one.thing), one.id, one.successor or say(words, "nothing")] for one in erasure.tombstones]
    return Table(columns=columns, rows=rows, codes=(1, 2))


def memberships(erasure: Erasure, words: Words) -> list[Block]:
    """What the attacks found, or why there was none."""
    if not erasure.membership:
        return [Text(text=say(words, "no_model"))]
    columns = [say(words, name) for name in ("run", "when", "area")]
    return [Table(columns=columns, rows=[[one.run, say(words, one.when), told(one, words)] for one in erasure.membership])]


def told(one: Membership, words: Words) -> str:
    """One attack with its interval and n, or why it says nothing."""
    if one.value is None or one.low is None or one.high is None:
        return say(words, "few", n=one.n) if one.why_not.startswith("Not enough") else say(words, "not_measured", why=one.why_not)
    return f"{number(one.value)} [{number(one.low)}, {number(one.high)}], n = {one.n}"


def searched(erasure: Erasure, words: Words) -> list[Block]:
    """What the search went through and found."""
    told = {name: count(n) for name, n in erasure.searched.items()}
    rows = [
        Pair(name=say(words, "search"), value=say(words, "searched", **told)),
        Pair(name=say(words, "remaining"), value="; ".join(erasure.remaining) or say(words, "nowhere")),
    ]
    rows += [Pair(name=say(words, "yours"), value="; ".join(place(one, words) for one in erasure.yours))] if erasure.yours else []
    return [Pairs(rows=rows), *(Text(text=words.known("rights_notes", note) or note, muted=True) for note in erasure.notes)]


def place(told: str, words: Words) -> str:
    """Something that only people can erase, in the language of the document; of a shape that is not known as it was told."""
    for shape, key in PLACES:
        if found := re.fullmatch(shape, told, re.DOTALL):
            return say(words, key, **found.groupdict())
    return told
