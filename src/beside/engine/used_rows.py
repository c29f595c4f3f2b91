"""Word vectors that no training row uses stay out of the training: no gradient, no moments, no decay for them.

A small encoder holds half of its weights in the table of word vectors, and a corpus uses a tenth of its rows. The others get a
gradient of zero in every step, so that Adam and the norm of the gradient learn nothing from carrying them; only weight decay would
move them, towards nothing, and forget words that the text at hand happens not to use. They are left as they were.

Tensor suffixes: B batch, L sequence length, V rows of the table, U rows that are used, H hidden size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from beside.engine.model import Model


class UsedRows(nn.Module):
    """A table of word vectors of which only the used rows learn.

    Args:
        table: the whole table.
        used_U: numbers of the rows that occur in training, each once, in order.
    """

    table_VH: Tensor
    place_V: Tensor

    def __init__(self, table: nn.Embedding, used_U: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(table.weight.detach()[used_U].clone())
        places_V = torch.full((table.num_embeddings,), -1, dtype=torch.int64, device=used_U.device)
        places_V[used_U] = torch.arange(len(used_U), device=used_U.device)
        self.padding_idx = None if table.padding_idx is None else self.index_of(int(places_V[table.padding_idx]))
        self.register_buffer("table_VH", table.weight.detach(), persistent=False)
        self.register_buffer("place_V", places_V, persistent=False)

    @staticmethod
    def index_of(place: int) -> int | None:
        """The place, or None for a row that is not used."""
        return place if place >= 0 else None

    def forward(self, ids_BL: Tensor) -> Tensor:
        """Vectors of the tokens, (B, L, H); tokens that training never meets come from the table as it was."""
        places_BL = self.place_V[ids_BL]
        known_BL = places_BL >= 0
        learned_BLH = embedding(places_BL.clamp(min=0), self.weight, self.padding_idx)
        if bool(known_BL.all()):  # as all training rows are
            return learned_BLH
        return torch.where(known_BL.unsqueeze(-1), learned_BLH, embedding(ids_BL, self.table_VH))


@contextmanager
def used_rows_only(model: Model, names: Sequence[str], rows: Sequence[np.ndarray], pad_id: int) -> Iterator[int]:
    """While the block lasts, only the word vectors of these rows' tokens learn; yields how many, 0 = the table does not learn.

    Args:
        names: parameters that learn.
        rows: token ids of every training row.
        pad_id: id that fills a short row.
    """
    table = model.encoder.get_input_embeddings()
    if not isinstance(table, nn.Embedding) or not learns_alone(model, table.weight, set(names)):
        yield 0
        return
    used_U = torch.from_numpy(np.unique(np.concatenate([*rows, np.array([pad_id])])).astype(np.int64)).to(table.weight.device)
    part = UsedRows(table, used_U)
    model.encoder.set_input_embeddings(part)
    try:
        yield len(used_U)
    finally:
        with torch.no_grad():
            table.weight[used_U] = part.weight
        model.encoder.set_input_embeddings(table)


def learns_alone(model: Model, weight: Tensor, names: Set[str]) -> bool:
    """Whether the table learns and no other part of the model shares it."""
    known_as = [name for name, parameter in model.named_parameters(remove_duplicate=False) if parameter is weight]
    return len(known_as) == 1 and known_as[0] in names
