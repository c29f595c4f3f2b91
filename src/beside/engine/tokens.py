"""Text -> token ids, and what is lost on the way: truncation and unknown tokens. Loads without torch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from tokenizers import Encoding, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from beside.core.answers import Reading
from beside.core.at_rest import read_text
from beside.core.errors import BadInput
from beside.core.pairs import apart, is_pair

SCRATCH_VOCABULARY = 12_000  # tokens; short corpora fill less
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PAD, UNK = "[PAD]", "[UNK]"
UNSPACED = "[\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff]"  # characters of scripts without spaces
CHUNK = 2_000  # texts encoded at once: keeps memory flat on large corpora


class Tokens:
    """A tokenizer and a sequence length.

    Args:
        tokenizer: with its own special-token template; truncation and padding are done here, visibly.
        max_length: tokens kept of a text, special tokens included.
    """

    def __init__(self, tokenizer: Tokenizer, max_length: int) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.shorter: Tokenizer | None = None  # the same tokenizer, cutting pairs; made when one is too long
        self.pad_id = special_id(tokenizer, ("[PAD]", "<pad>"), default=0)
        self.unknown_id = special_id(tokenizer, ("[UNK]", "<unk>"), default=-1)
        self.separator_id = special_id(tokenizer, ("[SEP]", "</s>"), default=-1)

    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Ids of each text, int32; a longer text keeps its beginning and its closing special token.

        Of a pair (core/pairs.py) that is too long, tokens are taken from the end of the longer of both, one by one.
        """
        rows = []
        for text, ids in zip(texts, self.raw(texts), strict=True):
            if len(ids) > self.max_length and is_pair(text):
                ids = self.cut(text)
            whole = ids if len(ids) else np.array([self.pad_id], dtype=np.int32)  # a model cannot read nothing at all
            rows.append(whole if len(whole) <= self.max_length else np.append(whole[: self.max_length - 1], whole[-1]))
        return rows

    def raw(self, texts: Sequence[str]) -> Iterable[np.ndarray]:
        """Ids of each text before truncation."""
        for start in range(0, len(texts), CHUNK):
            some = texts[start : start + CHUNK]
            asked = [apart(text) if is_pair(text) else text for text in some]
            for text, encoding in zip(some, self.tokenizer.encode_batch_fast(asked), strict=True):
                yield self.ids_of(encoding, is_pair(text))

    def ids_of(self, encoding: Encoding, pair: bool) -> np.ndarray:
        """Ids, int32; where the border of a pair is marked by a special token, a text that spells that token does not move it."""
        ids = np.asarray(encoding.ids, dtype=np.int32)
        if pair:
            spelled = np.array([place is not None for place in encoding.sequence_ids]) & (ids == self.separator_id)
            ids[spelled] = max(self.unknown_id, 0)
        return ids

    def cut(self, text: str) -> np.ndarray:
        """Ids of a pair that is too long, cut longest first by the tokenizer itself."""
        if self.shorter is None:
            self.shorter = Tokenizer.from_str(self.tokenizer.to_str())
        self.shorter.enable_truncation(self.max_length, strategy="longest_first")
        return self.ids_of(self.shorter.encode(*apart(text)), True)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """Each text with the characters of its tokens, token by token as `encode` gives them."""
        found = []
        for start in range(0, len(texts), CHUNK):
            some = list(texts[start : start + CHUNK])
            for text, encoding in zip(some, self.tokenizer.encode_batch(some), strict=True):
                spans = list(encoding.offsets) or [(0, 0)]
                kept = spans if len(spans) <= self.max_length else [*spans[: self.max_length - 1], spans[-1]]
                found.append(Reading(text, tuple(kept)))
        return found

    def counts(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text before truncation."""
        return [len(ids) for ids in self.raw(texts)]

    def unknown_share(self, texts: Sequence[str]) -> float:
        """Share of content tokens that the vocabulary does not know, 0..1; 0 for no text."""
        known = unknown = 0
        for ids in self.raw(texts):
            unknown += int((ids == self.unknown_id).sum())
            known += max(len(ids) - 2, 0)
        return unknown / known if known else 0.0


def special_id(tokenizer: Tokenizer, spellings: Sequence[str], default: int) -> int:
    """Id of a special token under any of its usual spellings."""
    found = (tokenizer.token_to_id(spelling) for spelling in spellings)
    return next((index for index in found if index is not None), default)


def load_tokens(file: Path, max_length: int) -> Tokens:
    """Tokens from a `tokenizer.json`.

    Raises:
        BadInput: the file is missing or not a tokenizer.
    """
    try:
        return Tokens(Tokenizer.from_str(read_text(file)), max_length)
    except Exception as error:  # the library raises bare Exception
        raise BadInput(f"Cannot read the tokenizer {file.name}: {error}.", "The model folder needs a tokenizer.json.") from error


def train_tokenizer(texts: Iterable[str], vocabulary: int = SCRATCH_VOCABULARY, characters: bool = False) -> Tokenizer:
    """A byte-pair tokenizer learned from the corpus (Sennrich et al. 2016), for any language.

    Runs of Chinese characters stay together before merging, so that frequent words become single tokens; every other script is
    cut at spaces and punctuation. Case and width are folded (NFKC).

    Args:
        characters: a Chinese character is always a token of its own, as it must be where a name may begin or end at any of them.
    """
    tokenizer = Tokenizer(models.BPE(unk_token=UNK))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    single = [pre_tokenizers.Split(Regex(UNSPACED), "isolated")] if characters else []
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation(), *single])
    tokenizer.decoder = decoders.BPEDecoder()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, min_frequency=2, special_tokens=SPECIAL, max_token_length=12, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    ends = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=ends
    )
    return tokenizer
