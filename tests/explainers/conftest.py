"""A model of which everything is known: each word has a weight, the answer's log-odds are their sum, gradients can be taken."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

TOKEN = re.compile(r"[A-Za-z']{1,3}|[\u4e00-\u9fff]|\S")  # three letters at most: words fall into several tokens


@dataclass
class LinearInputs:
    """One number per token: its weight in the log-odds of the answer; padding weighs nothing."""

    embeddings: Any
    spans: Sequence[tuple[int, int]]

    def baseline(self, places: Sequence[bool]) -> Any:
        return torch.where(torch.tensor(list(places)).unsqueeze(-1), torch.zeros(()), self.embeddings)

    def probabilities(self, embeddings: Any) -> Any:
        odds = embeddings.sum(dim=(1, 2))
        return torch.stack([torch.sigmoid(odds), torch.sigmoid(-odds)], dim=-1)


class LinearSubject:
    """`weights`: word -> how far it moves the log-odds of "refund"; any other word moves nothing."""

    labels = ("refund", "lost")
    max_length, temperature = 64, 1.0

    def __init__(self, weights: dict[str, float]) -> None:
        self.weights = weights

    def pieces(self, text: str) -> list[tuple[float, tuple[int, int]]]:
        """Weight and place of every token; the weight of a word is spread over its tokens."""
        found = [(0.0, (0, 0))]
        for match in TOKEN.finditer(text):
            inside = [
                self.weights[word] * len(match.group()) / len(word)
                for word in self.weights
                for place in re.finditer(re.escape(word), text)
                if place.start() <= match.start() and match.end() <= place.end()
            ]
            found.append((sum(inside), match.span()))
        return [*found, (0.0, (0, 0))]

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        odds = np.array([sum(weight for weight, _ in self.pieces(text)) for text in texts])
        return np.stack([1 / (1 + np.exp(-odds)), 1 / (1 + np.exp(odds))], axis=1)

    @contextmanager
    def inputs_of(self, text: str) -> Iterator[LinearInputs]:
        pieces = self.pieces(text)
        numbers = torch.tensor([[[weight] for weight, _ in pieces]], dtype=torch.float32)
        yield LinearInputs(numbers, [span for _, span in pieces])


@pytest.fixture
def linear() -> Callable[[dict[str, float]], LinearSubject]:
    """`linear({"word": weight})`: the model that is a sum of weights."""
    return LinearSubject


@pytest.fixture(scope="session")
def real(toy_model: Path) -> Any:
    """A real, tiny BERT on torch that tells cancel, deliver and refund apart."""
    from beside.engine.runtime import load_subject

    return load_subject(toy_model)
