"""Gradient access: how an answer depends on the embedding of each token of one text.

Attributions are taken at the rows of the word-embedding table, not at the output of the whole embedding module. Both add up to
the same total, yet they give different weights (captum issue 1132), because that module also adds position and type and then
normalises the sum: a straight path between two of its outputs leaves what the layer norm can put out, and mixes what a word
says with where it stands. Here positions, types and the layer norm belong to the function that is explained, and only the words
vary.

Tensor suffixes: B batch, L sequence length, H hidden size, K labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from beside.engine.model import Model
from beside.engine.tokens import Tokens


@dataclass(frozen=True, kw_only=True)
class TokenInputs:
    """One text as `Inputs` describes it.

    Args:
        model: in evaluation mode.
        temperature: what logits are divided by.
        embeddings: rows of the word-embedding table, (1, L, H).
        padding: the row of the padding token, (H,).
        spans: start and end character of each token; (0, 0) for special tokens.
    """

    model: Model
    temperature: float
    embeddings: Tensor
    padding: Tensor
    spans: Sequence[tuple[int, int]]

    def baseline(self, places: Sequence[bool]) -> Tensor:
        """The embeddings with padding's row in the given places, (1, L, H)."""
        chosen_L1 = torch.tensor(list(places), device=self.embeddings.device).unsqueeze(-1)
        return torch.where(chosen_L1, self.padding, self.embeddings)

    def probabilities(self, embeddings: Tensor) -> Tensor:
        """Calibrated probabilities, (B, K), of embeddings (B, L, H)."""
        states_BLH = self.model.encoder(inputs_embeds=embeddings)[0]
        return torch.softmax(self.model.head(self.model.pool(states_BLH, None)) / self.temperature, dim=-1)


@contextmanager
def opened(model: Model, tokens: Tokens, temperature: float, turn: AbstractContextManager[Any], text: str) -> Iterator[TokenInputs]:
    """Inputs of a text; the model is in evaluation mode until the block ends."""
    ids, spans = read(tokens, text)
    with turn, torch.enable_grad():
        was_training = model.training
        model.eval()
        try:
            table = model.encoder.get_input_embeddings()
            with torch.no_grad():
                device = table.weight.device
                embeddings, padding = table(torch.tensor([ids], device=device)), table(torch.tensor(tokens.pad_id, device=device))
            yield TokenInputs(model=model, temperature=temperature, embeddings=embeddings, padding=padding, spans=spans)
        finally:
            model.train(was_training)


def read(tokens: Tokens, text: str) -> tuple[list[int], list[tuple[int, int]]]:
    """Ids as `Tokens.encode` gives them, and the characters each stands for."""
    [ids] = tokens.encode([text])
    spans = list(tokens.tokenizer.encode(text).offsets) or [(0, 0)]
    return ids.tolist(), spans if len(spans) == len(ids) else [*spans[: len(ids) - 1], spans[-1]]
