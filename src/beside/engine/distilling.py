"""Training on a teacher's answers and states, through the one loop: what pruned models recover by and students learn by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import layer_norm, mse_loss

from beside.core.defence_knobs import DefenceKnobs
from beside.core.interfaces import Progress
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.core.types import Example
from beside.engine.checkpoint import Checkpoint
from beside.engine.descending import descend, rows_of
from beside.engine.fit import Fit
from beside.engine.keeping import Keeping
from beside.engine.model import Model, layers_of
from beside.engine.runtime import TorchSubject
from beside.engine.team import Alone

WRITTEN_OFF: dict[str, Any] = {  # knobs of the parent's training that have nothing to say here
    "method": "full",
    "loss": "cross_entropy",
    "label_smoothing": 0.0,
    "label_names": False,
    "sampling": "none",
    "class_weights": "none",
    "frozen_layers": 0,
    "epsilon": None,
    "processes": 1,
    "canaries": 0,
}


class TeacherFit(Fit):
    """A training towards a teacher's logits, and its states where asked. Right answers choose the epoch, on the tune split.

    Args:
        teacher: in evaluation mode; it does not learn.
        hidden: the teacher's layer that each layer of the student is to be like, counted from 1; none = answers alone.
    """

    def __init__(self, *given: Any, teacher: Model, hidden: Sequence[int], **others: Any) -> None:
        super().__init__(*given, **others)
        self.teacher, self.hidden = teacher.eval().requires_grad_(False), list(hidden)

    def loss_of(self, batch: np.ndarray) -> Tensor:
        """Mean square of the distance from the teacher's logits and states."""
        ids_BL, mask_BL = self.rows.feed.collated(batch)
        with torch.no_grad(), self.products():
            aims = states(self.teacher, ids_BL, mask_BL)
            aim = answers(self.teacher, aims[-1], mask_BL).float()
        with self.products():
            found = states(self.model, ids_BL, mask_BL)
            logits = answers(self.model, self.model.dropout(found[-1]) if self.model.per_token else found[-1], mask_BL).float()
        loss = real(logits, aim, mask_BL) if self.model.per_token else mse_loss(logits, aim)
        for layer, place in enumerate(self.hidden, 1):
            loss = loss + real(normed(found[layer]), normed(aims[place]), mask_BL) / len(self.hidden)
        return loss


def states(model: Model, ids_BL: Tensor, mask_BL: Tensor | None) -> list[Tensor]:
    """States of the tokens below the first layer and after each, (B, L, H)."""
    found = [model.encoder.embeddings(input_ids=ids_BL, **model.types(ids_BL))]
    for layer in range(len(layers_of(model.encoder))):
        found.append(model.through(found[-1], mask_BL, layer, layer + 1))
    return found


def answers(model: Model, states_BLH: Tensor, mask_BL: Tensor | None) -> Tensor:
    """Logits of the last states, (B, K), or (B, L, K) per token."""
    return model.head(states_BLH if model.per_token else model.dropout(model.pool(states_BLH, mask_BL)))


def normed(states_BLH: Tensor) -> Tensor:
    """States with mean 0 and spread 1 in each token, so that a distance means the same in every layer."""
    return layer_norm(states_BLH.float(), states_BLH.shape[-1:])


def real(found_BLH: Tensor, aim_BLH: Tensor, mask_BL: Tensor | None) -> Tensor:
    """Mean square of the difference over tokens that are no padding."""
    if mask_BL is None:
        return mse_loss(found_BLH, aim_BLH)
    return mse_loss(found_BLH[mask_BL.bool()], aim_BLH[mask_BL.bool()])


def taught(
    subject: TorchSubject,
    teacher: Model,
    train: Sequence[Example],
    unlabelled: Sequence[str],
    tune: Sequence[Example],
    recipe: Recipe,
    folder: Path,
    progress: Progress,
    hidden: Sequence[int] = (),
) -> str:
    """Trains a subject's model towards a teacher; the tune epoch with the best score is kept. What came of it, in a sentence.

    Args:
        recipe: the parent's, with epochs and learning rate of this training.
        folder: of the checkpoint, from which a killed training goes on.
    """
    undefended = {name: field.get_default(call_default_factory=True) for name, field in DefenceKnobs.model_fields.items()}
    recipe = recipe.model_copy(update={**undefended, **WRITTEN_OFF})
    said = asked(subject, teacher, unlabelled)
    rows = [*train, *(Example(id=f"unlabelled-{at}", text=text, target=said[at]) for at, text in enumerate(unlabelled))]
    checkpoint = Checkpoint(folder)
    keeping = Keeping(checkpoint=checkpoint, progress=progress, resume=checkpoint.index.exists())
    names = [name for name, _ in subject.model.named_parameters()]
    kind: Callable[..., Fit] = partial(TeacherFit, teacher=teacher, hidden=hidden)
    shown = rows_of(subject, rows, progress, Alone())
    fitted = descend(subject, load("methods", "full"), names, shown, tune, recipe, keeping, Alone(), kind=kind)
    subject.model.eval()
    fed = f" and {len(unlabelled)} texts without an answer" if unlabelled else ""
    return f"epoch {fitted.kept_epoch} of {len(fitted.history)} kept, taught by the model before on {len(train)} rows{fed}"


def asked(subject: TorchSubject, teacher: Model, texts: Sequence[str]) -> list[str]:
    """What the teacher answers to texts."""
    if not texts:
        return []
    asking = TorchSubject(teacher, subject.tokens, replace(subject.facts))
    asking.task = subject.task
    return asking.predict(texts)
