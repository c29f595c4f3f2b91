"""Teach the encoder which rows share a label, pair by pair, then fit the head on its embeddings: for few rows per label."""

from __future__ import annotations

from beside.core.interfaces import Trainable


class Contrastive:
    """Contrastive sentence-pair fine-tuning, the idea of SetFit (Tunstall et al. 2022).

    Of n rows nearly n² pairs can be made; here each batch is dealt so that every row meets another of its label, and all pairs
    inside the batch are learned from. Memory and time of an epoch grow with the rows, not with the pairs.
    """

    probe_first = True  # so that there is a head even where every layer is frozen
    for_few = True
    by_pairs = True  # gradient steps compare rows with each other; the head is fitted again when they are over

    def attach(self, model: Trainable) -> list[str]:
        """The encoder learns, but for the layers that the recipe froze; the head does not take part."""
        kept = model.frozen_names()
        return [name for name, _ in model.named_parameters() if name not in kept and not name.startswith("head.")]


method = Contrastive()
