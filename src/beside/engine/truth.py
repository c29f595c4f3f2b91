"""The truth test: a saved model, reloaded in a fresh process, must answer like the one in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from beside.core.errors import GateClosed
from beside.core.interfaces import Progress
from beside.engine.devices import ASKED, holding
from beside.engine.runtime import fresh_logits
from beside.engine.team import environment

TRUTH_TOLERANCE = 1e-4  # logits; a reload on the same machine differs by less


def prove(folder: Path, subject: Any, asked: Sequence[str], progress: Progress) -> None:
    """Does nothing when the reloaded model answers like the subject.

    Args:
        folder: of the saved model.
        subject: anything with `logits` and a `model`.
        asked: what both are asked.

    Raises:
        GateClosed: it does not.
    """
    progress.say(f"Truth test: reloading the saved model in a fresh process, {len(asked)} rows.")
    with environment({ASKED: holding(subject.model).type}):  # another device would round otherwise
        found = fresh_logits([folder], asked)[0]
    expected = subject.logits(asked)
    worst = float(np.abs(found - expected).max()) if found.shape == expected.shape else float("inf")
    if not worst <= TRUTH_TOLERANCE:  # also when it is no number
        raise GateClosed(
            f"Truth test failed: reloaded logits differ by {worst:.2g} (limit {TRUTH_TOLERANCE:g}).", "Nothing was stored."
        )
