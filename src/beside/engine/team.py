"""Several processes that train one model: each works on its share of the rows of every batch, their gradients are added up.

Shares are weighed by rows, so a step is that of one process with the whole batch, up to the order in which sums are taken. Dropout
cannot be that of one process: in a team each process draws it from a generator seeded with (seed, step, its rank), so that it
depends on nothing else and a resumed training draws the same. The processes find each other by a file and talk over the loopback
interface.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from beside.core.errors import WorkerLost

LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"
# that a process waits for another, which may be scoring: gloo notices the death of one at once, NCCL by this limit alone
PATIENCE = {"gloo": timedelta(days=7), "nccl": timedelta(hours=2)}
CHUNK = 1 << 24  # numbers that are added up at a time, for adding up makes a copy


class Alone:
    """One process does it all."""

    rank, size = 0, 1
    device: torch.device | None = None  # that it was given in a team; None = the recipe's

    def share(self, rows: np.ndarray) -> np.ndarray:
        """The rows of a batch that are this process's; may be none."""
        return rows[self.rank :: self.size]

    def seed(self, *numbers: int) -> None:
        """Where dropout draws from: left alone, for one process goes on drawing where it stands."""

    def alike(self, tensors: Sequence[Tensor]) -> None:
        """Gives every process the first one's numbers, in place."""

    def agree(self, yes: bool) -> bool:
        """What the first process says."""
        return yes

    def sum(self, tensor: Tensor) -> Tensor:
        """The sum over all processes, in place."""
        return tensor

    def gather(self, own: Tensor, rows: int) -> Tensor:
        """Every process's vectors in the order of the batch, (rows, H); gradients pass through this one's own."""
        return own

    def add_up(self, parameters: Sequence[nn.Parameter], loss: float) -> float:
        """Adds the gradients of all processes up, in place; the sum of their losses."""
        return loss


class Team(Alone):
    """One of several processes, after they have found each other.

    Args:
        rank: which one; 0 leads: it alone scores, saves and tells.
        size: how many there are.
        state: accelerate's.
    """

    def __init__(self, rank: int, size: int, state: Any) -> None:
        self.rank, self.size, self.device = rank, size, state.device

    def seed(self, *numbers: int) -> None:
        """The generator of dropout, from these numbers and the rank."""
        torch.manual_seed(int(np.random.SeedSequence((*numbers, self.rank)).generate_state(1, np.uint64)[0] >> 1))

    def alike(self, tensors: Sequence[Tensor]) -> None:
        """Gives every process the first one's numbers, in place.

        Raises:
            WorkerLost: a process is gone; so do the other methods that talk.
        """
        from accelerate.utils import broadcast

        with heard():
            for tensor in tensors:
                broadcast(tensor.detach())

    def agree(self, yes: bool) -> bool:
        """What the first process says."""
        said = torch.tensor([float(yes)], device=self.device)
        self.alike([said])
        return bool(said.item())

    def sum(self, tensor: Tensor) -> Tensor:
        """The sum over all processes, in place."""
        from accelerate.utils import reduce

        flat = tensor.view(-1)
        with heard():
            for part in flat.split(CHUNK):
                part.copy_(reduce(part.to(self.device), "sum"))
        return tensor

    def gather(self, own: Tensor, rows: int) -> Tensor:
        """Every process's vectors in the order of the batch, (rows, H); gradients pass through this one's own."""
        places = torch.arange(rows, device=own.device)[self.rank :: self.size]  # may be none
        whole = own.detach().new_zeros(rows, own.shape[1]).index_copy(0, places, own.detach())
        return self.sum(whole).index_copy(0, places, own)

    def add_up(self, parameters: Sequence[nn.Parameter], loss: float) -> float:
        """Adds the gradients of all processes up, in place; the sum of their losses.

        A parameter that no process has a gradient for keeps none, as with one process: the optimiser passes over it.
        """
        gradients = [torch.zeros_like(one) if one.grad is None else one.grad for one in parameters]
        there = torch.tensor([float(one.grad is not None) for one in parameters] + [loss], dtype=torch.float32)
        whole = self.sum(torch.cat([*(one.reshape(-1) for one in gradients), there.to(gradients[0].device)]))
        *parts, flags = whole.split([*(one.numel() for one in gradients), len(there)])
        *found, total = flags.tolist()
        for parameter, part, count in zip(parameters, parts, found, strict=True):
            parameter.grad = part.view_as(parameter) if count else None
        return float(total)


@contextmanager
def heard() -> Iterator[None]:
    """Turns what torch says of a broken connection into an error for a person.

    Raises:
        WorkerLost: a process is gone.
    """
    try:
        yield
    except RuntimeError as error:
        raise WorkerLost(f"A worker process of the training is gone: {str(error).splitlines()[0]}") from error


@contextmanager
def joined(rank: int, size: int, meeting: Path, on_gpu: bool) -> Iterator[Team]:
    """A team that is together until the block ends.

    Args:
        meeting: a file, not there yet, by which the processes find each other.
        on_gpu: each process has a GPU of its own and talks by NCCL; otherwise by gloo.
    """
    from accelerate.state import AcceleratorState, PartialState

    threads = torch.get_num_threads()
    own = max(1, threads // size)
    told = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": size, "LOCAL_WORLD_SIZE": size, "OMP_NUM_THREADS": own}
    with environment({**{name: str(value) for name, value in told.items()}, "GLOO_SOCKET_IFNAME": LOOPBACK}):
        place = {"init_method": meeting.as_uri(), "rank": rank, "world_size": size}
        with heard():
            state = PartialState(cpu=not on_gpu, timeout=PATIENCE["nccl" if on_gpu else "gloo"], **place)
    torch.set_num_threads(own)
    try:
        yield Team(rank, size, state)
    finally:
        torch.set_num_threads(threads)
        state.destroy_process_group()
        AcceleratorState._reset_state(reset_partial_state=True)  # another training of this process may be one alone


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """While the block lasts, the process's environment has these values."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
