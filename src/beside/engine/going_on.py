"""A training that goes on from a model made here instead of a base: its encoder, its words and, with the same labels, its head."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import load_file
from transformers import PreTrainedModel

from beside.core.errors import BadOption
from beside.core.interfaces import Progress, Task
from beside.engine.loading import facts_at
from beside.engine.model import AT, Model, load_model
from beside.engine.tokens import Tokens


def earlier(base: str, max_length: int) -> tuple[PreTrainedModel, Tokens]:
    """Encoder and tokens of a model folder.

    Raises:
        BadInput: it cannot be loaded.
        BadOption: its parts cannot be trained on.
    """
    facts = facts_at(base) or {}
    for there, why in (
        (facts.get("writing"), "it writes its answers"),
        (facts.get("structure"), "its method put parts into the base; merged ones (lora) and plain ones (full, lpft, probe) go on"),
        (str(facts.get("pooling", "")).startswith(AT), "it reads the text at a blank"),
    ):
        if there:
            raise BadOption(f"Cannot go on from this run: {why}.", "Train from a base, or from a run of another method.")
    model, tokens, _ = load_model(Path(base))
    positions = int(getattr(model.encoder.config, "max_position_embeddings", max_length))
    padding = getattr(getattr(model.encoder.embeddings, "position_embeddings", None), "padding_idx", None)
    longest = positions if padding is None else positions - padding - 1
    return model.encoder, Tokens(tokens.tokenizer, min(max_length, longest))


def head_kept(model: Model, base: str, labels: tuple[str, ...], task_name: str, task: Task, progress: Progress) -> bool:
    """Puts the head of an earlier model into one that goes on from it, if it was asked the very same; whether it did.

    Args:
        task: made ready with the training targets; one that fitted their scale has another head.
    """
    facts = facts_at(base)
    if facts is None:
        return False
    if facts["task"] != task_name or tuple(facts["labels"]) != labels or task.settings() or not model.head.out_features:
        progress.say("Going on from an earlier model that answered something else: its head begins anew.")
        return False
    weights = load_file(Path(base) / "model.safetensors")
    model.head.load_state_dict({name: weights[f"head.{name}"] for name in ("weight", "bias")})
    progress.say("Going on from an earlier model with the same labels: its head is kept.")
    return True
