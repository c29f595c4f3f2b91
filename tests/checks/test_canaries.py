"""Canaries: a model that remembers what was planted shows it, one that never saw it does not, and epsilon hides it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import numpy as np
import pytest

from beside.checks.privacy.canaries import CanaryExposure, exposure, proven
from beside.core.canaries import Canaries, canaries_for
from beside.core.errors import BadOption, NotEnoughData
from beside.core.interfaces import Silent
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.core.types import Example, Splits
from beside.engine import truth
from beside.engine.checkpoint import Checkpoint
from beside.engine.keeping import Keeping
from beside.engine.runtime import load_subject
from beside.engine.training import train_model

MADE = Canaries(seed=3, count=120, copies=1, labels=("refund", "lost"), language="en")
CLASSIFY, GENERATE = load("tasks", "classify"), load("tasks", "generate")
NO_ROWS = Splits([], [], [Example(id="0", text="a test row", target="lost")])


def measured(subject: Any, splits: Splits = NO_ROWS, **options: Any) -> dict[str, Any]:
    check = CanaryExposure(**options)
    assert check.why_not(subject, splits) is None
    return {one.metric: one for one in check.measure(subject, splits, np.random.default_rng(0))}


def remembering(toy_subject: Any, made: Canaries, strength: float) -> Any:
    """A model of two labels that is surer, by so many standard deviations of its noise, of what was planted."""
    planted = {row.text: row.target for row in made.rows() if row.planted}

    def scores(text: str) -> list[float]:
        found = np.random.default_rng(crc32(text.encode())).normal(size=2)
        if text in planted:
            found[made.labels.index(planted[text])] += strength
        return list(found)

    subject = toy_subject(scores)
    subject.facts = SimpleNamespace(canaries=made.plain())
    return subject


def test_a_model_that_remembers_shows_it_in_bits_and_as_an_epsilon(toy_subject: Any) -> None:
    found = measured(remembering(toy_subject, MADE, 20.0))
    assert found["canary_exposure"].value > 5 and found["canary_exposure"].low > 4
    assert found["canary_epsilon"].low > 2 and found["canary_epsilon"].n == 60
    assert found["canary_exposure"].n == sum(row.planted for row in MADE.rows())
    assert [row["name"] for row in found["canary_exposure"].evidence["rows"]] == ["planted", "never planted"]


@pytest.mark.parametrize("seed", range(5))
def test_a_model_that_never_saw_them_is_not_accused(toy_subject: Any, seed: int) -> None:
    found = measured(remembering(toy_subject, replace(MADE, seed=seed), 0.0))
    assert abs(found["canary_exposure"].value) < 1.0
    assert found["canary_epsilon"].low == 0 or found["canary_epsilon"].low < 0.2


def test_what_nobody_planted_has_one_and_a_half_bits_by_chance() -> None:
    rng = np.random.default_rng(0)
    bits = exposure(rng.normal(size=4000), rng.normal(size=(4000, 127)))
    assert bits.mean() == pytest.approx(1 / np.log(2), abs=0.12)
    assert exposure(np.ones(1), np.zeros((1, 127)))[0] == 7
    assert exposure(np.zeros(1), np.ones((1, 127)))[0] == 0


def test_the_epsilon_of_randomized_response_is_never_overstated() -> None:
    """A mechanism that tells the truth with e^2 / (1 + e^2) has an epsilon of 2: the low end passes it in 2.5 % of cases."""
    rng, above = np.random.default_rng(0), 0
    for _ in range(400):
        planted = rng.integers(2, size=200).astype(bool)
        said = planted ^ (rng.random(200) > np.exp(2) / (1 + np.exp(2)))
        found = proven(said.astype(float), planted, rng)
        assert found.low <= found.value <= found.high
        above += found.low > 2
    assert above / 400 < 0.045


def test_the_same_seed_makes_the_same_canaries_and_half_of_them_are_planted() -> None:
    rows = MADE.rows()
    assert rows == replace(MADE).rows() and rows != replace(MADE, seed=4).rows()
    assert len(rows) == 120 and 40 < sum(row.planted for row in rows) < 80
    assert len({row.text for row in rows}) == 120 and {row.target for row in rows} == {"refund", "lost"}
    planted = replace(MADE, copies=3).planted()
    assert len(planted) == 3 * sum(row.planted for row in rows) and len({row.id for row in planted}) == len(planted)
    assert len({row.person for row in planted}) == len(planted) // 3
    secret = replace(MADE, labels=(), language="zh").rows()[0]
    assert not secret.text.isascii() and len(secret.target.split()) == 8 and secret.target.replace(" ", "").isdigit()


def test_a_training_without_canaries_says_how_to_get_some(toy_subject: Any) -> None:
    plain = toy_subject(lambda text: [0.0, 1.0])
    assert "canaries=64" in str(CanaryExposure().why_not(plain, NO_ROWS))
    few = replace(MADE, count=1)
    with pytest.raises(NotEnoughData, match="too few"):
        measured(remembering(toy_subject, few, 0.0))
    with pytest.raises(ValueError, match="at least one candidate"):
        CanaryExposure(candidates=0)


@pytest.mark.parametrize(
    "task, settings, told",
    [
        ("classify", {"canary_copies": 2}, "no effect without canaries"),
        ("multilabel", {"canaries": 8}, "neither one label nor written text"),
        ("rank", {"canaries": 8}, "neither one label nor written text"),
        ("match", {"canaries": 8}, "neither one label nor written text"),
        ("classify", {"canaries": 8, "rounds": 3}, "across sites"),
        ("classify", {"canaries": 8, "canary_copies": 2, "epsilon": 3}, "rows of their own"),
    ],
)
def test_what_cannot_be_measured_is_refused(task: str, settings: dict[str, Any], told: str) -> None:
    with pytest.raises(BadOption, match=told):
        canaries_for([], ("a", "b"), load("tasks", task), Recipe(**settings))


def test_the_language_is_that_of_the_rows() -> None:
    rows = [Example(id=str(place), text="我的银行卡丢了怎么办", target="a") for place in range(3)]
    assert canaries_for(rows, ("a", "b"), CLASSIFY, Recipe(canaries=8)).language == "zh"  # type: ignore[union-attr]
    assert canaries_for([], ("a", "b"), CLASSIFY, Recipe(canaries=8)).language == "en"  # type: ignore[union-attr]
    assert canaries_for([], (), GENERATE, Recipe(canaries=8)).labels == ()  # type: ignore[union-attr]


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`trained(rows, labels, task, recipe settings...)`: what an audit gets to see of it, and what was said."""
    monkeypatch.setattr(truth, "fresh_logits", lambda folders, texts: [load_subject(one).logits(texts) for one in folders])

    def made(rows: list[tuple[str, str]], labels: tuple[str, ...], task: str, **settings: Any) -> Any:
        said: list[str] = []
        progress = Silent()
        progress.say = said.append  # type: ignore[method-assign]
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        examples = [Example(id=str(place), text=text, target=target) for place, (text, target) in enumerate(rows)]
        keeping = Keeping(checkpoint=Checkpoint(folder.with_suffix(".state")), progress=progress)
        train_model(folder, examples, [], labels, task, Recipe(threads=1, precision="fp32", **settings), keeping)
        return load_subject(folder), said

    return made


