"""A model that writes: a causal or a sequence-to-sequence language model, its loss positions, its folder.

Tensor suffixes: B batch, L sequence length, A tokens of the longest answer, V vocabulary, H hidden size.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, GenerationConfig, PreTrainedModel

from beside.core.errors import BadInput
from beside.core.writing import Writing
from beside.engine.model import Facts, read_facts
from beside.engine.prompts import PromptTokens
from beside.engine.rows import collate


class Writer(nn.Module):
    """A Hugging Face language model, asked for what it gives the tokens of an answer.

    Args:
        encoder: the model; it goes by the name under which methods look for what they adapt.
    """

    frozen = 0  # layers are not run one by one

    def __init__(self, encoder: PreTrainedModel) -> None:
        super().__init__()
        self.encoder = encoder
        encoder.generation_config = (
            GenerationConfig()
        )  # else what came with the base would decode otherwise than what is loaded again
        self.two_sided = bool(encoder.config.is_encoder_decoder)
        self.skips = "logits_to_keep" in inspect.signature(encoder.forward).parameters

    @property
    def layers(self) -> nn.ModuleList:
        """None that can be told apart."""
        return nn.ModuleList()

    def frozen_names(self) -> set[str]:
        """Nothing is frozen."""
        return set()

    def twins(self) -> dict[str, str]:
        """Second names of shared parameters -> the first: input and output words are often one table."""
        first: dict[int, str] = {}
        named = self.named_parameters(remove_duplicate=False)
        return {name: first[id(one)] for name, one in named if first.setdefault(id(one), name) != name}

    def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Every tensor once, under its first name."""
        state, twins = super().state_dict(*args, **kwargs), self.twins()
        for name in twins:
            state.pop(name, None)
        return state

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """What `state_dict` gave."""
        whole = {**state_dict, **{name: state_dict[first] for name, first in self.twins().items() if first in state_dict}}
        return super().load_state_dict(whole, strict, assign)

    def logits(self, prompts: Sequence[np.ndarray], answers: Sequence[np.ndarray], pad_id: int) -> Tensor:
        """Scores for each token of the answers given the prompt and the tokens before it, (B, A, V); rows padded on the right."""
        if self.two_sided:
            start = int(self.encoder.config.decoder_start_token_id)
            ids_BL, mask_BL = collate(prompts, pad_id)
            said_BA, _ = collate([np.concatenate([[start], answer[:-1]]) for answer in answers], pad_id)
            return self.encoder(input_ids=ids_BL, attention_mask=mask_BL, decoder_input_ids=said_BA, use_cache=False).logits
        ids_BL, mask_BL = collate([np.concatenate([one, said[:-1]]) for one, said in zip(prompts, answers, strict=True)], pad_id)
        begins_B = torch.tensor([len(one) - 1 for one in prompts])  # the prompt's last token foretells the answer's first
        first, longest = int(begins_B.min()), max(map(len, answers))
        kept = torch.arange(first, ids_BL.shape[1])  # scores of a vocabulary are large: only where an answer stands
        given = {"logits_to_keep": kept} if self.skips else {}
        scores = self.encoder(input_ids=ids_BL, attention_mask=mask_BL, use_cache=False, **given).logits
        places_BA = begins_B[:, None] - (first if self.skips else 0) + torch.arange(longest)
        return scores[torch.arange(len(prompts))[:, None], places_BA.clamp(max=scores.shape[1] - 1)]

    def vector(self, ids_BL: Tensor, mask_BL: Tensor | None) -> Tensor:
        """The mean of the last states of a prompt's tokens, (B, H)."""
        if self.two_sided:
            states_BLH = self.encoder.get_encoder()(input_ids=ids_BL, attention_mask=mask_BL)[0]
        else:
            told = self.encoder(input_ids=ids_BL, attention_mask=mask_BL, use_cache=False, output_hidden_states=True)
            states_BLH = told.hidden_states[-1]
        weights_BL1 = (torch.ones_like(ids_BL) if mask_BL is None else mask_BL).unsqueeze(-1)
        return (states_BLH * weights_BL1).sum(dim=1) / weights_BL1.sum(dim=1)


def load_writer(folder: Path) -> tuple[Writer, PromptTokens, Facts]:
    """What `save_model` wrote of a model that writes, in evaluation mode.

    Raises:
        BadInput: a file is missing or is not what it should be.
    """
    try:
        facts = read_facts(folder)
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        kind = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
        model = Writer(kind.from_config(config, dtype=torch.float32))
        model.load_state_dict(load_file(folder / "model.safetensors"), strict=True)
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokens = PromptTokens(tokenizer, Writing.model_validate(facts.writing), facts.max_length, model.two_sided)
    except Exception as error:  # the libraries raise all kinds for what is not theirs
        raise BadInput(f"Cannot load the model in '{folder.name}': {error}", "The folder must be one that Beside saved.") from error
    return model.eval(), tokens, facts
