"""What would exchanging a word do to the loss? The first order says it for all words of all rows in one pass.

The change of a word's vector times the gradient of the loss at that vector (HotFlip, Ebrahimi et al. 2018; A2T, Yoo & Qi 2021).
Exact for words of one token and small changes; a word of several tokens counts as their mean.

Tensor suffixes: B batch, L sequence length, H hidden size, S spots of all rows, W different words that may stand in one,
T their tokens, C choices.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from beside.core.edits import Spot
from beside.engine.devices import holding, onto
from beside.engine.rows import collate
from beside.engine.tokens import Tokens

if TYPE_CHECKING:
    from beside.engine.fit import Fit

NEVER = -float("inf")  # of a word that was cut off: nothing can be exchanged there


def rises(fit: Fit, texts: Sequence[str], targets: Tensor, spots: Sequence[Sequence[Spot]]) -> list[list[list[float]]]:
    """How much the loss is expected to rise by each other of each spot, up to a positive factor that all of them share.

    Args:
        texts: rows as they stand.
        targets: their answers as the loss takes them.
        spots: of each text; apart from each other.

    Returns:
        For each row, each of its spots and each other there; minus infinity where the model does not see the place.
    """
    subject = fit.rows.subject
    tokens: Tokens = subject.tokens
    flat = [(row, spot) for row, some in enumerate(spots) for spot in some]
    if not flat:
        return [[] for _ in spots]
    ids = tokens.encode(texts)
    slopes_BLH, words_BLH = slopes(fit, ids, targets)
    places = [places_of(spot, reading.spans) for reading, some in zip(tokens.read(texts), spots, strict=True) for spot in some]
    means_SL = np.zeros((len(flat), slopes_BLH.shape[1]), dtype=np.float32)
    for number, found in enumerate(places):
        means_SL[number, found] = 1.0
    covers_SL = onto(slopes_BLH.device, torch.from_numpy(means_SL))
    rows_S = onto(slopes_BLH.device, torch.tensor([row for row, _ in flat]))
    slope_SH = torch.einsum("sl,slh->sh", covers_SL, slopes_BLH[rows_S])
    old_SH = torch.einsum("sl,slh->sh", covers_SL / covers_SL.sum(1, keepdim=True).clamp_min(1), words_BLH[rows_S])
    names = list(dict.fromkeys(other for _, (_, _, others) in flat for other in others))
    number_of = {name: number for number, name in enumerate(names)}
    new_WH = vectors_of(names, tokens, fit)
    spot_C = torch.tensor([number for number, (_, (_, _, others)) in enumerate(flat) for _ in others])
    word_C = torch.tensor([number_of[other] for _, (_, _, others) in flat for other in others])
    spot_C, word_C = onto(slopes_BLH.device, spot_C), onto(slopes_BLH.device, word_C)
    rise_C = (slope_SH[spot_C] * (new_WH[word_C] - old_SH[spot_C])).sum(dim=-1).tolist()
    found_by_row: list[list[list[float]]] = [[] for _ in spots]
    start = 0
    for (row, (_, _, others)), seen in zip(flat, places, strict=True):
        found_by_row[row].append(rise_C[start : start + len(others)] if seen else [NEVER] * len(others))
        start += len(others)
    return found_by_row


def slopes(fit: Fit, ids: Sequence[np.ndarray], targets: Tensor) -> tuple[Tensor, Tensor]:
    """The gradient of the rows' summed loss at each word vector, up to a positive factor, and the vectors; both (B, L, H).

    Through the frozen layers as well: it is words that are exchanged. Nothing is dropped.
    """
    model, device = fit.model, holding(fit.model)
    was_training = model.training
    model.eval()
    try:
        ids_BL, mask_BL = collate(ids, fit.rows.feed.pad_id)
        ids_BL, mask_BL = onto(device, ids_BL), None if mask_BL is None else onto(device, mask_BL)
        words_BLH = model.encoder.get_input_embeddings()(ids_BL).detach()
        shift_BLH = torch.zeros_like(words_BLH).requires_grad_()
        with fit.products():
            logits = model.head(model.embed(ids_BL, mask_BL, shift_BLH)).float()
        loss = fit.criterion(logits, targets)
        slopes_BLH: Tensor = torch.autograd.grad(fit.scaler.scale(loss), shift_BLH)[0]
    finally:
        model.train(was_training)
    return slopes_BLH.float(), words_BLH.float()


def places_of(spot: Spot, spans: Sequence[tuple[int, int]]) -> list[int]:
    """The tokens that a spot is made of; none where it was cut off."""
    return [place for place, (start, end) in enumerate(spans) if start < spot[1] and end > spot[0] and end > start]


@torch.no_grad()
def vectors_of(names: Sequence[str], tokens: Tokens, fit: Fit) -> Tensor:
    """The mean word vector of each of these words within a text, (W, H)."""
    table = fit.model.encoder.get_input_embeddings()
    read = [tokens.tokenizer.encode(f" {name}", add_special_tokens=False).ids or [tokens.pad_id] for name in names]
    device, word_T = holding(fit.model), np.repeat(np.arange(len(read)), [len(one) for one in read])
    flat_TH = table(onto(device, torch.tensor([one for some in read for one in some]))).float()
    counts_W = torch.tensor([[float(len(one))] for one in read])
    sums_WH = torch.zeros(len(read), flat_TH.shape[1], device=device)
    return sums_WH.index_add_(0, onto(device, torch.from_numpy(word_T)), flat_TH) / onto(device, counts_W)
