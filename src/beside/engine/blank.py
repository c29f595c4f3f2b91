"""What a method that fills a blank needs of a base: its masked language model, and a pattern before every text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import AutoModelForMaskedLM, PreTrainedModel

from beside.core.errors import BadOption
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.engine.automatic import is_spoken, spoken
from beside.engine.bases import embedded_folder
from beside.engine.model import Model
from beside.engine.tokens import Tokens

HEADS = ("cls.predictions.transform", "lm_head.dense", "lm_head.layer_norm")


class Blank:
    """The pattern and the mask head for one training.

    Args:
        recipe: names the base.
        tokens: get the pattern before every text.
        labels: their names are what may fill the blank.

    Raises:
        BadOption: the base or the labels are not fit for it.
    """

    def __init__(self, method: Any, recipe: Recipe, tokens: Tokens, labels: Sequence[str]) -> None:
        self.method, self.tokens, self.labels = method, tokens, labels
        if dumb := [label for label in labels if not is_spoken(label)]:
            raise refused(recipe, f"the label '{dumb[0]}' is no word that could fill a blank")
        if recipe.pooling != "auto":
            raise refused(recipe, f"it reads the text at the blank, and pooling={recipe.pooling} says otherwise")
        self.base = mask_head(recipe)
        if why := method.why_not(self.base):
            raise refused(recipe, why)
        try:
            self.place = method.rephrase(tokens.tokenizer, labels)
        except ValueError as error:
            raise refused(recipe, str(error)) from error

    def furnish(self, model: Model) -> None:
        """Makes a model read at the blank."""
        self.method.furnish(model, self.tokens.tokenizer, [spoken(label) for label in self.labels], self.base, self.place)


def blank_of(recipe: Recipe, tokens: Tokens, labels: Sequence[str]) -> Blank | None:
    """The blank of a recipe whose method fills one; None for all others. Raises as `Blank` does."""
    method = load("methods", recipe.method) if recipe.method else None
    return Blank(method, recipe, tokens, labels) if getattr(method, "masked", False) else None


def mask_head(recipe: Recipe) -> PreTrainedModel:
    """The base as a masked language model; it is on this machine, for its encoder was loaded before.

    Raises:
        BadOption: it has no mask head.
    """
    if recipe.base == "scratch":
        raise refused(recipe, "it knows no words before it is trained")
    source = str(embedded_folder()) if recipe.base == "embedded" else recipe.base
    given = {"trust_remote_code": False, "local_files_only": True, "use_safetensors": True, "dtype": torch.float32}
    try:
        base, found = AutoModelForMaskedLM.from_pretrained(source, output_loading_info=True, **given)
    except (OSError, ValueError) as error:
        raise refused(recipe, f"it cannot be read as a masked language model ({str(error).splitlines()[0]})") from error
    if any(name.startswith(HEADS) for name in found["missing_keys"]):
        raise refused(recipe, "its weights hold no mask head, as with sentence encoders")
    return base.eval()


def refused(recipe: Recipe, why: str) -> BadOption:
    """The error for a training that cannot fill a blank."""
    return BadOption(
        f"Method '{recipe.method}' does not fit the base '{recipe.base}': {why}.",
        "Take another method, for example --method lpft, or a masked language model such as --base bert-base-uncased.",
    )
