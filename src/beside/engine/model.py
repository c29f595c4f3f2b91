"""base + task -> a model: an encoder, a pooling and a linear head.

Tensor suffixes: B batch, L sequence length, H hidden size, K outputs of the head.
"""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn.functional import gelu, normalize
from transformers import AutoConfig, AutoModel, PreTrainedModel

from beside.core.errors import BadInput, StorageFailed
from beside.core.interfaces import Task
from beside.core.registry import load
from beside.engine.bases import embedded_folder as embedded_folder
from beside.engine.bases import load_base as load_base
from beside.engine.devices import products
from beside.engine.loading import MODEL_FACTS as FACTS
from beside.engine.shapes import shaped
from beside.engine.tokens import Tokens, load_tokens

HEAD = ("head.weight", "head.bias")
LATER = ("pairs", "settings", "structure", "writing", "compression", "canaries")  # facts that older folders do not have
AT = "at "  # a pooling that begins so names the place of a token
LAYERED = ("bert", "roberta", "xlm-roberta", "camembert", "electra")  # layers take states and a mask, nothing else


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a model folder says of itself beside its weights."""

    task: str
    labels: tuple[str, ...]
    pooling: str  # "unit", "mean", "cls", or "at" and a place
    max_length: int  # tokens
    temperature: float = 1.0  # logits are divided by it
    format: int = 1
    structure: dict[str, Any] | None = None  # parts that a method put into the encoder, and the method's name; None = a plain one
    pairs: bool = False  # whether it reads two texts at once
    settings: dict[str, Any] = field(default_factory=dict)  # what the task found in the rows
    writing: dict[str, Any] = field(default_factory=dict)  # of a model that writes: prompt, ends and decoding (core/writing.py)
    canaries: dict[str, Any] = field(default_factory=dict)  # made-up rows that it was trained with (core/canaries.py)
    compression: dict[str, Any] = field(default_factory=dict)  # shapes of pruned layers; form, processor, answers (compressed.py)


class Transform(nn.Module):
    """What a masked language model does to a token's state before it looks for the word."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.dense, self.norm = nn.Linear(width, width), nn.LayerNorm(width, eps=eps)

    def forward(self, states_BH: Tensor) -> Tensor:
        """States after layer, GELU and norm, (B, H)."""
        return self.norm(gelu(self.dense(states_BH)))


class NoHead(nn.Linear):
    """A head without outputs, which has no initial values either."""

    def reset_parameters(self) -> None:
        pass


