"""Where long work tells how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Where long work tells how far it is."""

    def say(self, text: str) -> None:
        """One line for a person."""

    def step(self, stage: str, done: int, total: int, note: str = "") -> None:
        """`done` of `total` units of `stage` are behind us; `total` 0 when it is unknown."""


class Silent:
    """Progress that nobody watches."""

    def say(self, text: str) -> None:
        pass

    def step(self, stage: str, done: int, total: int, note: str = "") -> None:
        pass