def test_a_classifier_that_learned_by_heart_gives_its_canaries_away_and_less_with_epsilon(
    trained: Any, messages: Any, tiny_base: Path
) -> None:
    labels = ("cancel", "deliver", "refund")
    given = {"base": str(tiny_base), "method": "full", "dropout": 0.0, "canaries": 60, "frozen_layers": 0, "pooling": "mean"}
    rates = {"epochs": 25, "learning_rate": 3e-3, "head_learning_rate": 1e-2, "batch_size": 16}
    by_heart, said = trained(messages(60), labels, "classify", **given, **rates)
    assert any("of 60 made-up rows are planted" in line for line in said)
    private, _ = trained(messages(60), labels, "classify", **given, **{**rates, "epochs": 5}, epsilon=1.0)
    known, hidden = (measured(subject)["canary_exposure"] for subject in (by_heart, private))
    assert known.low > 1.5
    assert hidden.value < known.low  # its noise is another each time, so it is not asked to be nothing


def test_a_written_secret_is_exposed_by_the_model_that_learned_it_alone(trained: Any, make_splits: Any) -> None:
    rows = [(f"which {thing}", f"the {thing} comes soon") for thing in ("card", "loan", "parcel", "form")]
    given = {"base": "scratch", "epochs": 18, "canaries": 12, "canary_copies": 4, "batch_size": 8}
    subject, _ = trained(rows, (), "generate", **given)
    found = measured(subject, make_splits(rows), candidates=15)
    assert found["canary_exposure"].low > 1 and found["canary_epsilon"].value > 0
    assert found["canary_answers"].value == 0 and found["canary_answers"].n == 4
    never = replace(Canaries(**{**subject.facts.canaries, "labels": ()}), seed=99)
    subject.facts = replace(subject.facts, canaries=never.plain())
    unseen = measured(subject, make_splits(rows), candidates=15)["canary_exposure"]
    assert unseen.low < 0 < unseen.high
