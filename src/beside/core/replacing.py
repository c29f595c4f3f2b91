"""A text with some of its stretches replaced, and where what stood in it stands now."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from beside.core.personal import Span


@dataclass(frozen=True)
class Replaced:
    """A text after its replacements; places are characters, ends exclusive."""

    text: str
    before: tuple[tuple[int, int], ...] = ()  # what was replaced, in the text as it was; sorted, no overlaps
    after: tuple[tuple[int, int], ...] = ()  # where its replacement stands

    def moved(self, start: int, end: int) -> tuple[int, int] | None:
        """Where a stretch of the old text stands in the new one; None when nothing of it is left.

        One that begins or ends inside a value grows to all that stands in its place: there is no half of a replacement.
        """
        found = self._place(start, False), self._place(end, True)
        return found if found[0] < found[1] else None

    def _place(self, place: int, ends: bool) -> int:
        """The new place of an edge: inside a value, that of the replacement's beginning or end."""
        index = (bisect_left if ends else bisect_right)(self._starts, place) - 1
        if index < 0:
            return place
        if place < self.before[index][1] or (ends and place == self.before[index][1]):
            return self.after[index][1] if ends else self.after[index][0]
        return place + self.after[index][1] - self.before[index][1]

    @cached_property
    def _starts(self) -> list[int]:
        return [start for start, _ in self.before]


def replaced(text: str, spans: Sequence[Span], instead: Callable[[Span], str]) -> Replaced:
    """The text with what `instead` gives in place of each span; spans are sorted and do not overlap."""
    parts: list[str] = []
    after: list[tuple[int, int]] = []
    at = length = 0
    for span in spans:
        new = instead(span)
        parts += (text[at : span.start], new)
        length += span.start - at
        after.append((length, length + len(new)))
        length += len(new)
        at = span.end
    return Replaced("".join([*parts, text[at:]]), tuple((span.start, span.end) for span in spans), tuple(after))
