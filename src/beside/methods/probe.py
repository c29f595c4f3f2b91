"""Keep the encoder frozen and fit a linear head on its embeddings: seconds, and hard to overfit."""

from __future__ import annotations

from beside.core.interfaces import Trainable


class Probe:
    """Logistic regression on frozen mean-pooled embeddings (linear probe, Alain & Bengio 2017)."""

    probe_first = True
    for_few = True

    def attach(self, model: Trainable) -> list[str]:
        """No gradient step follows the fitted head."""
        return []


method = Probe()
