"""A private training that was killed takes the same steps with the same noise, and no other has that noise."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from beside.core.errors import BadInput
from beside.engine.noise import Secret
from beside.engine.private import PrivateFit

Make = Callable[..., PrivateFit]


def weights(fit: PrivateFit) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in fit.model.state_dict().items()}


@pytest.mark.parametrize("stop_at", [1, 5, 7])
def test_stopped_and_gone_on_it_takes_the_same_steps_with_the_same_noise(make_private: Make, stop_at: int) -> None:
    key, whole = Secret().key, make_private(folder="whole", dropout=0.3)
    whole.secret = Secret(key)
    expected = whole.run(resume=False)
    first = make_private(dropout=0.3)
    first.secret = Secret(key)
    tell = first.tell
    first.tell = lambda: (tell(), signal.raise_signal(signal.SIGINT) if first.step == stop_at else None)  # type: ignore[method-assign, func-returns-value]
    with pytest.raises(KeyboardInterrupt):
        first.run(resume=False)
    second = make_private(dropout=0.3)
    torch.manual_seed(99)
    found = second.run(resume=True)
    assert all(tensor.equal(weights(whole)[name]) for name, tensor in weights(second).items())
    assert found.spent == expected.spent and second.step == 10


def test_the_key_is_saved_before_the_first_step_and_never_twice_the_same(make_private: Make) -> None:
    fit = make_private()
    fit.one_step = lambda group: (_ for _ in ()).throw(RuntimeError("killed"))  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="killed"):
        fit.run(resume=False)
    facts = fit.checkpoint.facts()
    assert facts and facts["secret"] == fit.secret.key.hex()
    assert make_private().secret.key != fit.secret.key


def test_a_checkpoint_without_its_key_is_refused(make_private: Make) -> None:
    fit = make_private()
    fit.save()
    state = fit.checkpoint.load()
    assert state
    del state.facts["secret"]
    fit.checkpoint.save(state)
    with pytest.raises(BadInput, match="no key"):
        make_private().run(resume=True)


def test_two_trainings_with_one_seed_have_different_noise(make_private: Make) -> None:
    first, second = make_private(folder="first"), make_private(folder="second")
    first.run(resume=False), second.run(resume=False)
    assert not weights(first)["head.weight"].equal(weights(second)["head.weight"])
