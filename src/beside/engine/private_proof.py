"""Before a private training begins: are the gradients that it clips those of the units one by one, as the slow way finds them?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from beside.core.errors import BadOption
from beside.engine.ghost import recording

if TYPE_CHECKING:
    from beside.engine.private import PrivateFit

UNITS = 4  # that are looked at: the longest rows and the first
CLIPS = (1e30, 1e-3)  # one that no gradient reaches shows the sum, one that nearly all reach shows the norms
TOLERANCE = 1e-3  # of the longest gradient; fp32 sums in another order differ by a hundredth of it
MOVED = 0.05  # standard deviation of what weights are moved by meanwhile
TINY = 1e-12  # a gradient below it is none


def prove_gradients(fit: PrivateFit) -> None:
    """Does nothing when sum and norms of the gradients of some units are those of the slow way, and no row sees another.

    Without dropout, which two passes would draw anew, and in fp32. Weights and generators are left as they were.

    Raises:
        BadOption: they are not: this model cannot be trained privately here.
    """
    rows = [np.array(unit[:2]) for unit in some_units(fit)]
    batch = np.concatenate(rows)
    units_B = torch.from_numpy(np.repeat(np.arange(len(rows)), [len(own) for own in rows])).to(fit.device)
    with torch.random.fork_rng(devices=[]), exact(fit):
        fit.together = alike(fit, batch)
        with recording(list(fit.layers)) as fit.tape:
            found = {clip: fit.clipped(batch, units_B, len(rows), clip)[0] for clip in CLIPS}
        slow = [one_by_one(fit, own) for own in rows]
    norms = [float(torch.stack([part.norm() for part in own]).norm()) for own in slow]
    for clip, sums in found.items():
        shares = [min(1.0, clip / max(norm, TINY)) for norm in norms]
        wanted = [sum(share * part for share, part in zip(shares, parts, strict=True)) for parts in zip(*slow, strict=True)]
        longest = max(min(norm, clip) for norm in norms)
        worst = max(float((one - other).norm()) for one, other in zip(sums, wanted, strict=True))
        if not worst <= TOLERANCE * max(longest, TINY):  # also when it is no number
            raise BadOption(
                f"Cannot train privately: the gradients of {len(rows)} units differ by {worst:.2g} from those found one by one "
                f"(the longest is {longest:.2g}).",
                "Rows of this model depend on each other, or a layer is not as it seems. Use another method or base.",
            )
    fit.progress.say(f"Gradients of {len(rows)} units agree with those found one by one.")


def some_units(fit: PrivateFit) -> list[list[int]]:
    """The units with the longest rows, and the first ones."""
    longest = sorted(range(len(fit.units)), key=lambda unit: -int(fit.rows.feed.lengths[fit.units[unit]].max()))
    return [fit.units[unit] for unit in dict.fromkeys([*longest[: UNITS // 2], *range(min(UNITS, len(fit.units)))])][:UNITS]


def one_by_one(fit: PrivateFit, rows: np.ndarray) -> list[Tensor]:
    """The gradient of one unit for each learning parameter, by plain autograd over its rows alone, each passed by itself."""
    loss = torch.stack([fit.losses(rows[place : place + 1]).sum() for place in range(len(rows))]).mean()
    found = torch.autograd.grad(loss, fit.parameters, allow_unused=True)
    return [torch.zeros_like(own) if part is None else part for own, part in zip(fit.parameters, found, strict=True)]


def alike(fit: PrivateFit, batch: np.ndarray) -> bool:
    """Whether the losses of many rows computed at once are those computed row by row; a task may not allow it."""
    with torch.no_grad():
        fit.together = False
        slow = fit.losses(batch)
        fit.together = True
        try:
            return bool(torch.allclose(fit.losses(batch), slow, rtol=1e-4, atol=1e-6))
        except RuntimeError:
            return False


@contextmanager
def exact(fit: PrivateFit) -> Iterator[None]:
    """While the block lasts, the model trains without dropout, in fp32, and from weights at which every gradient is there.

    A head or an update that starts at zero lets no gradient through to what lies before it, and nothing would be proven of that.
    """
    dropped = [(module, module.p) for module in fit.model.modules() if isinstance(module, nn.Dropout)]
    recipe = fit.recipe
    fit.model.train()
    fit.recipe = recipe.model_copy(update={"precision": "fp32"})
    for module, _ in dropped:
        module.p = 0.0
    kept = [parameter.detach().clone() for parameter in fit.parameters]
    with torch.no_grad():
        for parameter in fit.parameters:
            parameter.add_(torch.randn_like(parameter), alpha=MOVED)
    try:
        yield
    finally:
        with torch.no_grad():
            for parameter, before in zip(fit.parameters, kept, strict=True):
                parameter.copy_(before)
        fit.recipe = recipe
        for module, share in dropped:
            module.p = share
