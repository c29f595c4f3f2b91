"""From a recipe and texts to an untrained model: the base loaded, every open knob filled in and told, nothing cut silently."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import PreTrainedModel

from beside.core.cleaning import BETWEEN
from beside.core.errors import BadOption, UnreadableText
from beside.core.interfaces import Progress, Task
from beside.core.pairs import is_pair
from beside.core.recipe import Recipe
from beside.engine.automatic import Situation, fill
from beside.engine.bases import load_base
from beside.engine.blank import blank_of
from beside.engine.devices import best_precision, device_of
from beside.engine.model import Model, drop_unused, layers_of, set_dropout, suit
from beside.engine.recomputing import must_recompute, recomputes
from beside.engine.tokens import Tokens

UNKNOWN_LIMIT = 0.15  # share of unknown tokens above which a base cannot be said to read the text
UNKNOWN_SAMPLE = 2_000  # rows looked at for it
LONGEST_DEFAULT = 256  # tokens


def build(
    recipe: Recipe,
    texts: list[str],
    labels: tuple[str, ...],
    folder: Path,
    progress: Progress,
    outputs: int | None = None,
    task: Task | None = None,
) -> tuple[Model, Tokens, Recipe, int]:
    """Model, tokens, the recipe with every automatic knob filled in and told, and how many rows lose their end.

    Args:
        folder: of this training; `scratch` keeps its tokenizer there.
        outputs: numbers that the head puts out; None = one per label.
        task: what the model is for; None = one label per text.

    Raises:
        BadInput, BadOption: the base cannot be loaded or not be trained like this.
        UnreadableText: the base does not know the script of the text.
    """
    device = device_of(recipe.device)
    threads = recipe.threads or len(os.sched_getaffinity(0))
    torch.set_num_threads(threads)
    torch.manual_seed(recipe.seed)
    plain, per_token = [text.replace(BETWEEN, "\n") for text in texts], task is not None and task.per_token
    encoder, tokens = load_base(recipe.base, plain, recipe.max_length or LONGEST_DEFAULT, folder, characters=per_token)
    must_fit(recipe, tokens)
    must_recompute(recipe, encoder)
    blank = blank_of(recipe, tokens, labels)  # puts a pattern before every text: before lengths are counted
    must_be_readable(recipe.base, tokens, texts)
    lengths = tokens.counts(texts)
    facts = Situation(
        rows=len(texts),
        labels=labels,
        longest=max(lengths),
        limit=tokens.max_length,
        layers=len(layers_of(encoder)),
        threads=threads,
        precision=best_precision(device),
        single=task is None or (task.single and not any(map(is_pair, texts))),
        per_token=per_token,
        headless=task is not None and task.apart,
    )
    filled = fill(recipe, facts).model_copy(update={"device": device.type})
    filled = filled.model_copy(update={"gradient_checkpointing": recomputes(filled, encoder, device)})
    tokens.max_length = int(filled.max_length or tokens.max_length)
    cut = sum(length > tokens.max_length for length in lengths)
    progress.say(f"Sequence length {tokens.max_length} tokens; {cut} of {len(texts)} training rows are longer and lose their end.")
    chosen = {key: value for key, value in filled.model_dump().items() if getattr(recipe, key) != value}
    if chosen:
        progress.say("Chosen from the data: " + ", ".join(f"{key}={value}" for key, value in chosen.items()) + ".")
    drop_unused(encoder)
    model = Model(encoder, len(labels) if outputs is None else outputs, filled.pooling, frozen_layers(filled, encoder))
    if blank:
        blank.furnish(model)
    if task is not None:
        suit(model, tokens, task, any(map(is_pair, texts)))
    if filled.dropout is not None:
        set_dropout(model, filled.dropout)
    return model, tokens, filled, cut


def must_fit(recipe: Recipe, tokens: Tokens) -> None:
    """Does nothing when the base takes sequences as long as the recipe asks for.

    Raises:
        BadOption: it does not.
    """
    if recipe.max_length and recipe.max_length > tokens.max_length:
        raise BadOption(
            f"Cannot set max_length to {recipe.max_length}: the base '{recipe.base}' takes up to {tokens.max_length} tokens.",
            f"Set max_length to {tokens.max_length} or less; longer rows are cut, counted and shown.",
        )


def must_be_readable(base: str, tokens: Tokens, texts: Sequence[str]) -> None:
    """Does nothing when the base knows the words of a sample of the texts.

    Raises:
        UnreadableText: too many are unknown to it.
    """
    share = tokens.unknown_share(texts[:: max(1, len(texts) // UNKNOWN_SAMPLE)])
    if share > UNKNOWN_LIMIT:
        given = f"The base '{base}' cannot read this text: {share:.0%} of its tokens are unknown to it (limit {UNKNOWN_LIMIT:.0%})."
        remedy = (
            "Use --base scratch (learns its own words from your text), or a base for this language, e.g. --base bert-base-chinese."
        )
        raise UnreadableText(given, remedy)


def frozen_layers(recipe: Recipe, encoder: PreTrainedModel) -> int:
    """How many bottom layers stay as they are.

    Raises:
        BadOption: more than the base has, or the base is of a kind whose layers cannot be run one by one.
    """
    asked, there = recipe.frozen_layers or 0, len(layers_of(encoder))
    if asked > there:
        raise BadOption(
            f"Cannot freeze {asked} layers: the base '{recipe.base}' shows {there}.", f"Set frozen_layers to 0..{there}."
        )
    return asked
