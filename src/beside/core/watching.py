"""The models of an audit, asked by several checks at once: one forward pass at a time, nothing asked twice, progress told.

What a check measures must not depend on which check asked first, yet the last bits of a score depend on the texts that share a
batch. So the rows of the test and tune split are asked in fixed blocks, whoever asks; so are the training rows when most of them
are asked for; any other text is remembered for the one check that asked. Serial and parallel audits are equal to the last bit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from beside.core.answers import Said
from beside.core.interfaces import Progress, Subject
from beside.core.types import Splits

BLOCK = 256  # texts asked at once, so that progress moves
MOST = 0.5  # share of a large set from which on it is asked in its fixed blocks
REMEMBERED = 256 * 2**20  # bytes of scores and vectors kept in one audit; beyond it they are asked again
OVERHEAD = 200  # bytes of a remembered text beside its characters and its numbers


class Cancelled(Exception):
    """The audit was stopped while a check still asked."""


class Desk:
    """What all models of an audit share: whose turn it is, how much is remembered, how far the work is."""

    def __init__(self, progress: Progress, clock: Callable[[], float]) -> None:
        self.progress, self.clock = progress, clock
        self.turn, self.telling = threading.RLock(), threading.Lock()
        self.stopped = threading.Event()
        self.free = REMEMBERED
        self.total = self.done = 0
        self.began = clock()
        self.share: dict[str, list[int]] = {}  # check -> [texts expected, texts asked so far]

    def expect(self, checks: dict[str, int]) -> None:
        """The texts that each check is expected to ask about."""
        self.share = {name: [texts, 0] for name, texts in checks.items()}
        self.total, self.began = sum(checks.values()), self.clock()

    def say(self, text: str) -> None:
        """One line for a person, from any thread."""
        with self.telling:
            self.progress.say(text)

    def step(self, check: str, texts: int) -> None:
        """Counts texts; a check that asks more than expected does not move the bar."""
        with self.telling:
            expected, asked = self.share.get(check, [0, 0])
            self.share[check] = [expected, asked + texts]
            self.move(check, min(expected, asked + texts) - min(expected, asked))

    def finished(self, check: str) -> None:
        """What a check did not ask is not to be waited for."""
        with self.telling:
            expected, asked = self.share.get(check, [0, 0])
            self.share[check] = [expected, max(expected, asked)]
            self.move(check, expected - min(expected, asked))

    def move(self, check: str, texts: int) -> None:
        """Moves the bar and estimates the time left from the time taken."""
        self.done += texts
        if self.done < self.total:
            left = (self.clock() - self.began) / max(1, self.done) * (self.total - self.done)
            self.progress.step("audit", self.done, self.total, f"{check}, about {left:.0f} s left")

    def close(self) -> None:
        """Everything was asked."""
        self.progress.step("audit", self.total, self.total, "done")

    def keep(self, texts: Sequence[str], rows: np.ndarray) -> bool:
        """Whether there is room to remember these rows."""
        size = rows.nbytes + sum(2 * len(text) + OVERHEAD for text in texts)
        if size > self.free:
            return False
        self.free -= size
        return True


class Shared:
    """One model of an audit and what is known of the rows of the corpus.

    Args:
        subject: the model itself.
        splits: whose rows are asked in fixed blocks.
    """

    def __init__(self, subject: Subject, splits: Splits, desk: Desk) -> None:
        self.subject, self.desk = subject, desk
        self.blocks: list[tuple[str, ...]] = []
        self.block_of: dict[str, int] = {}
        self.train: frozenset[str] = frozenset()
        for rows in (splits.test, splits.tune, splits.train):
            fresh = [text for text in dict.fromkeys(row.text for row in rows) if text not in self.block_of]
            for block in pieces(fresh):
                self.block_of |= dict.fromkeys(block, len(self.blocks))
                self.blocks.append(block)
            if rows is splits.train:
                self.train = frozenset(fresh)
        self.known: dict[tuple[str, int], np.ndarray] = {}

    def rows(self, kind: str, block: int) -> np.ndarray:
        """The scores (`logits`), vectors (`embed`) or answers (`predict`) of one block, asked once while there is room for them."""
        with self.desk.turn:
            if (kind, block) not in self.known:
                found = self.ask(kind, self.blocks[block])
                if not self.desk.keep(self.blocks[block], found):
                    return found
                self.known[kind, block] = found
            return self.known[kind, block]

    def ask(self, kind: str, texts: Sequence[str]) -> np.ndarray:
        """Asks the model itself. Raises Cancelled when the audit was stopped."""
        if self.desk.stopped.is_set():
            raise Cancelled
        with self.desk.turn:
            return np.asarray(getattr(self.subject, kind)(list(texts)))

    def fixed(self, texts: Sequence[str]) -> set[str]:
        """Those of the texts that are asked in fixed blocks; depends on the texts alone, never on what was asked before."""
        rows = {text for text in texts if text in self.block_of}
        trained = rows & self.train
        return rows if len(trained) >= MOST * len(self.train) else rows - trained


class Watched:
    """A model as one check sees it: it remembers every text that this check asked, and passes anything else through."""

    def __init__(self, shared: Shared, check: str) -> None:
        self.shared, self.check = shared, check
        self.labels, self.max_length, self.temperature = (
            shared.subject.labels,
            shared.subject.max_length,
            shared.subject.temperature,
        )
        self.own: dict[str, dict[str, np.ndarray]] = {"logits": {}, "embed": {}, "predict": {}}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.shared.subject, name)

    def logits(self, texts: Sequence[str]) -> np.ndarray:
        """Raw scores, shape (len(texts), outputs)."""
        return self.remembered("logits", texts)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """One vector per text, shape (len(texts), hidden size)."""
        return self.remembered("embed", texts)

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Softmax of the scores over the temperature, as the Subject defines it."""
        scaled = self.logits(texts) / self.temperature
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True)) if len(scaled) else scaled
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The task's answer; the label with the largest score where it is one label per text."""
        task = getattr(self.shared.subject, "task", None)
        if task is not None and not task.single:
            return list(map(str, self.remembered("predict", texts)))
        return [self.labels[place] for place in self.logits(texts).argmax(axis=1)]

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text before any truncation."""
        return self.shared.subject.token_counts(texts)

    def answers(self, texts: Sequence[str]) -> list[Said]:
        """The answer to each text with its probabilities; not remembered."""
        found: list[Said] = self.shared.subject.answers(texts)
        return found

    def quick(self) -> Hurried | None:
        """The quick twin of the model (core/questioning.py), on this check's account; None where there is none."""
        make = getattr(self.shared.subject, "quick", None)
        twin = make() if make else None
        return Hurried(self, twin) if twin else None

    def remembered(self, kind: str, texts: Sequence[str]) -> np.ndarray:
        """One row per text, in order, each distinct text asked once."""
        if not len(texts):
            return np.asarray(getattr(self.shared.subject, kind)([]))
        found = self.of_corpus(kind, self.shared.fixed(texts))
        own, counted = self.own[kind], len(found)
        fresh = [text for text in dict.fromkeys(texts) if text not in found and text not in own]
        for piece in pieces(fresh):
            rows = self.shared.ask(kind, piece)
            found |= zip(piece, rows, strict=True)
            if self.shared.desk.keep(piece, rows):
                own.update(zip(piece, rows, strict=True))
            counted += len(piece)
            self.shared.desk.step(self.check, len(piece))
        self.shared.desk.step(self.check, len(texts) - counted)
        return np.stack([found[text] if text in found else own[text] for text in texts])

    def of_corpus(self, kind: str, texts: set[str]) -> dict[str, np.ndarray]:
        """Rows of the corpus, from their fixed blocks."""
        found: dict[str, np.ndarray] = {}
        for block in sorted({self.shared.block_of[text] for text in texts}):
            rows = self.shared.rows(kind, block)
            inside = {text: row for text, row in zip(self.shared.blocks[block], rows, strict=True) if text in texts}
            found |= inside
            self.shared.desk.step(self.check, len(inside))
        return found


class Hurried:
    """The quick twin of a watched model: nothing is remembered, but turns are kept, texts counted, and a stop holds."""

    def __init__(self, watched: Watched, twin: Any) -> None:
        self.watched, self.twin = watched, twin

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """As the twin says."""
        return self.counted(self.twin.probabilities, texts)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """As the twin says."""
        return self.counted(self.twin.embed, texts)

    def counted(self, ask: Callable[[Sequence[str]], np.ndarray], texts: Sequence[str]) -> np.ndarray:
        """Asks piece by piece. Raises Cancelled when the audit was stopped."""
        desk, found = self.watched.shared.desk, list[np.ndarray]()
        for piece in pieces(list(texts)):
            if desk.stopped.is_set():
                raise Cancelled
            with desk.turn:
                found.append(np.asarray(ask(piece)))
            desk.step(self.watched.check, len(piece))
        return np.concatenate(found) if found else np.asarray(ask([]))


def pieces(texts: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Texts in pieces of one block each."""
    return (tuple(texts[start : start + BLOCK]) for start in range(0, len(texts), BLOCK))
