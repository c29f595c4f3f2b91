"""What training once more from a stored recipe showed."""

from __future__ import annotations

from typing import Literal

from beside.core.types import Value


class Repetition(Value):
    """A run and its repetition, side by side."""

    run_id: str
    verdict: Literal["same weights", "same scores", "differs"]
    changed_files: tuple[str, ...]  # of the model folder, that are not byte for byte what was stored
    scores: dict[str, float]  # stored, tune split
    again: dict[str, float]  # of the repetition
    n: int  # tune rows
    changed_answers: int  # rows whose answer is another one
    largest: float  # absolute difference of logits
    versions: dict[str, tuple[str, str]]  # what is another version now: stored, present
    seconds: float
