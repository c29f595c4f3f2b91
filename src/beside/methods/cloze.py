"""Put a blank before each text and train the base to fill it with the label's name; for bases with a mask head.

Suffixes: H hidden size, K labels, V vocabulary.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import torch
from tokenizers import Tokenizer, processors
from torch import Tensor

from beside.core.interfaces import Trainable

PATTERNS = {"en": "This is {mask} . ", "zh": "这是{mask}。"}  # before the text: a long text loses its end, never the blank
CHINESE = re.compile(r"[\u4e00-\u9fff]")
MARKS = {"cls": ("[CLS]", "<s>"), "sep": ("[SEP]", "</s>"), "mask": ("[MASK]", "<mask>")}


class Cloze:
    """Pattern-exploiting training (Schick & Schütze 2021) with one pattern; label words may move (WARP, Hambardzumyan et al. 2021).

    Before the first step a label's score is what the masked language model gives its name at the blank; a name of several tokens
    counts by the mean of their output vectors.
    """

    probe_first = False
    for_few = True
    masked = True  # the text is put behind a pattern, and read at the blank

    def why_not(self, base: Any) -> str | None:
        """Why this masked language model cannot be asked like this; None when it can."""
        if base.config.model_type not in ("bert", "roberta", "xlm-roberta", "camembert"):
            return f"mask heads of bert and roberta models are understood, not those of {base.config.model_type}"
        if getattr(base.config, "hidden_act", "gelu") != "gelu":
            return f"its mask head uses {base.config.hidden_act}, only gelu is understood"
        return None

    def rephrase(self, tokenizer: Tokenizer, labels: Sequence[str]) -> int:
        """Makes the tokenizer put the pattern before every text; where the blank is, counted in tokens.

        Raises:
            ValueError: the tokenizer lacks a special token that is needed.
        """
        first, last, mask = (special(tokenizer, kind) for kind in ("cls", "sep", "mask"))
        language = "zh" if CHINESE.search("".join(labels)) else "en"
        said = tokenizer.encode(PATTERNS[language].format(mask=mask), add_special_tokens=False).tokens
        if said.count(mask) != 1:
            raise ValueError(f"its tokenizer does not keep {mask} whole")
        before = [first, *said]
        tokenizer.post_processor = processors.TemplateProcessing(
            single=[*before, "$A", last],
            pair=[*before, "$A", last, "$B", last],
            special_tokens=[(token, tokenizer.token_to_id(token)) for token in dict.fromkeys([*before, last])],
        )
        return before.index(mask)

    def furnish(self, model: Any, tokenizer: Tokenizer, spoken: Sequence[str], base: Any, place: int) -> None:
        """Reads the model at the blank, through the mask head of the base; the head starts from the labels' names.

        Args:
            model: gets a `transform`, and weights for its head.
            spoken: labels as a person would say them.
            base: the masked language model.
            place: position of the blank.
        """
        dense, norm, words_VH, biases_V = parts(base)
        transform = model.read_at(place, norm.eps)
        transform.dense.load_state_dict(dense.state_dict())
        transform.norm.load_state_dict(norm.state_dict())
        ids = [tokenizer.encode(f" {words}", add_special_tokens=False).ids for words in spoken]
        with torch.no_grad():
            model.head.weight.copy_(torch.stack([words_VH[row].mean(dim=0) for row in ids]))
            model.head.bias.copy_(torch.stack([biases_V[row].mean() for row in ids]))

    def attach(self, model: Trainable) -> list[str]:
        """Everything learns but the layers that the recipe froze."""
        frozen = model.frozen_names()
        return [name for name, _ in model.named_parameters() if name not in frozen]


def special(tokenizer: Tokenizer, kind: str) -> str:
    """How a tokenizer spells a special token.

    Raises:
        ValueError: it has none of that kind.
    """
    found = next((token for token in MARKS[kind] if tokenizer.token_to_id(token) is not None), None)
    if found is None:
        raise ValueError(f"its tokenizer has none of {', '.join(MARKS[kind])}")
    return found


def parts(base: Any) -> tuple[Any, Any, Tensor, Tensor]:
    """Dense layer, norm, output vectors (V, H) and output biases (V,) of a mask head."""
    if hasattr(base, "lm_head"):
        return base.lm_head.dense, base.lm_head.layer_norm, base.lm_head.decoder.weight, base.lm_head.bias
    head = base.cls.predictions
    return head.transform.dense, head.transform.LayerNorm, head.decoder.weight, head.decoder.bias


method = Cloze()
