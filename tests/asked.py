"""A release that was asked what a test says, and whose tune rows are known: for tests of drift."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from beside.core.policy import Policy
from beside.core.types import Example
from beside.loop import Loop
from beside.store.workspace import Workspace

TEXTS = {
    "cancel": "please cancel my order number {} today",
    "deliver": "where is my parcel number {} now",
    "refund": "refund the money of order {} please",
}
OTHER = "the quick fox {} jumps over seven lazy dogs and runs into the deep dark forest at night"


def rows_of(rng, n):
    labels = rng.choice(list(TEXTS), n)
    return [(TEXTS[label].format(rng.integers(1000)), str(label)) for label in labels]


@pytest.fixture
def asked(make_approved, tmp_path, monkeypatch):
    """`asked(texts, toml=..., on_drift=...)`: a loop over a release that was asked these texts, with 120 tune rows to compare.

    `loop.ask(texts)` asks it more, `loop.later(days)` lets time pass, `loop.drift_of()` looks.
    """

    def ask(self, texts):
        served = self.serve(self.name)
        for start in range(0, len(texts), 64):
            self.predict(served, texts[start : start + 64])

    def later(self, **time):
        at = self.clock() + timedelta(**time)
        self.clock = lambda: at

    monkeypatch.setattr(Loop, "ask", ask, raising=False)
    monkeypatch.setattr(Loop, "later", later, raising=False)
    monkeypatch.setattr(Loop, "drift_of", lambda self: self.drift(self.name), raising=False)

    def made(texts, toml="", on_drift="tell"):
        given = make_approved(tmp_path, policy=Policy(name="toy", on_drift=on_drift))
        (tmp_path / "beside.toml").write_text(toml, encoding="utf-8")
        loop = Loop(Workspace.open(tmp_path), given.owner)
        tune = [
            Example(id=f"t{at}", text=text, target=label) for at, (text, label) in enumerate(rows_of(np.random.default_rng(0), 120))
        ]
        monkeypatch.setattr(Loop, "tune_rows", lambda self, corpus: tune)
        loop.name = given.release.id
        loop.ask(texts)
        loop.later(days=10)
        return loop

    return made


def usual(seed=1, n=120):
    return [text for text, _ in rows_of(np.random.default_rng(seed), n)]


def foreign(n=60, seed=2):
    rng = np.random.default_rng(seed)
    return [OTHER.format(rng.integers(1000)) for _ in range(n)]
