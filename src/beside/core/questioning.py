"""Asking a model many texts at little cost: each distinct text once, texts of a length together, roughly where that is enough.

A subject may have `quick()`, a twin that answers the same but for rounding and faster. What the twin says clearly is
believed; of close calls and changed answers those that count are asked again of the subject itself (core/tries.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Embed = Callable[[Sequence[str]], np.ndarray]
MARGIN = 0.2  # between the two most probable labels; in half precision a probability is off by some hundredths at most
NEARNESS = 0.004  # cosine; in half precision one is off by a thousandth at most


class Asked:
    """A function of texts, with that of the quick twin of the subject that it belongs to.

    Args:
        exact: a bound method of a subject, or any function of texts that gives one row of numbers per text.
        quickly: whether the twin may be asked.
    """

    def __init__(self, exact: Embed, *, quickly: bool = True) -> None:
        twin = quick_twin(exact) if quickly else None
        self.exact, self.rough = exact, exact if twin is None else getattr(twin, exact.__name__)

    @property
    def hurries(self) -> bool:
        """Whether what is said roughly may differ from what the subject says."""
        return self.rough is not self.exact

    def roughly(self, texts: Sequence[str]) -> np.ndarray:
        """One row per text, up to rounding."""
        return asked_once(self.rough, texts)


def quick_twin(ask: Embed) -> Any | None:
    """The quick twin of the subject that a bound method belongs to; None where there is none."""
    make = getattr(getattr(ask, "__self__", None), "quick", None)
    return make() if make else None


def asked_once(ask: Embed, texts: Sequence[str]) -> np.ndarray:
    """One row per text; each distinct text is asked once, texts of a length together."""
    distinct = sorted(dict.fromkeys(texts), key=len)
    if not distinct:
        return np.zeros((0, 1))
    rows, place = np.asarray(ask(distinct), dtype=float), {text: number for number, text in enumerate(distinct)}
    found: np.ndarray = rows[[place[text] for text in texts]]
    return found


def units(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length 1, shape (texts, size); zeros stay."""
    scaled: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return scaled
