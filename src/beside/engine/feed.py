"""Training rows on their way into the model; what frozen layers make of them is computed once and kept.

Frozen bottom layers give the same states for a row in every epoch, so they are run once, without dropout, and only the upper layers
are run again. Half of a small encoder frozen makes an epoch about twice as fast and needs no gradients or optimiser moments below.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from beside.core.interfaces import Progress, Silent
from beside.engine.devices import holding, onto
from beside.engine.model import Model
from beside.engine.rows import by_length, collate
from beside.engine.team import Alone

TOKENS_PER_BATCH = 4096  # padded tokens of one forward pass without gradients
KEPT_BYTES = 3 << 30  # above this the frozen layers are run anew for each batch instead


class Feed:
    """Rows of token ids for one model.

    Args:
        model: its `frozen` bottom layers are run once.
        ids: token ids of each row.
        pad_id: id that fills a short row.
        progress: is told how far the passes over all rows are.
        team: the processes that share the pass over the frozen layers.
    """

    def __init__(
        self,
        model: Model,
        ids: Sequence[np.ndarray],
        pad_id: int,
        progress: Progress | None = None,
        team: Alone | None = None,
    ) -> None:
        self.model, self.ids, self.pad_id, self.team = model, ids, pad_id, team or Alone()
        self.progress = progress or Silent()
        self.lengths = np.array([len(row) for row in ids])
        self.starts = np.concatenate([[0], np.cumsum(self.lengths)])
        self.states_TH: Tensor | None = None
        if model.frozen and self.starts[-1] * model.width * 4 <= KEPT_BYTES:
            self.states_TH = self.frozen_states()

    @torch.no_grad()  # not inference_mode: gradients of the upper layers pass through what is made here
    def frozen_states(self) -> Tensor:
        """States after the frozen layers, one row per token, (tokens + 1, H); the last row is zero and stands for padding."""
        self.model.eval()
        states_TH = torch.zeros(int(self.starts[-1]) + 1, self.model.width)
        for number, batch in enumerate(self.batches("frozen")):
            if number % self.team.size != self.team.rank:
                continue
            stem_BLH = self.model.stem(*self.collated(batch)).cpu()
            for place, row in enumerate(batch):
                states_TH[self.starts[row] : self.starts[row + 1]] = stem_BLH[place, : self.lengths[row]]
        return self.team.sum(states_TH)

    def collated(self, batch: np.ndarray) -> tuple[Tensor, Tensor | None]:
        """Ids and mask of a batch, on the model's device."""
        ids_BL, mask_BL = collate([self.ids[i] for i in batch], self.pad_id)
        device = holding(self.model)
        return onto(device, ids_BL), None if mask_BL is None else onto(device, mask_BL)

    def vectors(self, batch: np.ndarray, shift_BLH: Tensor | None = None) -> Tensor:
        """One pooled vector per row of the batch, (B, H); the shift is added to what goes into the first layer that learns."""
        if not self.model.frozen:
            return self.model.embed(*self.collated(batch), shift_BLH)
        stem_BLH, mask_BL = self.given(batch)
        return self.model.upper(stem_BLH if shift_BLH is None else stem_BLH + shift_BLH, mask_BL)

    def given(self, batch: np.ndarray) -> tuple[Tensor, Tensor | None]:
        """What goes into the first layer that learns, (B, L, H), and the mask, (B, L): word vectors, or states of frozen layers."""
        if not self.model.frozen:
            ids_BL, mask_BL = self.collated(batch)
            words_BLH: Tensor = self.model.encoder.get_input_embeddings()(ids_BL)
            return words_BLH, mask_BL
        if self.states_TH is None:
            ids_BL, mask_BL = self.collated(batch)
            with torch.no_grad():
                return self.model.stem(ids_BL, mask_BL), mask_BL
        longest = int(self.lengths[batch].max())
        places_BL = self.starts[batch][:, None] + np.arange(longest)
        real_BL = np.arange(longest) < self.lengths[batch][:, None]
        places_BL[~real_BL] = len(self.states_TH) - 1
        device = holding(self.model)
        stem_BLH = onto(device, self.states_TH[torch.from_numpy(places_BL)])
        return stem_BLH, None if real_BL.all() else onto(device, torch.from_numpy(real_BL.astype(np.int64)))

    def logits(self, batch: np.ndarray, shift_BLH: Tensor | None = None) -> Tensor:
        """Logits of a batch, (B, K)."""
        return self.scores(self.vectors(batch, shift_BLH))

    def scores(self, vectors: Tensor) -> Tensor:
        """Logits of what the head reads, (B, K)."""
        return self.model.head(self.model.dropout(vectors))

    @torch.inference_mode()
    def embeddings(self) -> np.ndarray:
        """Pooled vectors of all rows without dropout, float32, (rows, H)."""
        self.model.eval()
        out = np.empty((len(self.ids), self.model.width), dtype=np.float32)
        for batch in self.batches("head"):
            out[batch] = self.vectors(batch).cpu().numpy()
        return out

    def batches(self, stage: str) -> Iterator[np.ndarray]:
        """Every row once, in batches for a pass without gradients; says how far it is."""
        done = 0
        for batch in by_length(self.lengths.tolist(), TOKENS_PER_BATCH):
            yield batch
            done += len(batch)
            self.progress.step(stage, done, len(self.ids), "rows read by the layers that do not learn")


class Vectors(Feed):
    """The same rows for a training in which the head alone learns: what the encoder makes of them is computed once.

    Args:
        rows: read by the encoder as it is now, without dropout.
    """

    def __init__(self, rows: Feed) -> None:
        self.model, self.ids, self.pad_id, self.team, self.progress = rows.model, rows.ids, rows.pad_id, rows.team, rows.progress
        self.lengths, self.starts, self.states_TH = rows.lengths, rows.starts, None
        self.vectors_NH = torch.from_numpy(rows.embeddings())

    def vectors(self, batch: np.ndarray, shift_BLH: Tensor | None = None) -> Tensor:
        """One pooled vector per row of the batch, (B, H); nothing that learns comes before it, so nothing is shifted."""
        return onto(holding(self.model), self.vectors_NH[torch.from_numpy(batch)])


class Unkept(Feed):
    """Rows that are read once or twice and never again: nothing is computed before it is asked for, and no pass is told."""

    def __init__(self, model: Model, ids: Sequence[np.ndarray], pad_id: int) -> None:
        self.model, self.ids, self.pad_id, self.team, self.progress = model, ids, pad_id, Alone(), Silent()
        self.lengths, self.states_TH = np.array([len(row) for row in ids]), None
