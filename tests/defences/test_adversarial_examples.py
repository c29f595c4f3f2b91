"""Adversarial examples: fresh attacks each epoch, on the weights as they are, and nothing of them is lost to a kill."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beside.core.errors import BadOption
from beside.core.pairs import joined
from beside.core.recipe import Recipe
from beside.core.types import Example
from beside.defences._editing import Editing
from beside.defences.adversarial_examples import AdversarialExamples
from beside.engine import attacked, truth
from beside.engine.checkpoint import Checkpoint
from beside.engine.fit import Fit
from beside.engine.keeping import Keeping
from beside.engine.runtime import load_subject
from beside.engine.training import train_model

LABELS = ("bad", "good")
WORDS = {"good": ["lovely", "superb", "great", "pleasant"], "bad": ["awful", "dreadful", "poor", "nasty"]}


class Heard:
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def step(self, stage: str, done: int, total: int, note: str = "") -> None:
        pass


def rows(count: int = 40) -> list[Example]:
    rng = np.random.default_rng(0)
    found = []
    for place in range(count):
        label = LABELS[place % 2]
        one, other = rng.choice(WORDS[label], 2, replace=False)
        found.append(Example(id=str(place), text=f"a {one} room and {other} food number {place}", target=label))
    return found


@pytest.fixture
def train(tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`train(name, examples=, resume=, settings...)`: the model folder and what was said."""
    monkeypatch.setattr(truth, "fresh_logits", lambda folders, texts: [load_subject(folder).logits(texts) for folder in folders])

    def trained(name: str, examples: list[Example] | None = None, resume: bool = False, **settings: Any) -> tuple[Path, Heard]:
        given = {"base": "scratch", "method": "full", "epochs": 3, "threads": 1, "batch_size": 8, "learning_rate": 2e-3}
        recipe = Recipe(**{**given, "defence": "adversarial_examples", "attack_edits": "typos", "attacked_share": 0.5, **settings})
        heard = Heard()
        keeping = Keeping(checkpoint=Checkpoint(tmp_path / f"c-{name}"), resume=resume, progress=heard)
        train_model(tmp_path / name, examples or rows(), [], LABELS, "classify", recipe, keeping)
        return tmp_path / name, heard

    return trained


def test_each_epoch_attacks_other_rows_on_the_weights_of_that_epoch(train: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[list[str], list[str], np.ndarray]] = []
    attack = AdversarialExamples.attacked

    def watched(self: Any, subject: Any, texts: Any, targets: Any) -> Any:
        found = attack(self, subject, texts, targets)
        seen.append((list(texts), [one.edited for one in found], subject.logits(["a lovely room"])))
        return found

    monkeypatch.setattr(AdversarialExamples, "attacked", watched)
    _, heard = train("m")
    assert len(seen) == 3 and all(len(texts) == 20 for texts, _, _ in seen)
    assert seen[0][0] != seen[1][0] and not np.allclose(seen[0][2], seen[1][2], atol=1e-4)
    assert any(text != edited for text, edited in zip(*seen[0][:2], strict=True)), "some were edited"
    told = [line for line in heard.said if "after an attack" in line]
    assert len(told) == 3 and "all 20 attacked rows are learned along" in told[0]


def test_the_attacked_rows_are_rows_of_the_epoch_with_the_answers_of_their_own(train: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[int, list[int]]] = []
    step = Fit.one_step

    def watched(fit: Any, group: Any) -> float:
        for batch in group:
            own = [fit.fresh.chosen[place - 40] if place >= 40 else place for place in batch]
            assert fit.targets_N[batch].tolist() == [place % 2 for place in own]
            shown.append((fit.epoch, batch.tolist()))
            assert len({place >= 40 for place in batch}) == 1, "a batch holds rows of one kind"
        return step(fit, group)

    monkeypatch.setattr(attacked.AttackedFit, "one_step", watched)
    train("m", epochs=2)
    for epoch in range(2):
        assert sorted(place for at, batch in shown if at == epoch for place in batch) == list(range(60))


@pytest.mark.parametrize("frozen", [0, 1])
@pytest.mark.parametrize("stop_at", [2, 8, 11])
def test_killed_and_gone_on_it_ends_with_the_same_folder(
    train: Any, monkeypatch: pytest.MonkeyPatch, stop_at: int, frozen: int
) -> None:
    given = {"epochs": 2, "frozen_layers": frozen, "dropout": 0.2}
    whole, _ = train("whole", **given)
    step = Fit.one_step

    def interrupted(fit: Fit, group: Any) -> float:
        if fit.step == stop_at:
            signal.raise_signal(signal.SIGINT)
        return step(fit, group)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Fit, "one_step", interrupted)
        train("part", **given)
    part, _ = train("part", resume=True, **given)
    assert (part / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


@pytest.mark.slow
def test_it_withstands_what_it_was_shown(train: Any) -> None:
    """The same typing slips, sought anew on each model, turn fewer rows of the one that was defended."""
    plain = {"defence": None, "attack_edits": "synonyms", "attacked_share": 0.25}  # as where they are not set
    found, examples, judge = [], rows(80), AdversarialExamples(editing=Editing(("typos",)))
    texts, targets = [row.text for row in examples], [str(row.target) for row in examples]
    for name, settings in (("plain", plain), ("defended", {"attacked_share": 1.0})):
        folder, _ = train(name, examples, epochs=10, **settings)
        ends = [one.ended for one in judge.attacked(load_subject(folder), texts, targets)]
        found.append(ends.count("fooled") / max(1, sum(end != "wrong" for end in ends)))
    assert found[1] < 0.8 * found[0], found


def test_near_words_stand_in_for_a_thesaurus_in_english_and_chinese(train: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BESIDE_SYNONYMS", raising=False)
    chinese = [
        Example(id=str(at), text=f"这个{word}的酒店{other}", target=LABELS[at % 2])
        for at, (word, other) in enumerate([("糟糕", "服务很差"), ("漂亮", "服务很好")] * 20)
    ]
    _, heard = train("zh", chinese, attack_edits="homophones,typos", epochs=1)
    assert any("after an attack" in line for line in heard.said)


@pytest.mark.parametrize(
    "settings, said",
    [
        ({"attack_edits": "nonsense"}, "nonsense"),
        ({"attack_edits": "surface"}, "does not say what may stand where"),
        ({"sampling": "balanced"}, "sampling=balanced"),
        ({"processes": 2}, "by one process"),
    ],
)
def test_what_cannot_be_attacked_is_refused_in_words(train: Any, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(Exception, match=said) as refused:
        train("m", **settings)
    assert getattr(refused.value, "hint", "")


def test_pairs_and_rows_in_which_nothing_can_be_edited_are_refused(train: Any) -> None:
    pairs = [row.model_copy(update={"text": joined(row.text, "and another")}) for row in rows()]
    with pytest.raises(BadOption, match="pairs of texts"):
        train("pairs", pairs)
    numbers = [row.model_copy(update={"text": f"{place} {place}"}) for place, row in enumerate(rows())]
    with pytest.raises(BadOption, match="in no row anything can be edited"):
        train("numbers", numbers)
