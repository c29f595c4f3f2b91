"""Erasing a person: whom to look for, what held them, and what is left in its place.

A person is a pseudonym in the column of persons, the plain name that the pseudonym was made from, or any words that name them.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from beside.core.cleaning import pseudonym
from beside.core.errors import BadInput
from beside.core.types import Example, Value

FORMAT = "beside-erasure/1"
PURPOSE = "erasure"  # what the signature of a certificate is for
SHORTEST_WORDS = 3  # characters of words that name a person: fewer stand everywhere
SHORTEST_PART = 12  # characters of a row's text that is looked for inside other texts; a shorter one is compared as a whole
BEGINNING = 60  # characters by which a long text is known where only its beginning was kept
MARK = "[erased]"  # what stands where a person's words stood

Thing = Literal["corpus", "run", "release"]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Whom somebody asked to forget.

    Args:
        person: a pseudonym (`person-...`), or the name that an import made it from; None = only `words`.
        words: strings that name the person; every row that holds one is theirs.

    Raises:
        BadInput: nobody is named, or words are too short to name anybody.
    """

    person: str | None = None
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (self.person or "").strip() and not self.words:
            raise BadInput("Nobody is named.", "Give the person's pseudonym or name, or words that name them: --text WORDS.")
        for words in self.words:
            if len(words.strip()) < SHORTEST_WORDS:
                raise BadInput(f"'{words}' is too short to name one person.", f"Give {SHORTEST_WORDS} characters or more.")

    @property
    def names(self) -> frozenset[str]:
        """The pseudonyms that the person may have."""
        return frozenset((self.person, pseudonym(self.person))) if self.person else frozenset()

    def with_words(self, words: Iterable[str]) -> Asked:
        """The same person, by more words."""
        return Asked(person=self.person, words=(*self.words, *words))

    def owns(self, example: Example) -> bool:
        """Whether a row is the person's: by its column of persons, or by the words in it."""
        if example.person is not None and example.person in self.names:
            return True
        return any(holds_words(text, self.words) for text in (example.text, example.pair, example.target) if text)

    def key(self) -> list[Any]:
        """What names this request, the same however it was typed."""
        name = None if self.person is None else self.person if self.person.startswith("person-") else pseudonym(self.person)
        return [name, sorted(words.strip().casefold() for words in self.words)]


def holds_words(text: str, words: Iterable[str]) -> bool:
    """Whether a text holds one of these, case aside."""
    folded = text.casefold()
    return any(one.strip().casefold() in folded for one in words)


def folded(text: str) -> str:
    """A text without what does not change it: case and spaces."""
    return " ".join(text.casefold().split())


@dataclass(frozen=True)
class Needles:
    """What is looked for: `whole` texts that are the person's, and `parts` that give them away inside other texts."""

    whole: frozenset[str]
    parts: tuple[str, ...]
    ids: frozenset[str] = frozenset()  # of the person's rows
    _parts: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_parts", tuple(part.casefold() for part in self.parts))

    @classmethod
    def of(
        cls, asked: Asked, texts: Iterable[str], shared: frozenset[str] = frozenset(), ids: frozenset[str] = frozenset()
    ) -> Needles:
        """Needles from what was asked and from the texts of the person's rows.

        Args:
            texts: of the person's rows.
            shared: folded texts, and beginnings, that other people's rows hold as well: they give nobody away.
            ids: of the person's rows.
        """
        own = list(dict.fromkeys(text for text in texts if folded(text) not in shared))
        long = (
            part
            for text in own
            for part in (text, text[:BEGINNING])
            if len(part) >= SHORTEST_PART and (part == text or folded(part) not in shared)
        )
        named = [*(words.strip() for words in asked.words), *(name for name in asked.names if name.startswith("person-"))]
        return cls(frozenset(folded(text) for text in own), tuple(dict.fromkeys((*named, *long))), ids)

    def inside(self, text: str) -> bool:
        """Whether a part stands in a text, case aside."""
        low = text.casefold()
        return any(part in low for part in self._parts)

    def held(self, text: str | None) -> bool:
        """Whether a text is the person's as a whole, or holds a part."""
        return text is not None and (folded(text) in self.whole or self.inside(text))

    def in_plain(self, content: Any) -> bool:
        """Whether a part stands anywhere in plain data, keys included."""
        return any(self.inside(text) for text in leaves(content))

    def cut(self, content: Any) -> Any:
        """Plain data with `MARK` where a part stood, and in place of a text that is the person's as a whole."""
        if isinstance(content, str):
            return self.struck(content)
        if isinstance(content, Mapping):
            return {self.struck(str(name)): self.cut(value) for name, value in content.items()}
        if isinstance(content, list | tuple):
            return [self.cut(value) for value in content]
        return content

    def struck(self, text: str) -> str:
        """A text with `MARK` in place of each part."""
        if not self.inside(text):
            return text
        found = re.sub("|".join(re.escape(part) for part in sorted(self.parts, key=len, reverse=True)), MARK, text, flags=re.I)
        return MARK if self.inside(found) else found  # case that folds into more letters than it has: nothing of it is kept

    def bytes(self) -> tuple[bytes, ...]:
        """The parts as they may stand in a file whose ASCII letters were made small: as UTF-8, UTF-16, and escaped in JSON."""
        forms = {spelled for part in self.parts for spelled in (part, part.lower(), part.casefold())}
        found = {form.encode() for form in forms} | {form.encode("utf-16-le") for form in forms}
        found |= {json.dumps(form, ensure_ascii=ascii)[1:-1].encode() for form in forms for ascii in (True, False)}
        return tuple(sorted({form.lower() for form in found}))


