"""Words and the spans that stand on them: where words begin, how a cell names spans, and BIO labels of words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

Span = tuple[int, int, str]  # start and end character, end exclusive, and label

# a character of a script without spaces is a word of its own, and so is every mark
WORD = re.compile(
    r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]|[^\W\u0e00-\u0eff\u3040-\uffff]+|[^\w\s]|\w"
)


def words(text: str) -> list[tuple[int, int]]:
    """Start and end of every word."""
    return [found.span() for found in WORD.finditer(text)]


def written(spans: Iterable[Span]) -> str:
    """Spans as a target: `[[0, 4, "name"]]`, in the order of the text."""
    return json.dumps(sorted({(int(start), int(end), str(label)) for start, end, label in spans}), ensure_ascii=False)


def parsed(target: str) -> list[Span]:
    """Spans from a target."""
    return [(int(start), int(end), str(label)) for start, end, label in json.loads(target)]


def canonical(cell: str, text: str, raw: str) -> str:
    """The spans that a cell names, as a target.

    Taken are a JSON list of `{"start", "end", "label"}` or `[start, end, label]`, an object `{"label": [[start, end], ...]}`, and a
    list of BIO labels, one per word between spaces or one per character. Characters are counted in the text as it stands in the
    source; what surrounds a span of spaces is cut off.

    Raises:
        ValueError: none of these; a span outside the text, or one that overlaps another.
    """
    try:
        found = json.loads(cell)
    except ValueError:
        raise ValueError(f"holds no JSON: {cell[:60]}") from None
    if isinstance(found, list) and found and all(isinstance(one, str) for one in found):
        return written(of_labels(found, text))
    moved = len(raw) - len(raw.lstrip())
    if raw.strip() != text and found:
        raise ValueError("names places in a text whose odd characters were taken out, so they cannot be found again")
    spans = sorted((start - moved, end - moved, label) for start, end, label in listed(found, cell))
    for start, end, label in spans:
        if not (0 <= start < end <= len(text)) or not label:
            raise ValueError(f"names a span {start + moved}..{end + moved} that is not in the text of {len(text)} characters")
    if any(one[1] > other[0] for one, other in pairwise(spans)):
        raise ValueError("names spans that overlap; each character may belong to one")
    return written(trimmed(span, text) for span in spans)


def listed(found: Any, cell: str) -> list[Span]:
    """Start, end and label of each span, whatever JSON they came in."""
    try:
        if isinstance(found, dict):
            return [(int(s), int(e), str(label)) for label, places in found.items() for s, e, *_ in places]
        return [
            (int(one["start"]), int(one["end"]), str(one["label"]))
            if isinstance(one, dict)
            else (int(one[0]), int(one[1]), str(one[2]))
            for one in found
        ]
    except (TypeError, KeyError, ValueError, IndexError):
        raise ValueError(f"holds no list of spans: {cell[:60]}") from None


def trimmed(span: Span, text: str) -> Span:
    """A span without the spaces at its ends."""
    start, end, label = span
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), end - (len(part) - len(part.rstrip())), label


def of_labels(labels: Sequence[str], text: str) -> list[Span]:
    """Spans from one BIO label per word between spaces, or per character.

    Raises:
        ValueError: there are as many labels as neither; or a label is not O, B-x or I-x.
    """
    places = [found.span() for found in re.finditer(r"\S+", text)]
    if len(labels) == len(text) != len(places):
        places = [(place, place + 1) for place in range(len(text))]
    if len(labels) != len(places):
        raise ValueError(f"holds {len(labels)} labels for {len(places)} words of {len(text)} characters")
    if odd := next((label for label in labels if label != "O" and label[:2] not in ("B-", "I-")), None):
        raise ValueError(f"holds '{odd[:30]}', which is not O, B-x or I-x")
    return joined(labels, places)


def joined(labels: Sequence[str], places: Sequence[tuple[int, int]]) -> list[Span]:
    """Spans of BIO labels of words (IOB2); an I- that continues nothing of its kind begins a span, as conlleval reads it."""
    spans: list[Span] = []
    inside = ""
    for label, (start, end) in zip(labels, places, strict=True):
        kind = label[2:]
        if label.startswith("I-") and kind == inside:
            spans[-1] = (spans[-1][0], end, kind)
        elif kind:
            spans.append((start, end, kind))
        inside = kind
    return spans


def labelled(spans: Sequence[Span], places: Sequence[tuple[int, int]]) -> list[str]:
    """The BIO label of each word: B- where a span begins in it, I- where one goes on."""
    found = []
    waiting = sorted(spans)
    begun: Span | None = None
    for start, end in places:
        while waiting and waiting[0][1] <= start:
            waiting.pop(0)
        over = waiting[0] if waiting and waiting[0][0] < end else None
        found.append("O" if over is None else f"{'I' if over == begun else 'B'}-{over[2]}")
        begun = over
    return found
