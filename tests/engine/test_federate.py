"""Rounds of a federation, with every site in this process: what goes in, what comes out, and who is believed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beside.core.errors import BadInput, BadOption
from beside.core.federation import must_be_here, must_federate
from beside.core.interfaces import Silent
from beside.core.recipe import Recipe
from beside.core.types import Example
from beside.engine.checkpoint import Checkpoint
from beside.engine.federate import plan
from beside.engine.keeping import Keeping
from beside.engine.messages import pack, unpack
from beside.engine.shared import numbers, shared
from beside.engine.site import Site, clipped, length_of
from beside.engine.training import learn

LABELS = ("cancel", "deliver", "refund")


def thirds(rows: Sequence[Example]) -> dict[str, Sequence[Example]]:
    return {name: rows[place::3] for place, name in enumerate("abc")}


@pytest.mark.parametrize("method", ["full", "probe", "lora"])
def test_rounds_teach_the_common_model_what_no_place_sees_whole(federated: Any, labelled: list[Example], method: str) -> None:
    rates = {"probe": (1e-3, 0.3), "lora": (2e-2, 2e-2), "full": (3e-3, 1e-2)}[method]
    by_label = {name: [row for row in labelled if row.target != label] for name, label in zip("abc", LABELS, strict=True)}
    rounds, _ = federated(by_label, method=method, rounds=10, learning_rate=rates[0], head_learning_rate=rates[1])
    subject = rounds.common.subject
    rounds.run()
    said = subject.predict([row.text for row in labelled])
    right = np.mean([answer == row.target for answer, row in zip(said, labelled, strict=True)])
    assert right > 0.75, "each site has rows of two labels alone, so by itself it would reach two thirds at most"


def test_one_site_with_all_rows_learns_as_in_one_place(
    federated: Any, labelled: list[Example], federated_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from beside.engine import federate, site

    monkeypatch.setattr(site, "of_round", lambda recipe, number, name: recipe.model_copy(update={"epochs": 1}))
    monkeypatch.setattr(federate, "for_sites", lambda recipe: recipe)  # sums depend on the number of threads
    rounds, _ = federated({"a": labelled}, rounds=1, frozen_layers=1)
    rounds.run()
    asked = federated_recipe.model_copy(update={"rounds": 0, "epochs": 1, "frozen_layers": 1})
    alone = learn(labelled, [], LABELS, "classify", asked, keeping_in(tmp_path / "alone"))
    for name, tensor in numbers(alone.subject.model, list(rounds.weights)).items():
        assert np.allclose(tensor, rounds.weights[name], atol=1e-6)


def keeping_in(folder: Path) -> Keeping:
    return Keeping(checkpoint=Checkpoint(folder), progress=Silent())


def test_updates_are_weighed_by_rows(federated: Any, labelled: list[Example]) -> None:
    rounds, sites = federated({"a": labelled[:60], "b": labelled[60:]}, rounds=1)
    begun = {name: tensor.copy() for name, tensor in rounds.weights.items()}
    rounds.run()
    first, second = (unpack(answer).tensors for answer in sites.said)
    for name, tensor in rounds.weights.items():
        assert np.allclose(tensor, begun[name] + (60 * first[name] + 30 * second[name]) / 90, atol=1e-6)


def test_sites_that_are_lost_are_left_out_and_a_round_with_too_few_is_asked_for_again(
    federated: Any, labelled: list[Example]
) -> None:
    rounds, sites = federated(thirds(labelled), fewest=2, rounds=1)
    sites.lost = {"a", "b"}
    assert rounds.one_round("abc") is None
    sites.lost = {"a"}
    assert rounds.one_round("abc").sites == ("b", "c")


@pytest.mark.parametrize("wrong", ["numbers", "names", "bytes"])
def test_an_answer_that_does_not_fit_is_left_out(federated: Any, labelled: list[Example], wrong: str) -> None:
    rounds, sites = federated(thirds(labelled), fewest=2, rounds=1)

    def broken(name: str, answer: bytes) -> bytes:
        if name != "b":
            return answer
        if wrong == "bytes":
            return b"\x80\x04no pickle is read"
        tensors = unpack(answer).tensors
        first = next(iter(tensors))
        tensors = {**tensors, first: tensors[first] * np.nan} if wrong == "numbers" else {"x": tensors[first]}
        return pack({"rows": 30, "loss": 1.0}, tensors)

    sites.change = broken
    assert rounds.one_round("abc").sites == ("a", "c")


def test_a_coordinator_that_was_killed_ends_with_the_same_weights(federated: Any, labelled: list[Example]) -> None:
    whole, _ = federated(thirds(labelled), "whole")
    whole.run()
    cut, _ = federated(thirds(labelled), "cut")
    cut.take(cut.one_round("abc"))
    again, _ = federated(thirds(labelled), "cut", resume=True)
    again.run()
    assert [row["epoch"] for row in again.fitted.history] == [1, 2, 3]
    assert all(np.array_equal(again.weights[name], tensor) for name, tensor in whole.weights.items())


def test_a_proximal_term_keeps_sites_nearer_to_the_common_weights(federated: Any, labelled: list[Example]) -> None:
    def longest(mu: float) -> float:
        rounds, sites = federated(thirds(labelled), f"mu{mu}", rounds=1, local_epochs=3, proximal_mu=mu)
        rounds.run()
        return max(length_of(unpack(answer).tensors) for answer in sites.said)

    assert longest(10.0) < 0.7 * longest(0.0)


def test_no_text_and_no_word_vector_travels(federated: Any, labelled: list[Example]) -> None:
    rounds, sites = federated(thirds(labelled), rounds=2)
    rounds.run()
    travelled = b"".join([*sites.asked, *sites.said]).lower()
    words = {word for row in labelled for word in row.text.split() if len(word) > 5}
    assert not [word for word in words if word.encode() in travelled]
    assert not any("word_embeddings" in name for answer in sites.said for name in unpack(answer).tensors)


def test_a_site_with_a_label_that_was_not_agreed_on_is_refused(federated: Any, labelled: list[Example]) -> None:
    odd = [labelled[0].model_copy(update={"target": "complaint"})]
    with pytest.raises(BadInput, match="no label 'complaint'"):
        federated({"a": [*labelled, *odd]})


def test_a_site_with_another_base_is_refused(federated: Any, labelled: list[Example], tmp_path: Path) -> None:
    rounds, _ = federated({"a": labelled})
    facts = unpack(plan(rounds.common, LABELS, "classify")).facts
    with pytest.raises(BadInput, match="another one here"):
        Site("b", pack({**facts, "base": "0" * 64}), labelled, tmp_path / "b", Silent())


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"method": "lpft"}, "Cannot train the method 'lpft' in a federation"),
        ({"base": "scratch"}, "words are learned from the text"),
        ({"class_weights": "balanced"}, "class_weights has no meaning"),
        ({"site_noise": 1.0}, "takes both"),
        ({"site_noise": 0.01, "site_clip": 1.0}, "promises nothing"),
        ({"epsilon": 3.0}, "epsilon has no meaning"),
        ({"canaries": 8}, "canaries has no meaning"),
        ({"augment": "typos"}, "augment has no meaning"),
        ({"site_share": 0.5}, "no effect without site_noise"),
    ],
)
def test_what_a_federation_cannot_do_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(BadOption, match=words):
        must_federate(Recipe(**settings))


@pytest.mark.parametrize("task, target", [("generate", "yes"), ("grade", "3"), ("rank", "1")])
def test_a_task_that_needs_all_rows_in_one_place_is_refused(
    federated_recipe: Recipe, tmp_path: Path, task: str, target: str
) -> None:
    with pytest.raises(BadOption, match=f"Cannot train the task '{task}' in a federation"):
        shared(["a word"] * 4, [target, "1", "2", target], (), task, must_federate(federated_recipe), tmp_path, Silent())


def test_knobs_of_a_federation_are_refused_in_one_place() -> None:
    with pytest.raises(BadOption, match="proximal_mu has no effect here"):
        must_be_here(Recipe(proximal_mu=0.1))


def test_an_update_is_cut_to_a_length_and_keeps_its_direction() -> None:
    update = {"a": np.array([3.0, 0.0], dtype=np.float32), "b": np.array([[4.0]], dtype=np.float32)}
    assert length_of(update) == pytest.approx(5)
    cut = clipped(update, 1.0)
    assert length_of(cut) == pytest.approx(1)
    assert cut["a"] == pytest.approx([0.6, 0.0])
    assert clipped(update, 0.0) is update and clipped(update, 6.0) is update


def test_a_message_is_read_as_it_was_written_and_anything_else_is_refused() -> None:
    message = unpack(pack({"round": 3, "名": "站"}, {"w": np.arange(6, dtype=np.uint64).reshape(2, 3)}))
    assert message.facts == {"round": 3, "名": "站"}
    assert message.tensors["w"].dtype == np.uint64 and message.tensors["w"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert unpack(pack({})).tensors == {}
    for odd in (b"", b"\x00" * 8, b"{}", b"\xff" * 64, pack({"a": 1})[:-1] + b"!" * 9):
        with pytest.raises(BadInput):
            unpack(odd)
