"""What a document is made of: plain blocks, every value already text. Markdown, HTML and PDF are three ways to print the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from beside.cards.findings import Group, Row
from beside.cards.pictures import Picture


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A name and what there is to say of it; `source` is the id of the record that it was read from."""

    name: str
    value: str
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Text:
    """A paragraph. `muted`: said about the page, not about the model."""

    kind: ClassVar[str] = "text"
    text: str
    source: str = ""
    muted: bool = False


@dataclass(frozen=True, kw_only=True)
class Heading:
    """A heading inside a section; `mark` is its letter, say `2 (a)`."""

    kind: ClassVar[str] = "heading"
    text: str
    mark: str = ""


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Names and values."""

    kind: ClassVar[str] = "pairs"
    rows: Sequence[Pair]


@dataclass(frozen=True, kw_only=True)
class Table:
    """Columns and rows of text. `ends`: columns that are aligned to the right; `anchors`: ids that others link to, one per row."""

    kind: ClassVar[str] = "table"
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    ends: Sequence[int] = ()
    foot: Sequence[str] = ()
    anchors: Sequence[str] = ()
    codes: Sequence[int] = ()  # columns of ids and hashes


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The findings, by aspect, each with its interval drawn against its limit."""

    kind: ClassVar[str] = "judged"
    columns: Sequence[str]  # finding, value, interval, n, picture, limit, verdict, unit, source
    groups: Sequence[Group]
    why: str  # what stands before the reason of a limit


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Pictures with their captions."""

    kind: ClassVar[str] = "figures"
    pictures: Sequence[Picture]


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a person wrote on a question; `text` is empty and `none` says so when nobody did."""

    kind: ClassVar[str] = "written"
    question: str
    text: str
    signed: str
    none: str
    key: str
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Code:
    """Commands to type."""

    kind: ClassVar[str] = "code"
    text: str


Block = Text | Heading | Pairs | Table | Judged | Figures | Written | Code


@dataclass(frozen=True, kw_only=True)
class Section:
    """A numbered part of a document. `wide`: its body needs the whole page."""

    title: str
    blocks: Sequence[Block]
    mark: str = ""
    notes: Sequence[str] = ()
    wide: bool = False


@dataclass(frozen=True, kw_only=True)
class Document:
    """One document in one language, ready to be printed."""

    name: str  # card, datasheet, technical-file
    language: str
    tag: str  # of the language, as HTML names it
    label: str  # "Model card"
    title: str
    lead: str
    release: str
    date: str  # ISO date of the newest record in it
    dated: str  # the same, in words
    colon: str
    limit: str  # the word
    contents: str  # the word over the table of contents
    page: str  # "page {n} of {all}"
    other: str  # name of the other language
    other_tag: str
    identity: Sequence[Pair]
    sections: Sequence[Section]
    heads: Sequence[tuple[str, Row]] = ()
    tally: Sequence[tuple[str, str, int]] = ()
    tally_title: str = ""
    tally_note: str = ""
    yaml: str = field(default="", repr=False)  # the header that the Hugging Face Hub reads, of the Markdown edition
