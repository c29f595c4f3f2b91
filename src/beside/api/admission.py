"""Who may wait: a line with an end, a share of it for each caller, and so many calls and texts a minute."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from beside.api.metrics import Metrics
from beside.api.visits import Visit, visit_now
from beside.core.errors import BadInput, Overloaded, QueueFull
from beside.store.settings import Limits, Serving

KNOWN = 10_000  # callers whose pace is remembered
MINUTE = 60.0
SEVERAL = "Several texts in one call are quicker than several calls."


@dataclass
class Bucket:
    """An allowance that refills steadily up to a minute's worth (token bucket)."""

    per_minute: int
    left: float
    at: float

    def wait(self, wanted: int, now: float) -> float:
        """Seconds until so much is there; 0 = it is there now."""
        self.left, self.at = min(self.per_minute, self.left + (now - self.at) * self.per_minute / MINUTE), now
        return max(0.0, (min(wanted, self.per_minute) - self.left) * MINUTE / self.per_minute)


class Admission:
    """Lets requests in, or says when to come again. Used from the event loop alone.

    Args:
        settings: the table `[serving]`.
        metrics: is told how many wait and who is refused.
        delay: seconds until a request that came now would be read.
        workers: processes that share the limits of a minute.
    """

    def __init__(
        self,
        settings: Serving,
        metrics: Metrics,
        delay: Callable[[], float],
        workers: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings, self.metrics, self.delay, self.workers, self.clock = settings, metrics, delay, workers, clock
        self.waiting: Counter[str] = Counter()
        self.buckets: OrderedDict[tuple[str, str], Bucket] = OrderedDict()
        self.ending = False

    @property
    def total(self) -> int:
        """Requests that wait or are being answered."""
        return self.waiting.total()

    @contextmanager
    def place(self, texts: Sequence[str] = ()) -> Iterator[tuple[Visit, float]]:
        """A place in the line for the request that is being answered, and the moment until which it may take.

        Raises:
            QueueFull: the line is full, or would not come to this request in time.
            Overloaded: this caller has its share already, or asks too fast.
            BadInput: a call of this caller may not hold so much, or its deadline cannot be read.
        """
        visit = visit_now()
        until = visit.until(self.settings.deadline)
        limits = self.settings.limits_of(visit.names)
        small_enough(limits, texts)
        self.room_for(visit.caller, until)
        self.slow_enough(visit.caller, limits, len(texts))
        self.waiting[visit.caller] += 1
        self.metrics.waiting.set(self.total)
        try:
            yield visit, until
        finally:
            self.waiting[visit.caller] -= 1
            if not self.waiting[visit.caller]:
                del self.waiting[visit.caller]
            self.metrics.waiting.set(self.total)

    def room_for(self, caller: str, until: float) -> None:
        """Does nothing while there is room in the line. Raises as `place`."""
        seats, delay = self.settings.queue, self.delay()
        if self.total >= seats:
            raise QueueFull.after(delay, f"{self.total} requests are waiting already.", f"Come again then. {SEVERAL}")
        if self.waiting[caller] >= max(1, int(seats * self.settings.share)):
            told = (
                f"{self.waiting[caller]} of your requests are waiting; one caller may fill {self.settings.share:.0%} of the line."
            )
            raise Overloaded.after(delay, told, f"Wait for answers before you ask on. {SEVERAL}")
        if self.clock() + delay > until:
            raise QueueFull.after(
                delay, f"It would take about {delay:.1f} seconds until it is your turn, more than you wait.", SEVERAL
            )

    def slow_enough(self, caller: str, limits: Limits, texts: int) -> None:
        """Takes a call and its texts off the caller's allowance. Raises as `place`; what is refused costs nothing."""
        taken = {"requests": (limits.requests_per_minute, 1), "texts": (limits.texts_per_minute, texts)}
        counted = {what: (limit, wanted) for what, (limit, wanted) in taken.items() if limit is not None}
        buckets = {what: self.bucket(caller, what, limit) for what, (limit, _) in counted.items()}
        for what, (limit, wanted) in counted.items():
            if wait := buckets[what].wait(wanted, self.clock()):
                told = f"You may send {limit} {what} a minute, and have."
                raise Overloaded.after(wait, told, "Come again then, or ask for a higher limit.")
        for what, (_, wanted) in counted.items():
            buckets[what].left -= wanted

    def bucket(self, caller: str, what: str, limit: int) -> Bucket:
        """The allowance of a caller; each of several workers gives out its part."""
        name, mine = (caller, what), max(1, limit // self.workers)
        found = self.buckets.pop(name, None)
        if found is None or found.per_minute != mine:
            found = Bucket(mine, mine, self.clock())
        self.buckets[name] = found
        while len(self.buckets) > KNOWN:
            self.buckets.popitem(last=False)
        return found


def small_enough(limits: Limits, texts: Sequence[str]) -> None:
    """Does nothing when a caller may ask about so many and so long texts at once.

    Raises:
        BadInput: they may not.
    """
    if limits.texts_per_call is not None and len(texts) > limits.texts_per_call:
        raise BadInput(f"A call of yours may hold {limits.texts_per_call} texts, got {len(texts)}.", "Send them in several calls.")
    characters = sum(map(len, texts))
    if limits.characters_per_call is not None and characters > limits.characters_per_call:
        most = f"A call of yours may hold {limits.characters_per_call:,} characters"
        raise BadInput(f"{most}, got {characters:,}.", "Send them in several calls.")
