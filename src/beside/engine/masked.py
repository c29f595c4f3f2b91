"""A masked language model: any encoder of the BERT and RoBERTa kinds with the head that guesses hidden tokens.

Tensor suffixes: B batch, L sequence length, H hidden size, V vocabulary, M tokens to be guessed.
"""

from __future__ import annotations

import json
from math import log
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn.functional import linear
from transformers import AutoModelForMaskedLM, AutoTokenizer, BertConfig, PreTrainedModel, PreTrainedTokenizerFast
from transformers.activations import ACT2FN

from beside.core.at_rest import read_text, write_text
from beside.core.errors import BadInput, StorageFailed
from beside.core.pretraining import Pretraining
from beside.engine.bases import KNOWN_BASES, embedded_folder, found
from beside.engine.counting import count_vectors
from beside.engine.loading import BASE_FACTS
from beside.engine.tokens import SPECIAL, Tokens
from beside.engine.vocabulary import learn_tokenizer

ROBERTA = ("lm_head.dense", "lm_head.layer_norm", "lm_head.bias")
# where the parts of the head are: a layer, a norm and a bias; its last weights are the token embeddings themselves
HEADS = {
    "bert": ("cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions.bias"),
    "roberta": ROBERTA,
    "xlm-roberta": ROBERTA,
    "camembert": ROBERTA,
}
WHOLE = 2**31 - 1  # tokens: nothing is cut
NAMES = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")


class MaskedModel(nn.Module):
    """Guesses tokens at given places only: the head over the whole vocabulary is most of a small model's work.

    Holds the very modules of a Hugging Face masked language model without its tied decoder, so that no weight has two names.

    Args:
        network: of one of the kinds in `HEADS`; what this model learns is in it.
    """

    def __init__(self, network: PreTrainedModel) -> None:
        super().__init__()
        dense, norm, bias = HEADS[network.config.model_type]
        self.encoder = network.base_model
        self.dense, self.norm = network.get_submodule(dense), network.get_submodule(norm)
        self.bias = network.get_parameter(bias)
        self.activation = ACT2FN[network.config.hidden_act]

    def states(self, ids_BL: Tensor, mask_BL: Tensor | None) -> Tensor:
        """What the encoder makes of each token, (B, L, H)."""
        states_BLH: Tensor = self.encoder(input_ids=ids_BL, attention_mask=mask_BL)[0]
        return states_BLH

    def guesses(self, states_BLH: Tensor, places_M: Tensor) -> Tensor:
        """Logits (M, V); `places_M` counts tokens row after row, padding included."""
        states_MH = states_BLH.flatten(0, 1)[places_M]
        guesses_MH = self.norm(self.activation(self.dense(states_MH)))
        return linear(guesses_MH, self.encoder.get_input_embeddings().weight, self.bias)


def start(recipe: Pretraining, texts: list[str], kept: Path) -> tuple[PreTrainedModel, Tokenizer]:
    """The network that pre-training begins with, and its tokenizer; a new tokenizer is kept in a file for a later resumption.

    Raises:
        BadInput: the base cannot be loaded, or is of a kind whose head is not known.
    """
    torch.manual_seed(recipe.seed)
    network, tokenizer = from_nothing(recipe, texts, kept) if recipe.base == "scratch" else from_base(recipe.base)
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = recipe.dropout  # the configuration keeps the dropout of later trainings, where rows are few
    return network, tokenizer


def from_base(base: str) -> tuple[PreTrainedModel, Tokenizer]:
    """The network of a base, with its head where it has one. Raises as `start` does."""
    source = str(embedded_folder()) if base == "embedded" else base
    try:
        encoder, tokenizer = found(source)
        kind = encoder.config.model_type
        if kind not in HEADS:
            raise ValueError(f"it is a {kind}; pre-training goes on with: {', '.join(HEADS)}.")
        network = AutoModelForMaskedLM.from_pretrained(
            source, trust_remote_code=False, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
    except Exception as error:  # the libraries raise all kinds for what is not theirs
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BadInput(f"Cannot go on with the base model '{base}': {first}", KNOWN_BASES) from error
    return network, tokenizer


def from_nothing(recipe: Pretraining, texts: list[str], kept: Path) -> tuple[PreTrainedModel, Tokenizer]:
    """An untrained network with a tokenizer learned from the texts."""
    if not kept.exists():
        learned, half = learn_tokenizer(recipe.tokenizer, texts, recipe.vocabulary), kept.with_suffix(".partial")
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            write_text(half, learned.to_str())
            half.replace(kept)
        except OSError as error:
            raise StorageFailed(f"Cannot write '{kept}': {error.strerror or error}.", "Free some space and try again.") from error
    tokenizer = Tokenizer.from_str(read_text(kept))
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=recipe.width,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.width // 64,
        intermediate_size=2 * recipe.width,
        max_position_embeddings=recipe.max_length,
        hidden_dropout_prob=0.2,
        attention_probs_dropout_prob=0.1,
        pad_token_id=0,
    )
    network = AutoModelForMaskedLM.from_config(config)
    begin(network.bert.embeddings, tokenizer, recipe, texts)
    return network, tokenizer


def begin(embeddings: nn.Module, tokenizer: Tokenizer, recipe: Pretraining, texts: list[str]) -> None:
    """Positions and words as they are before the first step; a token that no text holds keeps its random numbers."""
    scale = 0.02  # of random numbers in BERT: all begin with the same length
    positions, words = embeddings.position_embeddings.weight, embeddings.word_embeddings.weight
    with torch.no_grad():
        positions.copy_(waves(*positions.shape) * scale * 2**0.5)
        if recipe.vectors == "counts":
            ids = Tokens(tokenizer, WHOLE).encode(texts)
            counted_VH = torch.from_numpy(count_vectors(ids, len(words), recipe.width, recipe.seed))
            known_V = counted_VH.any(dim=1)
            known_V[: len(SPECIAL)] = False  # they stand in every text and say nothing of it
            words[known_V] = counted_VH[known_V] * scale * recipe.width**0.5


def waves(positions: int, width: int) -> Tensor:
    """Sines and cosines of the position (Vaswani et al. 2017), (positions, width), on which training goes on.

    With random numbers instead, each position has to learn from its own few tokens which ones are its neighbours; little text is
    not enough for that, and what is learned then are frequencies of words, not words in their places.
    """
    rates = torch.exp(torch.arange(0, width, 2) * (-log(10_000.0) / width))
    angles = torch.arange(positions)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)


def save_base(folder: Path, network: PreTrainedModel, tokenizer: Tokenizer, source: str, facts: dict[str, Any]) -> None:
    """A folder that `AutoModel`, `AutoModelForMaskedLM` and `AutoTokenizer` of Hugging Face load, with a file of our own facts.

    Raises:
        StorageFailed: the disk does not take it.
    """
    try:
        network.save_pretrained(folder)
        if source == "scratch":
            PreTrainedTokenizerFast(
                tokenizer_object=tokenizer,
                model_max_length=network.config.max_position_embeddings,
                **dict(zip(NAMES, SPECIAL, strict=True)),
            ).save_pretrained(folder)
        else:
            given = str(embedded_folder()) if source == "embedded" else source
            AutoTokenizer.from_pretrained(given, trust_remote_code=False, local_files_only=True).save_pretrained(folder)
        (folder / BASE_FACTS).write_text(json.dumps(facts, ensure_ascii=False, indent=1), encoding="utf-8")
    except (OSError, SafetensorError) as error:
        raise StorageFailed(f"Cannot save the base: {error}.", "Free disk space, then the same command with --resume.") from error
