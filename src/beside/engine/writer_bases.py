"""Where a model that writes starts from: a causal or sequence-to-sequence model by folder or id, or a small one from scratch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer, GPT2Config, PreTrainedModel
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
)

from beside.core.at_rest import read_text
from beside.core.errors import BadInput, BadOption
from beside.core.recipe import Recipe
from beside.engine.bases import keep_tokenizer, reachable
from beside.engine.prompts import TEXT

KNOWN = (
    "Known bases: scratch, a folder with safetensors weights, or a Hugging Face id (needs the network once), "
    "such as gpt2 or google/mt5-small."
)
PAD, END = "<pad>", "</s>"
VOCABULARY = 6_000  # tokens of a tokenizer from scratch; short corpora fill less
POSITIONS = 256  # that a model from scratch has for prompts, and as many for answers
LONGEST_TOKEN = 16  # bytes: five Chinese characters, so that no sentence becomes one token
PLAIN = {
    True: TEXT,
    False: f"{TEXT}\n\n",
}  # without a chat template: an encoder knows where a text ends, a decoder is told by an empty line
DROPOUTS = (
    "dropout", "dropout_rate", "hidden_dropout_prob", "hidden_dropout", "attention_dropout", "attention_probs_dropout_prob",
    "activation_dropout", "resid_pdrop", "embd_pdrop", "attn_pdrop",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class WriterBase:
    """A language model before its training.

    Args:
        encoder: the model.
        prompt, chat: template that suits it, and whether it brings all special tokens with it.
        positions: tokens that it has places for.
    """

    encoder: PreTrainedModel
    tokenizer: Tokenizer
    prompt: str
    chat: bool
    end_id: int
    pad_id: int
    positions: int


def load_writer_base(recipe: Recipe, words: Iterable[str], home: Path) -> WriterBase:
    """The base of a recipe.

    Args:
        words: training texts and answers; `scratch` learns its tokenizer from them.
        home: folder of this training; `scratch` keeps its tokenizer there, so that a resumed training has the very same.

    Raises:
        BadInput: it cannot be loaded.
        BadOption: it is an encoder, which writes nothing.
    """
    if recipe.base == "embedded":
        raise an_encoder(recipe.base, "it is a sentence encoder")
    if recipe.base == "scratch":
        return from_scratch(recipe, words, home / "tokenizer.json")
    try:
        try:
            return pretrained(recipe, connect=False)
        except OSError:
            if Path(recipe.base).is_dir() or not reachable():
                raise
        return pretrained(recipe, connect=True)
    except BadOption:
        raise
    except Exception as error:  # the libraries raise all kinds for what is not theirs
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BadInput(f"Cannot load the base model '{recipe.base}': {first}", KNOWN) from error


def an_encoder(base: str, why: str) -> BadOption:
    """The error for a base that reads but does not write."""
    return BadOption(f"The base '{base}' cannot write answers: {why}.", KNOWN)


def pretrained(recipe: Recipe, connect: bool) -> WriterBase:
    """From a folder or a hub. Raises whatever the libraries raise, and BadOption for an encoder."""
    given = {"trust_remote_code": False, "local_files_only": not connect}
    config = AutoConfig.from_pretrained(recipe.base, **given)
    must_write(recipe.base, config)
    if recipe.dropout is not None:
        for name in DROPOUTS:
            if hasattr(config, name):
                setattr(config, name, recipe.dropout)
    kind = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    encoder, found = kind.from_pretrained(
        recipe.base, config=config, use_safetensors=True, dtype=torch.float32, output_loading_info=True, **given
    )
    if missing := sorted(found["missing_keys"]):
        raise ValueError(f"its weights lack {len(missing)} tensors that a {config.model_type} has, for example {missing[0]}.")
    tokenizer = AutoTokenizer.from_pretrained(recipe.base, **given)
    backend = tokenizer.backend_tokenizer
    if backend.get_vocab_size() <= len(backend.get_added_tokens_decoder()):  # the library makes one up from special tokens
        raise ValueError("it has no tokenizer.json, nor a vocabulary to make one from.")
    end = first_of(tokenizer.eos_token_id, config.eos_token_id)
    if end is None:
        raise ValueError("its tokenizer has no token that ends a text.")
    pad = first_of(tokenizer.pad_token_id, config.pad_token_id, end)
    template = chat_template(tokenizer)
    return WriterBase(
        encoder=encoder, tokenizer=backend, prompt=template or PLAIN[bool(config.is_encoder_decoder)], chat=template is not None,
        end_id=end, pad_id=int(pad or 0), positions=positions_of(config),
    )  # fmt: skip


def must_write(base: str, config: Any) -> None:
    """Does nothing for a causal or sequence-to-sequence language model.

    Raises:
        BadOption: it is something else.
    """
    kind, named = config.model_type, list(config.architectures or [])
    if config.is_encoder_decoder:
        if kind not in MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES:
            raise an_encoder(base, f"a {kind} is no text-to-text model")
        return
    causal = [MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.get(kind)]
    # encoders such as BERT stand among the causal ones as well, for those who train them as decoders
    reads = kind in MODEL_FOR_MASKED_LM_MAPPING_NAMES and not set(causal) & set(named) and not getattr(config, "is_decoder", False)
    if causal == [None] or reads:
        raise an_encoder(base, f"its configuration says {', '.join(named) or kind}, an encoder")


def first_of(*ids: Any) -> int | None:
    """The first id that there is; of several that end a text, the first."""
    flat = [one for given in ids for one in (given if isinstance(given, list | tuple) else [given])]
    return next((int(one) for one in flat if one is not None), None)


def chat_template(tokenizer: Any) -> str | None:
    """The tokenizer's chat template around a user's one message, as a plain template; None when it has none."""
    if not getattr(tokenizer, "chat_template", None):
        return None
    marked = "\u2402text\u2403"
    told = tokenizer.apply_chat_template([{"role": "user", "content": marked}], tokenize=False, add_generation_prompt=True)
    before, there, behind = str(told).partition(marked)
    if not there or marked in behind or TEXT in before + behind:
        raise ValueError("its chat template does not show a user's message once as it is; set prompt in the recipe.")
    return f"{before}{TEXT}{behind}"


def positions_of(config: Any) -> int:
    """Tokens that a model has places for; many for one that counts distances instead."""
    return int(getattr(config, "max_position_embeddings", None) or 1_000_000)


def from_scratch(recipe: Recipe, words: Iterable[str], kept: Path) -> WriterBase:
    """A small untrained GPT-2 (2 layers, hidden 256) with a byte-level tokenizer learned from the rows: any language, lossless."""
    keep_tokenizer(kept, lambda: train_bytes(words))
    tokenizer = Tokenizer.from_str(read_text(kept))
    dropout = 0.1 if recipe.dropout is None else recipe.dropout
    config = GPT2Config(
        vocab_size=tokenizer.get_vocab_size(),
        # the same whether lengths were asked for or chosen from the rows: a stored recipe says what was chosen, and repeats the run
        n_positions=max(recipe.max_length or 0, POSITIONS) + max(recipe.max_new_tokens or 0, POSITIONS),
        n_embd=256,
        n_layer=2,
        n_head=4,
        resid_pdrop=dropout,
        embd_pdrop=dropout,
        attn_pdrop=dropout,
        bos_token_id=1,
        eos_token_id=1,
        pad_token_id=0,
    )
    return WriterBase(
        encoder=AutoModelForCausalLM.from_config(config), tokenizer=tokenizer, prompt=PLAIN[False], chat=False, end_id=1, pad_id=0,
        positions=config.n_positions,
    )  # fmt: skip


def train_bytes(words: Iterable[str]) -> Tokenizer:
    """A byte-level byte-pair tokenizer (Radford et al. 2019) learned from texts; it spells whatever it does not know."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, min_frequency=2, special_tokens=[PAD, END], max_token_length=LONGEST_TOKEN, show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )  # fmt: skip
    tokenizer.train_from_iterator(words, trainer)
    return tokenizer
