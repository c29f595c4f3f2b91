"""What a release knows of its scope survives the disk, and keeps no vector that its score does not need."""

from __future__ import annotations

import numpy as np
import pytest

from beside.core.errors import Altered
from beside.core.scope import SCORES, fitted
from beside.core.types import Example
from beside.engine.runtime import load_subject
from beside.engine.scope import FILE, as_bytes, load_scope

TEXTS = ["where is my parcel", "cancel my order", "money back please"]


def rows(count):
    return [Example(id=f"row-{at}", text=f"{TEXTS[at % 3]} {at}", target=str(at % 3)) for at in range(count)]


@pytest.mark.parametrize("name", SCORES)
def test_a_scope_that_was_kept_scores_as_before(name, toy_model, tmp_path):
    subject = load_subject(toy_model)
    scope = fitted(name, subject, rows(40), rows(40))
    (tmp_path / FILE).write_bytes(as_bytes(scope))
    again = load_scope(tmp_path)
    assert (again.name, again.threshold, again.n) == (scope.name, scope.threshold, scope.n)
    assert np.allclose(again.scores(subject, TEXTS), scope.scores(subject, TEXTS), rtol=1e-6)
    assert again.known is None or bool(again.known.rows.size) == (name == "nearest training rows")


def test_a_model_without_one_has_none_and_a_broken_one_is_told(toy_model, tmp_path):
    assert load_subject(toy_model).scope is None
    (tmp_path / FILE).write_bytes(b"no safetensors")
    with pytest.raises(Altered, match="cannot be read"):
        load_scope(tmp_path)
