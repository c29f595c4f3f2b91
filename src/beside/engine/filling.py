"""The masked language model behind a base, where its weights hold one."""

from __future__ import annotations

from beside.core.errors import BadInput
from beside.core.recipe import Recipe
from beside.engine.bases import embedded_folder
from beside.perturbations._filling import Filler, load_filler


def filler_of(recipe: Recipe) -> Filler | None:
    """What guesses hidden words as the recipe's base does before any training; None when its weights hold no mask head."""
    if recipe.base == "scratch":
        return None
    try:
        return load_filler(str(embedded_folder()) if recipe.base == "embedded" else recipe.base)
    except BadInput:
        return None
