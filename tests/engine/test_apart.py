"""Training of a model that reads query and candidate apart: its batches, its loss, and that it goes on after a stop."""

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
from beside.engine.apart import EXPLICIT, negatives_loss
from beside.engine.catalogue import load_catalogue
from beside.engine.checkpoint import Checkpoint
from beside.engine.fit import Fit
from beside.engine.keeping import Keeping
from beside.engine.runtime import load_subject
from beside.engine.team import Alone
from beside.engine.training import learn, train_model

WORKED = load("tasks", "rank").example
ROWS = [
    Example(id=str(at), text=joined(row["text"], row["pair"]), target=row["label"])
    for at, row in enumerate(row for row in WORKED if "pair" in row)
]
PAGES = list(dict.fromkeys(row["pair"] for row in WORKED))


def test_the_loss_is_the_softmax_over_the_candidates_that_are_not_known_to_be_relevant() -> None:
    torch.manual_seed(0)
    queries, candidates = (torch.nn.functional.normalize(torch.randn(count, 5), dim=1) for count in (3, 6))
    own, known, weights = torch.tensor([1, 4, 4]), torch.zeros(3, 6, dtype=torch.bool), torch.tensor([1.0, 0.5, 1.0])
    known[0, [1, 2]] = known[1, 4] = True
    each = []
    for row in range(3):
        against = [at for at in range(6) if at == own[row] or not known[row, at]]
        scores = torch.exp(candidates[against] @ queries[row] / 0.05)
        each.append(-torch.log(scores[against.index(int(own[row]))] / scores.sum()))
    expected = (torch.stack(each) * weights).sum() / weights.sum()
    assert float(negatives_loss(queries, candidates, own, known, weights, 0.05)) == pytest.approx(float(expected), rel=1e-5)


@pytest.fixture
def trained(tiny_base: Path, tmp_path: Path) -> Callable[..., Any]:
    """`trained(name, resume=, stop_at=, knobs...)`: a training of the tiny base on the rows above; what it learned."""

    def run(name: str, resume: bool = False, stop_at: int = 0, **knobs: Any) -> Any:
        given = {"epochs": 2, "batch_size": 4, "learning_rate": 1e-3, "threads": 1, **knobs}
        recipe = Recipe(base=str(tiny_base), **given)
        keeping = Keeping(checkpoint=Checkpoint(tmp_path / name), resume=resume, progress=Silent())
        tell = Fit.tell
        with pytest.MonkeyPatch.context() as patch:
            if stop_at:
                patch.setattr(
                    Fit, "tell", lambda fit: (tell(fit), signal.raise_signal(signal.SIGINT) if fit.step == stop_at else None)
                )
            return learn(ROWS, ROWS, ("relevant",), "rank", recipe, keeping)

    return run


@pytest.mark.parametrize("ranker", ["bi-encoder", "cross-encoder"])
def test_stopped_and_gone_on_it_ends_with_the_same_weights(trained: Callable[..., Any], ranker: str) -> None:
    whole = trained("whole", ranker=ranker).subject.model.state_dict()
    with pytest.raises(KeyboardInterrupt):
        trained("stopped", stop_at=5, ranker=ranker)
    torch.manual_seed(99)
    again = trained("stopped", resume=True, ranker=ranker).subject.model.state_dict()
    assert whole.keys() == again.keys() and all(torch.equal(tensor, again[name]) for name, tensor in whole.items())


@pytest.mark.slow
@pytest.mark.parametrize("ranker", ["bi-encoder", "cross-encoder"])
def test_two_processes_compare_the_vectors_of_both(trained: Callable[..., Any], ranker: str) -> None:
    # hardly any learning, so that rounding stays rounding
    given = {"ranker": ranker, "precision": "fp32", "device": "cpu", "dropout": 0.0, "threads": 2, "learning_rate": 1e-6}
    one, two = (trained(str(size), processes=size, **given).fitted.history for size in (1, 2))
    assert [row["loss"] for row in two] == pytest.approx([row["loss"] for row in one], rel=1e-5)


def test_it_learns_to_find_and_the_last_scores_are_better(trained: Callable[..., Any]) -> None:
    history = trained("learns", epochs=30, learning_rate=5e-3).fitted.history
    assert history[-1]["tune_mrr"] > 0.8 > history[0]["tune_mrr"] and history[-1]["tune_loss"] < history[0]["tune_loss"]


def test_what_is_called_not_relevant_comes_into_the_batch_and_takes_turns(tiny_base: Path, tmp_path: Path) -> None:
    from beside.engine.apart import apart_rows

    keeping = Keeping(checkpoint=Checkpoint(tmp_path / "c"), progress=Silent())
    subject = learn(ROWS, (), ("relevant",), "rank", Recipe(base=str(tiny_base), epochs=1, threads=1), keeping).subject
    asked = WORKED[0]["text"]
    rows = apart_rows(subject, [joined(asked, page) for page in PAGES[:6]], ["1"] + ["0"] * 5, Silent(), Alone())
    [(query, listed)] = rows.against.items()
    assert len(listed) == 5 and not set(listed) & rows.known[query]
    assert rows.relevant.tolist() == [0] and len(listed) > EXPLICIT


def test_smoothing_that_would_do_nothing_is_refused(trained: Callable[..., Any]) -> None:
    with pytest.raises(BadOption, match="no effect"):
        trained("smooth", label_smoothing=0.1)


@pytest.mark.slow
def test_the_candidates_are_kept_and_answer_a_query_alone(tiny_base: Path, tmp_path: Path) -> None:
    recipe = Recipe(base=str(tiny_base), epochs=1, threads=1)
    keeping = Keeping(checkpoint=Checkpoint(tmp_path / "c"), progress=Silent())
    train_model(tmp_path / "m", ROWS, ROWS, ("relevant",), "rank", recipe, keeping, PAGES)
    subject, kept = load_subject(tmp_path / "m"), load_catalogue(tmp_path / "m")
    assert kept is not None and kept.texts == PAGES and subject.searches
    [said] = subject.answers([PAGES[3]])
    assert said.label == PAGES[3] and said.answer[0] == {"index": 3, "score": 1.0, "text": PAGES[3]}
    plain = load_subject(tmp_path / "m")
    plain.catalogue = None
    assert np.abs(plain.embed(PAGES) - subject.embed(PAGES)).max() < 1e-5, "what is kept is what would be computed"
    without = recipe.model_copy(update={"keep_candidates": False})
    train_model(tmp_path / "n", ROWS, ROWS, ("relevant",), "rank", without, keeping, PAGES)
    assert not load_subject(tmp_path / "n").searches and load_catalogue(tmp_path / "n") is None
