"""Train every weight, starting from a fresh head."""

from __future__ import annotations

from beside.core.interfaces import Trainable


class Full:
    """Fine-tuning as BERT proposed it (Devlin et al. 2019)."""

    probe_first = False
    writes = True

    def attach(self, model: Trainable) -> list[str]:
        """Everything learns but the layers that the recipe froze."""
        frozen = model.frozen_names()
        return [name for name, _ in model.named_parameters() if name not in frozen]


method = Full()
