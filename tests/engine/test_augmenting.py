"""Augmentation: edited copies of training rows alone, with their labels, the same after a kill, counted in the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beside.core.errors import Altered, BadOption, UnknownName
from beside.core.interfaces import Silent
from beside.core.pairs import joined
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.core.types import Example
from beside.engine.augmenting import KEPT, augmented, edit
from beside.engine.checkpoint import Checkpoint
from beside.engine.keeping import Keeping
from beside.engine.runtime import load_subject
from beside.engine.training import train_model

CLASSIFY = load("tasks", "classify")


@pytest.fixture
def rows(messages: Any) -> list[Example]:
    return [
        Example(id=str(place), text=text, target=label, person=f"p{place % 7}") for place, (text, label) in enumerate(messages(60))
    ]


def made(rows: list[Example], folder: Path, resume: bool = False, task: Any = CLASSIFY, **settings: Any) -> Any:
    return augmented(rows, Recipe(**settings), task, folder, resume, Silent())


def test_copies_keep_label_and_person_of_their_row_and_differ_in_text(rows: list[Example], tmp_path: Path) -> None:
    found, (line,) = made(rows, tmp_path, augment="typos, surface", augment_share=0.5)
    copies, of = found[60:], {row.id: row for row in rows}
    assert found[:60] == rows and 20 < len(copies) <= 30
    for copy in copies:
        name, _, kind = copy.id.rpartition("-")
        assert copy.text != of[name].text and copy.origin == f"augment:{kind}"
        assert (copy.target, copy.person) == (of[name].target, of[name].person)
    assert line["augmented"] == len(copies) == line["augmented_typos"] + line["augmented_surface"]
    assert line["epoch"] == 0 and line["rows"] == 60


def test_without_augment_the_rows_are_as_they_were(rows: list[Example], tmp_path: Path) -> None:
    assert made(rows, tmp_path) == (rows, ())
    assert not list(tmp_path.iterdir())


def test_a_training_that_is_gone_on_with_has_the_very_same_copies(
    rows: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = made(rows, tmp_path, augment="typos")
    assert made(rows, tmp_path / "other", augment="typos")[0] == first
    monkeypatch.setattr(
        "beside.engine.augmenting.edit", lambda perturbation, texts, seed: ["as a server never says twice"] * len(texts)
    )
    assert made(rows, tmp_path, resume=True, augment="typos")[0] == first
    assert made(rows, tmp_path, augment="typos")[0] != first
    (tmp_path / KEPT).write_text("[[99, 'typos', 'x']]")
    with pytest.raises(Altered, match="edited copies"):
        made(rows, tmp_path, resume=True, augment="typos")


def test_both_texts_of_a_pair_are_edited_and_stay_two() -> None:
    text = edit(load("perturbations", "typos"), [joined("where is my refund", "the parcel arrived late")], [1])[0]
    first, second = text.split("\x1f")
    assert first != "where is my refund" and second != "the parcel arrived late"


def test_a_perturbation_that_edits_many_at_once_is_asked_once() -> None:
    class Many:
        calls = 0

        def edits(self, texts: list[str], rng: np.random.Generator) -> list[str]:
            self.calls += 1
            return [text.upper() for text in texts]

    many = Many()
    assert edit(many, ["a", joined("b", "c")], [1]) == ["A", joined("B", "C")] and many.calls == 1


@pytest.mark.parametrize(
    "task, settings, told",
    [
        ("tag", {"augment": "typos"}, "places in the text"),
        ("rank", {"augment": "typos"}, "one more candidate"),
        ("classify", {"augment": "typos", "rounds": 2}, "across sites"),
        ("classify", {"augment": "typos", "epsilon": 3}, "a copy tells of its row"),
        ("classify", {"augment": "synonyms"}, "nothing to augment with"),
        ("classify", {"augment": "back_translation"}, "There is no translation model"),
    ],
)
def test_what_cannot_be_done_is_refused(
    rows: list[Example], tmp_path: Path, task: str, settings: dict[str, Any], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BESIDE_SYNONYMS", "BESIDE_TRANSLATORS", "BESIDE_TRANSLATE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(BadOption, match=told):
        made(rows, tmp_path, task=load("tasks", task), **settings)


def test_an_unknown_perturbation_suggests_a_close_one(rows: list[Example], tmp_path: Path) -> None:
    with pytest.raises(UnknownName) as error:
        made(rows, tmp_path, augment="typo")
    assert "typos" in error.value.hint


def test_with_a_promise_for_persons_copies_are_the_persons_own(rows: list[Example], tmp_path: Path) -> None:
    found, _ = made(rows, tmp_path, augment="typos", epsilon=3, privacy_unit="person")
    assert {row.person for row in found} == {row.person for row in rows}


def test_a_training_learns_from_them_and_says_so(
    rows: list[Example], tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("beside.engine.truth.fresh_logits", lambda folders, texts: [load_subject(f).logits(texts) for f in folders])
    said: list[str] = []
    progress = Silent()
    progress.say = said.append  # type: ignore[method-assign]
    keeping = Keeping(checkpoint=Checkpoint(tmp_path / "state"), progress=progress)
    recipe = Recipe(base=str(tiny_base), method="full", epochs=1, threads=1, augment="typos", augment_share=1.0, pooling="mean")
    trained = train_model(tmp_path / "model", rows, rows[:9], ("cancel", "deliver", "refund"), "classify", recipe, keeping)
    assert trained.history[0]["augmented"] == 60 and trained.history[1]["epoch"] == 1
    assert any(line.startswith("Augmented: 60 edited copies (60 by typos) join 60 training rows") for line in said)
    assert trained.recipe.augment == "typos"
