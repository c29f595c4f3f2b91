"""Near words: the gradient finds the exchange that hurts, the answer to it is held, and nothing is lost to a kill."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from beside.core.errors import BadOption
from beside.core.interfaces import Silent
from beside.core.pairs import joined
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.core.types import Example
from beside.defences.near_words import Exchanging, NearWords, steepest
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


def test_the_first_order_says_what_a_small_exchange_does_to_the_loss(fit: Fit) -> None:
    """Words whose vectors differ little: the loss of each edited text, asked one by one, rises by what one pass foretold."""
    batch, tokens = Passes(fit, np.arange(4)), fit.rows.subject.tokens
    table = fit.model.encoder.get_input_embeddings().weight
    old, others = tokens.tokenizer.token_to_id("a"), list(range(20, 26))
    names = [tokens.tokenizer.id_to_token(number) for number in others]
    with torch.no_grad():
        table[others] = table[old] + 1e-4 * torch.randn(len(others), table.shape[1])
    assert [tokens.tokenizer.encode(f" {name}", add_special_tokens=False).ids for name in names] == [[number] for number in others]
    fit.model.eval()
    rises = batch.rises([[(0, 1, names)]] * 4)
    before = batch.reading(batch.texts()).each().detach()  # the states of the frozen layer are from before the change
    after = torch.stack([batch.reading([name + text[1:] for text in batch.texts()]).each().detach() for name in names], dim=1)
    foretold = torch.tensor([row[0] for row in rises])  # of the mean loss of 4 rows
    assert torch.allclose(4 * foretold, after - before[:, None], rtol=0.05, atol=5e-6)


def test_a_place_that_the_model_does_not_see_is_never_exchanged(fit: Fit) -> None:
    fit.rows.subject.tokens.max_length = 4
    text = fit.rows.texts[0]
    [[first, last]] = Passes(fit, np.arange(1)).rises([[(0, 1, ["it"]), (len(text) - 1, len(text), ["2"])]])
    assert np.isfinite(first).all() and last == [-float("inf")]
    assert steepest(text, [(0, 1, ["it"]), (len(text) - 1, len(text), ["2"])], [[0.1], last], 2).startswith("it ")


def test_looking_for_exchanges_leaves_weights_gradients_and_mode_as_they_are(fit: Fit) -> None:
    fit.model.train()
    before = [parameter.detach().clone() for parameter in fit.model.parameters()]
    edited = Exchanging(NearWords(tries=4), Held(fit)).worst(batch := Passes(fit, np.arange(8)))
    assert all(torch.equal(one, other) for one, other in zip(before, fit.model.parameters(), strict=True))
    assert all(parameter.grad is None for parameter in fit.model.parameters()) and fit.model.training
    assert fit.model.layers[1].training and not fit.model.layers[0].training, "frozen layers drop nothing"
    assert edited != batch.texts()


def test_what_is_learned_from_is_worse_than_a_random_exchange_and_no_worse_than_the_gradient_alone(fit: Fit) -> None:
    batch = Passes(fit, np.arange(40))
    fit.model.eval()
    found = {}
    for name, tries in (("gradient", 1), ("several", 8)):
        torch.manual_seed(0)
        found[name] = float(batch.reading(Exchanging(NearWords(tries=tries), Held(fit)).worst(batch)).each().mean().detach())
    exchanging = Exchanging(NearWords(), Held(fit))
    at_random = [exchanging.drawn(batch.texts()) for _ in range(8)]
    mean = float(np.mean([batch.reading(texts).each().mean().detach() for texts in at_random]))
    assert mean < found["gradient"] <= found["several"] + 1e-6, (mean, found)


def test_its_loss_is_the_plain_one_and_the_divergence_of_both_answers(fit: Fit) -> None:
    fit.model.eval()
    batch, exchanging = Passes(fit, np.arange(8)), Exchanging(NearWords(weight=3.0, tries=1), Held(fit))
    [loss] = exchanging.losses(batch)
    other = batch.reading(exchanging.worst(batch)).logits()
    assert float(loss) == pytest.approx(float(batch.loss(batch.logits()) + 3.0 * batch.apart(batch.logits(), other)), rel=1e-5)
    assert float(batch.apart(batch.logits(), other)) > 0


def test_what_it_learned_holds_for_words_that_stand_for_those_of_the_rows(train: Any) -> None:
    asked, found = exchanged(), {}
    plain = {"defence": None}
    for name, settings in (("plain", plain), ("defended", {"exchange_weight": 5.0})):
        said = load_subject(train(name, epochs=15, **settings)).predict([row.text for row in asked])
        found[name] = sum(answer != row.target for answer, row in zip(said, asked, strict=True)) / len(asked)
    assert found["plain"] > 0.15 and found["defended"] < 0.5 * found["plain"], found


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
