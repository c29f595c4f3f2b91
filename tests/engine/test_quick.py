"""The quick twin of a model answers as the model does, but for rounding, and leaves it as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from beside.engine.runtime import load_subject

TEXTS = ["please cancel my order", "where is my parcel now", "i want my money back", "退款", "x " * 60]


def test_a_twin_answers_alike_and_the_model_itself_as_before(toy_model: Path) -> None:
    subject = load_subject(toy_model)
    before = subject.probabilities(TEXTS)
    if (twin := subject.quick()) is None:
        pytest.skip("This processor has no bf16: there is no quicker twin.")
    found = twin.probabilities(TEXTS)
    assert 0 < np.abs(found - before).max() < 0.1
    assert (found.argmax(axis=1) == before.argmax(axis=1)).all()
    assert (subject.probabilities(TEXTS) == before).all()
    cosines = (twin.embed(TEXTS) * subject.embed(TEXTS)).sum(axis=1)
    norms = np.linalg.norm(twin.embed(TEXTS), axis=1) * np.linalg.norm(subject.embed(TEXTS), axis=1)
    assert (cosines / norms > 0.99).all()
