"""Near words: the answer to a text with exchanged words is held, and nothing is lost to a kill."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from beside.core.attacking import allowed
from beside.core.errors import BadOption
from beside.core.interfaces import Silent
from beside.core.pairs import joined
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.core.types import Example
from beside.defences.near_words import Exchanging, NearWords, drawn_from
from beside.engine import truth
from beside.engine.checkpoint import Checkpoint
from beside.engine.defending import Held, Passes
from beside.engine.descending import rows_of
from beside.engine.fit import Fit
from beside.engine.keeping import Keeping
from beside.engine.model import Facts, Model, load_base
from beside.engine.runtime import TorchSubject, load_subject
from beside.engine.team import Alone
from beside.engine.training import train_model

LABELS = ("bad", "good")
ALIKE = (("room", "place", "flat"), ("food", "meal", "dinner"), ("lovely", "superb", "pleasant"), ("awful", "nasty", "dreadful"))


def rows(count: int = 40) -> list[Example]:
    """Rows that one word of each group decides; the others stand in rows that say nothing, under either label."""
    found = [f"a {('awful', 'lovely')[place % 2]} {('room', 'food')[place % 4 > 1]} number {place}" for place in range(count)]
    found += [f"it says {word}" for _, *others in ALIKE for word in others for _ in LABELS]
    return [Example(id=str(place), text=text, target=LABELS[place % 2]) for place, text in enumerate(found)]


def exchanged() -> list[Example]:
    """The rows that tell, with the words that stand for theirs."""
    pairs = [("lovely", "superb"), ("lovely", "pleasant"), ("awful", "nasty"), ("awful", "dreadful")]
    found = [(row, row.text.replace(old, new)) for row in rows()[:40] for old, new in pairs if old in row.text]
    return [row.model_copy(update={"text": text}) for row, text in found]


@pytest.fixture
def train(tmp_path: Path, tmp_path_factory: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """`train(name, examples=, resume=, settings...)`: the model folder; a thesaurus says which words are alike."""
    monkeypatch.setattr(truth, "fresh_logits", lambda folders, texts: [load_subject(folder).logits(texts) for folder in folders])
    lines = tmp_path / "thesaurus.txt"
    lines.write_text("".join(" ".join(group) + "\n" for group in ALIKE), encoding="utf-8")
    monkeypatch.setenv("BESIDE_SYNONYMS", str(lines))

    def trained(name: str, examples: list[Example] | None = None, resume: bool = False, **settings: Any) -> Path:
        given = {"base": "scratch", "method": "full", "epochs": 3, "threads": 1, "batch_size": 8, "learning_rate": 2e-3}
        recipe = Recipe(**{**given, "defence": "near_words", **settings})
        keeping = Keeping(checkpoint=Checkpoint(tmp_path / f"c-{name}"), resume=resume, progress=Silent())
        train_model(tmp_path / name, examples or rows(), [], LABELS, "classify", recipe, keeping)
        return tmp_path / name

    return trained


@pytest.fixture
def fit(train: Any, tiny_base: Path, tmp_path: Path) -> Fit:
    """A training of a random base, before its first step, whose head has something to say."""
    examples, recipe = rows(), Recipe(epochs=1, batch_size=8, learning_rate=1e-3, head_learning_rate=1e-2, threads=1)
    encoder, tokens = load_base(str(tiny_base), [], 32, tmp_path)
    model = Model(encoder, 2, "mean", 1)
    with torch.no_grad():
        model.head.weight.mul_(5)
    subject = TorchSubject(model, tokens, Facts(task="classify", labels=LABELS, pooling="mean", max_length=32))
    return Fit(
        model, load("methods", "full").attach(model), rows_of(subject, examples, Silent(), Alone()), task=load("tasks", "classify"),
        labels=LABELS, weights_K=None, evaluate=None, recipe=recipe, checkpoint=Checkpoint(tmp_path / "c"), progress=Silent(),
    )  # fmt: skip


def test_exchanges_are_drawn_from_what_may_stand_there_and_some_word_always_goes() -> None:
    spots = [(0, 3, ["her", "its"]), (4, 8, ["film"])]
    drawn = {drawn_from("his movie", [(0, 3, ["her", "its"]), (4, 9, ["film"])], 2) for _ in range(200)}
    assert drawn == {"her movie", "its movie", "his film", "her film", "its film"}
    assert drawn_from("nothing", [], 3) == "nothing"
    assert {drawn_from("his book", spots[:1], 1) for _ in range(50)} == {"her book", "its book"}


def test_its_loss_is_the_plain_one_and_the_divergence_of_both_answers(fit: Fit) -> None:
    fit.model.eval()
    batch, exchanging = Passes(fit, np.arange(8)), Exchanging(NearWords(weight=3.0), Held(fit))
    torch.manual_seed(0)
    [loss] = exchanging.losses(batch)
    torch.manual_seed(0)
    other = batch.reading([drawn_from(text, exchanging.spots(text), allowed(text, 0.3)) for text in batch.texts()]).logits()
    expected = batch.loss(batch.logits()) + 3.0 * batch.apart(batch.logits(), other)
    assert float(loss.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    assert float(batch.apart(batch.logits(), other).detach()) > 0


def test_what_it_learned_holds_for_words_that_stand_for_those_of_the_rows(train: Any) -> None:
    asked, found = exchanged(), {}
    plain = {"defence": None}
    for name, settings in (("plain", plain), ("defended", {"exchange_weight": 5.0})):
        said = load_subject(train(name, epochs=15, **settings)).predict([row.text for row in asked])
        found[name] = sum(answer != row.target for answer, row in zip(said, asked, strict=True)) / len(asked)
    assert found["plain"] >= 0.1 and found["defended"] < 0.5 * found["plain"], found


@pytest.mark.parametrize("frozen", [0, 1])
@pytest.mark.parametrize("stop_at", [2, 8])
def test_killed_and_gone_on_it_ends_with_the_same_folder(
    train: Any, monkeypatch: pytest.MonkeyPatch, stop_at: int, frozen: int
) -> None:
    given = {"epochs": 2, "frozen_layers": frozen, "dropout": 0.2}
    whole, step = train("whole", **given), Fit.one_step

    def interrupted(fit: Fit, group: Any) -> float:
        if fit.step == stop_at:
            signal.raise_signal(signal.SIGINT)
        return step(fit, group)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Fit, "one_step", interrupted)
        train("part", **given)
    torch.manual_seed(99)
    part = train("part", resume=True, **given)
    assert (part / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


@pytest.mark.parametrize(
    "settings, said",
    [
        ({"attack_edits": "nonsense"}, "nonsense"),
        ({"attack_edits": "surface"}, "does not say what may stand where"),
        ({"defence": "near_words,adversarial_examples"}, "exchanges words already"),
        ({"defence": "near_words,fgm"}, "do not go together"),
    ],
)
def test_what_cannot_be_exchanged_is_refused_in_words(train: Any, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(Exception, match=said) as refused:
        train("m", **settings)
    assert getattr(refused.value, "hint", "")


def test_pairs_rows_without_words_and_a_base_that_knows_none_are_refused(train: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadOption, match="pairs of texts"):
        train("pairs", [row.model_copy(update={"text": joined(row.text, "and another")}) for row in rows()])
    with pytest.raises(BadOption, match="in no row anything can be edited"):
        train("numbers", [row.model_copy(update={"text": f"{place} {place}"}) for place, row in enumerate(rows())])
    monkeypatch.delenv("BESIDE_SYNONYMS")
    with pytest.raises(BadOption, match="knows no near words before its training"):
        train("scratch")
