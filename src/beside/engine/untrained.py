"""A base model as it was before any training, to compare with: what did the fine-tuning change, what was known before it?"""

from __future__ import annotations

from beside.core.recipe import Recipe
from beside.engine.bases import embedded_folder, pretrained
from beside.engine.model import Facts, Model, drop_unused
from beside.engine.runtime import TorchSubject
from beside.engine.tokens import Tokens

LONGEST = 256  # tokens, for a recipe that leaves it open


def base_subject(recipe: Recipe) -> TorchSubject | None:
    """The base of a recipe, pooled and cut as in the training; only `embed` and `token_counts` of it mean anything.

    Never connects. None for `scratch`, which knows nothing before it is trained, and for a base that is not on this machine.
    """
    if recipe.base == "scratch":
        return None
    source = str(embedded_folder()) if recipe.base == "embedded" else recipe.base
    try:
        encoder, tokenizer = pretrained(source, connect=False)
    except (OSError, ValueError):  # fetched once for the training, and gone since
        return None
    drop_unused(encoder)
    pooling = "mean" if recipe.pooling == "auto" else recipe.pooling
    tokens = Tokens(tokenizer, recipe.max_length or LONGEST)
    facts = Facts(task="classify", labels=("",), pooling=pooling, max_length=tokens.max_length)
    return TorchSubject(Model(encoder, 1, pooling).eval(), tokens, facts)
