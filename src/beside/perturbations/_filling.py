"""A masked language model that guesses hidden words: BERT and RoBERTa kinds, read from a folder.

Tensor suffixes: B batch, L tokens, H hidden size, V vocabulary, M hidden tokens.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from beside.core.errors import BadInput
from beside.perturbations._words import known

HEADS = ("cls.predictions.transform", "lm_head.dense", "lm_head.layer_norm")
TOKENS_PER_BATCH = 4096  # padded tokens of one pass
LONGEST = 2  # Chinese characters hidden at once: more, and too few of the guesses are words
EACH = 8  # guesses for each of two hidden characters that are paired


class Filler:
    """Guesses words in places of texts. Safe to call from several threads.

    Args:
        network: a Hugging Face masked language model in evaluation mode.
        tokenizer: its fast tokenizer.
    """

    labels: tuple[str, ...] = ()  # it answers nothing, but stands beside the models of an audit
    temperature = 1.0

    def __init__(self, network: Any, tokenizer: Any) -> None:
        self.network, self.tokenizer = network, tokenizer
        self.head = network.cls if hasattr(network, "cls") else network.lm_head
        self.max_length = min(256, int(getattr(network.config, "max_position_embeddings", 512)) - 2)
        self.turn = threading.Lock()
        pieces = tokenizer.convert_ids_to_tokens(range(network.config.vocab_size))
        begins = "Ġ▁" if any(piece[:1] in "Ġ▁" for piece in pieces if piece) else ""
        plain = [piece.lstrip("Ġ▁") if piece else "" for piece in pieces]
        self.words = plain
        self.letters = np.array([
            word.isascii() and word.isalpha() and len(word) > 1 and (not begins or (piece or "")[:1] in begins)
            for word, piece in zip(plain, pieces, strict=True)
        ])  # fmt: skip
        self.characters = np.array([len(word) == 1 and "\u4e00" <= word <= "\u9fff" for word in plain])

    def fill(self, texts: Sequence[str], places: Sequence[tuple[int, int]], most: int) -> list[list[str]]:
        """What may stand in one place of each text, the likeliest first; what stands there is hidden from the model.

        Args:
            texts: one for each place; the same text may come often.
            places: start and end of a word, in characters.
            most: guesses for each place.
        """
        import torch

        hidden = [self.hide(text, *place) for text, place in zip(texts, places, strict=True)]
        found: list[list[str]] = [[] for _ in texts]
        with self.turn, torch.inference_mode():
            for batch in self.batches(hidden):
                width = max(len(hidden[row][0]) for row in batch)
                ids_BL = torch.full((len(batch), width), int(self.tokenizer.pad_token_id or 0))
                mask_BL = torch.zeros((len(batch), width), dtype=torch.long)
                for at, row in enumerate(batch):
                    ids_BL[at, : len(hidden[row][0])] = torch.tensor(hidden[row][0])
                    mask_BL[at, : len(hidden[row][0])] = 1
                states_BLH = self.network.base_model(input_ids=ids_BL, attention_mask=mask_BL)[0]
                spots = [(at, spot) for at, row in enumerate(batch) for spot in hidden[row][1]]
                states_MH = states_BLH[[at for at, _ in spots], [spot for _, spot in spots]]
                logs_MV = self.head(states_MH).log_softmax(dim=-1).numpy()
                start = 0
                for row in batch:
                    count = len(hidden[row][1])
                    old = texts[row][slice(*places[row])]
                    found[row] = self.guesses(logs_MV[start : start + count], old, most)
                    start += count
        return found

    def hide(self, text: str, start: int, end: int) -> tuple[list[int], list[int]]:
        """Tokens of a text with a word hidden, and where the hidden tokens are; a long text is cut around them."""
        before, after = (self.tokenizer(part, add_special_tokens=False)["input_ids"] for part in (text[:start], text[end:]))
        masks = [self.tokenizer.mask_token_id] * (end - start if text[start:end] >= "\u3400" else 1)
        room = self.max_length - len(masks) - 2
        left = min(len(before), max(room // 2, room - len(after)))
        before, after = before[len(before) - left :], after[: room - left]
        ids = [self.tokenizer.cls_token_id, *before, *masks, *after, self.tokenizer.sep_token_id]
        return ids, list(range(1 + left, 1 + left + len(masks)))

    def batches(self, hidden: Sequence[tuple[list[int], list[int]]]) -> Iterator[list[int]]:
        """Numbers of rows that share a pass, rows of a length together; rows with nothing hidden are left out."""
        rows = sorted((row for row, (_, spots) in enumerate(hidden) if len(spots) > 0), key=lambda row: len(hidden[row][0]))
        batch: list[int] = []
        for row in rows:
            if batch and (len(batch) + 1) * len(hidden[row][0]) > TOKENS_PER_BATCH:
                yield batch
                batch = []
            batch.append(row)
        if batch:
            yield batch

    def guesses(self, logs: np.ndarray, old: str, most: int) -> list[str]:
        """Words for the hidden tokens, of shape (hidden, V): one word in letters, or a Chinese word of one or two characters."""
        if old < "\u3400":
            return [self.words[one] for one in best(logs[0], self.letters, most + 1) if self.words[one] != old.casefold()][:most]
        if len(logs) > LONGEST:
            return []
        each = [best(row, self.characters, EACH if len(logs) > 1 else most + 1) for row in logs]
        made = {
            "".join(self.words[one] for one in ids): sum(row[one] for row, one in zip(logs, ids, strict=True))
            for ids in product(*each)
        }
        likely = sorted(made, key=lambda word: -made[word])
        return [word for word in likely if word != old and known(word)][:most]


def best(logs: np.ndarray, allowed: np.ndarray, most: int) -> list[int]:
    """The likeliest allowed tokens, the best first."""
    scores = np.where(allowed[: len(logs)], logs[: len(allowed)], -np.inf)
    top = np.argsort(-scores, kind="stable")[:most]
    return [int(one) for one in top if np.isfinite(scores[one])]


@lru_cache(maxsize=1)
def load_filler(source: str) -> Filler:
    """The masked language model in a folder, or of a hub's name that is on this machine. Never connects.

    Raises:
        BadInput: it cannot be read as one, or its weights hold no mask head, as with sentence encoders.
    """
    import torch
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    source = str(Path(source).expanduser()) if Path(source).expanduser().is_dir() else source
    hint = "Name a folder with safetensors weights of a masked language model, such as bert-base-uncased or bert-base-chinese."
    given = {"trust_remote_code": False, "local_files_only": True}
    try:
        network, found = AutoModelForMaskedLM.from_pretrained(
            source, output_loading_info=True, use_safetensors=True, dtype=torch.float32, **given
        )
        tokenizer = AutoTokenizer.from_pretrained(source, **given)
    except Exception as error:  # the libraries raise all kinds for what is not theirs
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BadInput(f"'{source}' cannot be read as a masked language model: {first}", hint) from error
    if any(name.startswith(HEADS) for name in found["missing_keys"]) or not (
        hasattr(network, "cls") or hasattr(network, "lm_head")
    ):
        raise BadInput(f"The weights of '{source}' hold no mask head, as with sentence encoders.", hint)
    if not tokenizer.is_fast or None in (tokenizer.mask_token_id, tokenizer.cls_token_id, tokenizer.sep_token_id):
        raise BadInput(f"The tokenizer of '{source}' has no mark for hidden words.", hint)
    return Filler(network.eval(), tokenizer)