class Model(nn.Module):
    """Encoder, pooling and linear head.

    Args:
        encoder: a Hugging Face encoder whose first output is (B, L, H).
        outputs: numbers that the head puts out; 0 = vectors are all that is wanted.
        pooling: "mean" over real tokens, "unit" for that mean at unit length, "cls", the first token, or "at 4", the token in
            that place, put through a mask head's transform.
        frozen: bottom layers that do not learn, the token embeddings with them; 0 = everything learns.

    Attributes:
        per_token: whether the head answers for every token, (B, L, K), instead of for the text, (B, K).
        border: id of the token that ends the first text of a pair; None for single texts and for encoders without token types.
        precision: of the encoder's products where its matrices are kept in it (engine/compressed.py); None = as they come.
    """

    per_token: bool = False
    border: int | None = None
    precision: str | None = None

    def __init__(self, encoder: PreTrainedModel, outputs: int, pooling: str, frozen: int = 0) -> None:
        super().__init__()
        self.encoder, self.pooling, self.frozen = encoder, pooling, frozen
        # dropping parts of a unit vector would change its length, which carries meaning there
        self.dropout = nn.Dropout(0.0 if pooling == "unit" else float(getattr(encoder.config, "hidden_dropout_prob", 0.1)))
        self.head = (nn.Linear if outputs else NoHead)(encoder.config.hidden_size, outputs)
        if pooling.startswith(AT):
            self.read_at(int(pooling.removeprefix(AT)), encoder.config.layer_norm_eps)

    def read_at(self, place: int, eps: float) -> Transform:
        """Pools by the token in one place from now on; the transform that its state is put through, for the caller to fill."""
        self.pooling, self.transform = f"{AT}{place}", Transform(self.width, eps)
        return self.transform

    def train(self, mode: bool = True) -> Model:
        """Training or evaluation mode; the frozen layers never drop anything, for they are run once for all epochs."""
        super().train(mode)
        if self.frozen:
            for part in (self.encoder.embeddings, *layers_of(self.encoder)[: self.frozen]):
                part.eval()
        return self

    @property
    def layers(self) -> nn.ModuleList:
        """The encoder's layers; empty when they cannot be run one by one."""
        return layers_of(self.encoder)

    @property
    def width(self) -> int:
        """Hidden size H."""
        return self.head.in_features

    def frozen_names(self) -> set[str]:
        """Parameters of the frozen layers and of everything below them."""
        prefixes = ("encoder.embeddings.", *(f"encoder.encoder.layer.{index}." for index in range(self.frozen)))
        return {name for name, _ in self.named_parameters() if self.frozen and name.startswith(prefixes)}

    def embed(self, ids_BL: Tensor, mask_BL: Tensor | None, shift_BLH: Tensor | None = None) -> Tensor:
        """What the head reads: one vector per text, (B, H); a mask of None says that no row is padded, which is faster.

        For a head that answers per token it is one vector per token, (B, L, H). The shift is added to the word vectors.
        """
        states_BLH = self.states(ids_BL, mask_BL, shift_BLH)
        return states_BLH if self.per_token else self.pool(states_BLH, mask_BL)

    def vector(self, ids_BL: Tensor, mask_BL: Tensor | None) -> Tensor:
        """One vector per text, (B, H), whatever the head reads."""
        return self.pool(self.states(ids_BL, mask_BL), mask_BL)

    def states(self, ids_BL: Tensor, mask_BL: Tensor | None, shift_BLH: Tensor | None = None) -> Tensor:
        """Last states of the tokens, (B, L, H)."""
        read: dict[str, Tensor] = {"input_ids": ids_BL}
        if shift_BLH is not None:
            read = {"inputs_embeds": self.encoder.get_input_embeddings()(ids_BL) + shift_BLH}
        with products(ids_BL.device, self.precision) if self.precision else nullcontext():
            states_BLH: Tensor = self.encoder(**read, attention_mask=mask_BL, **self.types(ids_BL))[0]
        return states_BLH

    def types(self, ids_BL: Tensor) -> dict[str, Tensor]:
        """Token types of pairs, as the encoder takes them: 0 to the border, 1 behind it; nothing for single texts."""
        if self.border is None:
            return {}
        ends_BL = (ids_BL == self.border).long()
        return {"token_type_ids": (ends_BL.cumsum(dim=1) - ends_BL).clamp(max=1)}

    def stem(self, ids_BL: Tensor, mask_BL: Tensor | None) -> Tensor:
        """States after the frozen bottom layers, (B, L, H)."""
        return self.through(self.encoder.embeddings(input_ids=ids_BL, **self.types(ids_BL)), mask_BL, 0, self.frozen)

    def upper(self, stem_BLH: Tensor, mask_BL: Tensor | None) -> Tensor:
        """What the learning layers make of the stem: one vector per text, (B, H), or per token, as `embed` gives them."""
        states_BLH = self.through(stem_BLH, mask_BL, self.frozen, len(layers_of(self.encoder)))
        return states_BLH if self.per_token else self.pool(states_BLH, mask_BL)

    def through(self, states_BLH: Tensor, mask_BL: Tensor | None, first: int, last: int) -> Tensor:
        """States after layers `first` up to, not including, `last`."""
        attend_B11L = None if mask_BL is None else mask_BL[:, None, None, :].bool()
        for layer in layers_of(self.encoder)[first:last]:
            states_BLH = layer(states_BLH, attend_B11L)
        return states_BLH

    def pool(self, states_BLH: Tensor, mask_BL: Tensor | None) -> Tensor:
        """One vector per text from the states of its tokens, (B, H)."""
        if self.pooling == "cls":
            return states_BLH[:, 0]
        if self.pooling.startswith(AT):
            return self.transform(states_BLH[:, int(self.pooling.removeprefix(AT))])
        if mask_BL is None:
            mean_BH = states_BLH.mean(dim=1)
        else:
            weights_BL1 = mask_BL.unsqueeze(-1).to(states_BLH.dtype)
            mean_BH = (states_BLH * weights_BL1).sum(dim=1) / weights_BL1.sum(dim=1)
        return normalize(mean_BH, dim=-1) if self.pooling == "unit" else mean_BH

    def forward(self, ids_BL: Tensor, mask_BL: Tensor | None) -> Tensor:
        """Logits, (B, K), or (B, L, K) per token."""
        return self.head(self.dropout(self.embed(ids_BL, mask_BL)))


