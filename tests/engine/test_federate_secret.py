"""Rounds in which no update is seen, and rounds in which each site is promised its privacy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from beside.core.errors import BadInput
from beside.core.types import Example
from beside.engine.messages import pack, unpack
from beside.engine.site import length_of


def quarters(rows: Sequence[Example]) -> dict[str, Sequence[Example]]:
    return {name: rows[place::4] for place, name in enumerate("abcd")}


def test_a_secret_sum_gives_the_weights_of_an_open_one_and_no_update_is_seen(federated: Any, labelled: list[Example]) -> None:
    open_, seen = federated(quarters(labelled), "open", fewest=3, rounds=1)
    open_.run()
    secret, unseen = federated(quarters(labelled), "secret", fewest=3, rounds=1, secure_aggregation=True)
    secret.run()
    for name, tensor in open_.weights.items():
        assert np.allclose(tensor, secret.weights[name], atol=1e-5), "fixed-point numbers round otherwise, no more"
    assert secret.fitted.history[-1]["loss"] == pytest.approx(open_.fitted.history[-1]["loss"], abs=1e-3)
    assert {name for answer in unseen.said for name in unpack(answer).tensors} == {"masked"}
    assert not any("rows" in unpack(answer).facts for answer in unseen.said), "how many rows a site has stays with it, too"
    assert {name for answer in seen.said for name in unpack(answer).tensors} == set(open_.weights)


@pytest.mark.parametrize("kind", ["keys", "shares", "train", "open"])
def test_a_secret_sum_goes_on_without_a_site_that_is_lost_at_any_question(
    federated: Any, labelled: list[Example], kind: str
) -> None:
    rounds, sites = federated(quarters(labelled), fewest=3, rounds=1, secure_aggregation=True)
    open_, seen = federated(quarters(labelled), "open", fewest=3, rounds=1)
    ask = sites.ask

    def lossy(messages: Mapping[str, bytes]) -> dict[str, bytes]:
        if unpack(next(iter(messages.values()))).facts["kind"] == kind:
            sites.lost = {"b"}
        return ask(messages)

    sites.ask = lossy
    added = rounds.one_round("abcd")
    if kind != "open":  # whoever is lost at the last question has given its update
        seen.lost = {"b"}
    expected = open_.one_round("abcd")
    assert added.sites == expected.sites
    assert added.rows == expected.rows
    assert all(np.allclose(added.update[name], tensor, atol=1e-5) for name, tensor in expected.update.items())


def test_a_secret_sum_of_too_few_is_not_opened(federated: Any, labelled: list[Example]) -> None:
    rounds, sites = federated(quarters(labelled), fewest=3, rounds=1, secure_aggregation=True)
    sites.lost = {"a", "b"}
    assert rounds.one_round("abcd") is None


def test_a_site_in_a_secret_federation_gives_no_open_update(federated: Any, labelled: list[Example]) -> None:
    rounds, sites = federated(quarters(labelled), fewest=3, secure_aggregation=True)
    with pytest.raises(BadInput, match="not in the plan"):
        sites.sites["a"].answer(pack({"kind": "train", "round": 0}, rounds.weights))


@pytest.mark.parametrize("secure", [False, True])
def test_promised_privacy_cuts_updates_adds_noise_and_tells_each_sites_epsilon(
    federated: Any, labelled: list[Example], secure: bool
) -> None:
    settings = {"site_clip": 0.5, "site_noise": 2.0, "secure_aggregation": secure, "rounds": 2}
    rounds, sites = federated(quarters(labelled), fewest=3, **settings)
    begun = {name: tensor.copy() for name, tensor in rounds.weights.items()}
    rounds.take(rounds.one_round("abcd"))
    moved = length_of({name: tensor - begun[name] for name, tensor in rounds.weights.items()})
    count = sum(tensor.size for tensor in begun.values())
    noise = 2.0 * 0.5 / 4 * np.sqrt(count)  # standard deviation of one number, times the root of how many there are
    assert 0.8 * noise < moved < 1.2 * noise + 0.5
    if not secure:
        assert all(length_of(unpack(answer).tensors) <= 0.5 + 1e-5 for answer in sites.said)
        assert not any(unpack(answer).facts for answer in sites.said), "neither rows nor loss leave without noise"
    sites.lost = {"b"}
    rounds.take(rounds.one_round("abcd"))
    spent = rounds.spent()
    assert spent["each"]["b"] < spent["each"]["a"] == spent["epsilon"]


def test_one_site_less_does_not_change_the_weight_of_the_others(federated: Any, labelled: list[Example]) -> None:
    rounds, sites = federated(quarters(labelled), fewest=1, site_clip=0.1, site_noise=0.1, rounds=1)
    rounds.recipe = rounds.recipe.model_copy(update={"site_noise": 1e-6})  # hardly any, to see the update alone
    begun = {name: tensor.copy() for name, tensor in rounds.weights.items()}
    sites.lost = {"b", "c", "d"}
    rounds.take(rounds.one_round("abcd"))
    moved = length_of({name: tensor - begun[name] for name, tensor in rounds.weights.items()})
    assert moved <= 0.1 / 4 + 1e-5, "a quarter of one update, though it came alone"
