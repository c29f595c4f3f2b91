"""Names, places and organisations that a model trained here finds, beside what the recognizers find by their rules."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from beside.core.errors import BadInput
from beside.core.interfaces import Subject
from beside.core.personal import SURE, Span
from beside.core.registry import names

MOST = 0.94  # a model that is surer than any rule for names wins over it, and never over a number with a sound check digit
SHORTEST = 16  # characters that a model reads at once, at least
# what corpora call the kinds; a label that is itself a kind needs no entry
CALLED = {
    "person": ("name", "per", "nr", "people", "人名", "姓名", "人物"),
    "address": ("location", "loc", "gpe", "place", "ns", "scene", "地址", "地点", "地名"),
    "organisation": ("organization", "org", "company", "government", "nt", "机构", "公司", "组织"),
}


class Tagger:
    """A model of the task `tag` that is asked for personal data.

    Args:
        subject: the model.
        id: of its run or release; stands as recognizer in what it finds.

    Raises:
        BadInput: none of its labels is a kind of personal data.
    """

    def __init__(self, subject: Subject, id: str) -> None:
        self.subject, self.id = subject, id
        self.kinds = {label: kind for label in subject.labels if (kind := kind_of(label))}
        if not self.kinds:
            hint = f"It should have labels such as person, address or organisation; it has: {', '.join(subject.labels)}."
            raise BadInput(f"The model '{id}' does not tag personal data.", hint)

    def spans(self, text: str, kinds: Collection[str]) -> list[Span]:
        """What the model finds in a text, of some kinds; a text that is longer than it reads is asked piece by piece."""
        parts = list(pieces(text, max(SHORTEST, self.subject.max_length - 2)))
        found = []
        for (at, _), said in zip(parts, self.subject.answers([part for _, part in parts]), strict=True):
            for one in said.answer or ():
                kind = self.kinds.get(one["label"])
                if kind in kinds and one["probability"] >= SURE:
                    score = round(min(MOST, one["probability"]), 3)
                    found.append(Span(at + one["start"], at + one["end"], str(kind), score, self.id))
        return found


def kind_of(label: str) -> str | None:
    """The kind of personal data that a label means, if any."""
    low = label.lower()
    return low if low in names("recognizers") else next((kind for kind, others in CALLED.items() if low in others), None)


def pieces(text: str, most: int) -> Iterator[tuple[int, str]]:
    """A text in pieces of at most so many characters, each with its place; cut behind a sentence or a space where there is one."""
    for hit in re.finditer(rf"(?s).{{1,{most}}}(?:(?<=[。！？!?\n；;])|(?=\s)|$)|.{{1,{most}}}", text):
        yield hit.start(), hit.group()