def layers_of(encoder: PreTrainedModel) -> nn.ModuleList:
    """The stacked layers of an encoder that can be run one by one; empty for any other architecture.

    Others keep a part of the work outside the layers (MPNet its position bias, ELECTRA's small one a projection): their layers
    run alone would give other states, without any error.
    """
    alone = encoder.config.model_type in LAYERED and encoder.config._attn_implementation == "sdpa"
    return encoder.encoder.layer if alone and not hasattr(encoder, "embeddings_project") else nn.ModuleList()


def set_dropout(model: Model, share: float) -> None:
    """The same dropout everywhere in the model, but for a pooled vector of unit length."""
    for module in model.modules():
        if isinstance(module, nn.Dropout) and (module is not model.dropout or model.pooling != "unit"):
            module.p = share


def drops(model: Model) -> bool:
    """Whether anything is dropped while the model trains; the frozen layers never drop, nor does a pooled vector of unit length."""
    was, found = model.training, False
    model.train()
    found = any(isinstance(module, nn.Dropout) and module.training and module.p > 0 for module in model.modules())
    model.train(was)
    return found


def drop_unused(encoder: PreTrainedModel) -> None:
    """Removes BERT's pooler: mean and first-token pooling never read it, and it would be saved untrained."""
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None


class Stored(Protocol):
    """What is kept of a model: its tensors, and the configuration of the Hugging Face model inside."""

    encoder: PreTrainedModel

    def state_dict(self) -> dict[str, Any]: ...


class Spelled(Protocol):
    """What is kept of how a model reads."""

    tokenizer: Tokenizer


def save_model(folder: Path, model: Stored, tokens: Spelled, facts: Facts) -> None:
    """Weights, encoder configuration, tokenizer and facts, each in its usual file.

    Raises:
        StorageFailed: the disk does not take them.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_file({name: tensor.cpu().contiguous() for name, tensor in model.state_dict().items()}, folder / "model.safetensors")
        model.encoder.config.save_pretrained(folder)
        (folder / "tokenizer.json").write_text(tokens.tokenizer.to_str(pretty=True), encoding="utf-8")
        (folder / FACTS).write_text(json.dumps(plain_facts(facts), ensure_ascii=False, indent=1), encoding="utf-8")
    except (OSError, SafetensorError) as error:
        remedy = "Free disk space, then go on with: beside train --resume"
        raise StorageFailed(f"Cannot save the model: {error}.", remedy) from error


def load_model(folder: Path) -> tuple[Model, Tokens, Facts]:
    """What `save_model` wrote, in evaluation mode.

    Raises:
        BadInput: a file is missing or is not what it should be.
    """
    try:
        facts = read_facts(folder)
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        encoder = AutoModel.from_config(config)
        drop_unused(encoder)
        shaped(encoder, facts.compression.get("layers"))
        weights = load_file(folder / "model.safetensors")
        model = Model(encoder, weights["head.weight"].shape[0], facts.pooling)
        if facts.structure:
            load("methods", facts.structure["method"]).rebuild(model, facts.structure)
        model.load_state_dict(weights, strict=True)
        tokens = load_tokens(folder / "tokenizer.json", facts.max_length)
        suit(model, tokens, load("tasks", facts.task).restored(facts.settings), facts.pairs)
    except Exception as error:  # the libraries raise all kinds for what is not theirs
        raise BadInput(f"Cannot load the model in '{folder.name}': {error}", "The folder must be one that Beside saved.") from error
    return model.eval(), tokens, facts


def suit(model: Model, tokens: Tokens, task: Task, pairs: bool) -> None:
    """Makes the model answer as the task wants it: per token or per text, of one text or of two."""
    model.per_token = task.per_token
    together = pairs and not task.apart
    model.border = tokens.separator_id if together and getattr(model.encoder.config, "type_vocab_size", 1) > 1 else None


def plain_facts(facts: Facts) -> dict[str, Any]:
    """The facts as plain data; what is of no use for this task is left out, as before there were others."""
    return {name: value for name, value in asdict(facts).items() if value or name not in LATER}


def read_facts(folder: Path) -> Facts:
    """What a model folder says of itself."""
    plain = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    return Facts(**{**plain, "labels": tuple(plain["labels"])})
