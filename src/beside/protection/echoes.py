"""A value that was found once stands elsewhere in the text as well: a name without its title, a number without its word."""

from __future__ import annotations

import re
from collections.abc import Sequence

from beside.core.personal import Span

HAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
FEWEST_HAN, FEWEST = 2, 4  # characters of a value that is looked for again: shorter ones are parts of other words


def with_echoes(text: str, found: Sequence[Span]) -> list[Span]:
    """The spans, and further places where exactly such a value stands as a whole word, outside of them; sorted.

    Time is linear in the text: at each place one look-up for each length that a value beginning so has.
    """
    values: dict[str, Span] = {}
    for span in found:
        value = text[span.start : span.end]
        if len(value) >= (FEWEST_HAN if HAN.search(value) else FEWEST):
            values.setdefault(value, span)
    if not values or (len(values) == 1 and text.count(next(iter(values))) == 1):
        return list(found)
    lengths: dict[str, set[int]] = {}
    for value in values:
        lengths.setdefault(value[:FEWEST_HAN], set()).add(len(value))
    begins = re.compile(f"[{re.escape(''.join(sorted({value[0] for value in values})))}]")
    more: list[Span] = []
    taken = iter([*found, Span(len(text), len(text) + 1, "", 0.0, "")])
    next_one, at = next(taken), 0
    while hit := begins.search(text, at):
        start = hit.start()
        while next_one.end <= start:
            next_one = next(taken)
        if start >= next_one.start:
            at = next_one.end
            continue
        at = start + 1
        for length in sorted(lengths.get(text[start : start + FEWEST_HAN], ()), reverse=True):
            end = start + length
            known = values.get(text[start:end])
            if known and end <= next_one.start and alone(text, start, end):
                more.append(known._replace(start=start, end=end))
                at = end
                break
    return sorted([*found, *more]) if more else list(found)


def alone(text: str, start: int, end: int) -> bool:
    """Whether a stretch is not a part of a longer word or number. Chinese has no gaps between words: there it always is."""
    before = text[start - 1] if start else ""
    return not (joins(before, text[start]) or joins(text[end - 1], text[end : end + 1]))


def joins(one: str, other: str) -> bool:
    """Whether two neighbours belong to one word."""
    return bool(one and other) and one.isalnum() and other.isalnum() and not (HAN.match(one) or HAN.match(other))