def leaves(content: Any) -> Iterator[str]:
    """Every string in plain data, keys included."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping):
        for name, value in content.items():
            yield str(name)
            yield from leaves(value)
    elif isinstance(content, list | tuple):
        for value in content:
            yield from leaves(value)


class Removal(Value, ABC):
    """Rows that are to go, for whatever reason, and all that was trained on them."""

    id: str
    runs: tuple[str, ...]  # trained on the rows
    releases: dict[str, str]  # release -> why it is retired

    @property
    def needles(self) -> Needles:
        """What gives the rows away wherever it stands; nothing where rows go for their age."""
        return Needles(frozenset(), ())

    @property
    @abstractmethod
    def going(self) -> dict[str, int]:
        """Corpus -> how many of its rows go."""

    @abstractmethod
    def stays(self, corpus: str) -> Callable[[Example], bool]:
        """Whether a row of a corpus is to stay."""

    def told(self, corpus: str) -> dict[str, Any]:
        """What the tombstone of a corpus keeps besides counts and hash."""
        return {}


class Holder(Value):
    """One place that holds the person."""

    kind: str  # "corpus", "run", "prediction", "file", ...
    name: str
    count: int = 1  # rows, entries, or occurrences
    becomes: str  # what an erasure does to it


class Preview(Value):
    """Everything that holds the person, before anything is done."""

    holders: tuple[Holder, ...]
    unknown: tuple[str, ...] = ()  # where nobody can tell, each a sentence
    yours: tuple[str, ...] = ()  # files and copies that only people can erase

    def of(self, kind: str) -> list[Holder]:
        """The places of one kind."""
        return [one for one in self.holders if one.kind == kind]


class Tombstone(Value):
    """What is left of something that was erased: enough for lineage and ledger to read on."""

    id: str  # of the corpus, run or release
    thing: Thing
    erasure: str
    kept: dict[str, Any]  # counts, and the SHA-256 of what was erased
    successor: str | None = None  # what took its place
    at: datetime


class Membership(Value):
    """A membership attack on the person's rows, or why there is none."""

    run: str
    when: Literal["before", "after"]
    n: int  # rows of the person asked about
    value: float | None = None  # area under the ROC curve: 0.5 = an attacker guesses, 1 = every row is known
    low: float | None = None
    high: float | None = None
    why_not: str = ""


class Erasure(Value):
    """The certificate: what was erased, who did it, and what a search found afterwards. It does not hold the person's words."""

    format: str = FORMAT
    id: str
    workspace: str
    person: str  # keyed hash of what was asked for: `HMAC-SHA256 under the workspace's key`
    basis: Literal["pseudonym", "words", "pseudonym and words"]
    who: str
    asked_at: datetime
    ended_at: datetime
    rows: int  # of corpora
    removed: dict[str, int]  # kind -> how many
    tombstones: tuple[Tombstone, ...]
    membership: tuple[Membership, ...] = ()
    searched: dict[str, int]  # files and bytes of the search that followed
    remaining: tuple[str, ...]  # where the person's words still stand; empty = nowhere
    yours: tuple[str, ...] = ()  # files and copies that only people can erase
    notes: tuple[str, ...] = ()
    key: str = ""  # fingerprint of the key that signed
    public: str = ""
    value: str = ""  # base64 of the signature over all the rest

    def content(self) -> dict[str, Any]:
        """What is signed."""
        return self.model_dump(mode="json", exclude={"value"})

    @property
    def complete(self) -> bool:
        """Whether nothing of the person is left in the workspace."""
        return not self.remaining
