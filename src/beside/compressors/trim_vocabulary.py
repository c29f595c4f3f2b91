"""A table of word vectors without the tokens that the text never uses; texts of kept tokens are answered exactly as before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from beside.compressors._vocabulary import KINDS, characters, fewer, kind_of, made_of, special_ids
from beside.core.interfaces import Workbench
from beside.core.statistics import rate


@dataclass(frozen=True, kw_only=True)
class TrimVocabulary:
    """Leaves out tokens that neither the training rows nor the texts given without an answer use (Abdaoui et al. 2020).

    The tune rows do not count, so that they can say how often new text meets a token that is gone: its word is then read in smaller
    pieces, down to characters, which all stay, and only there may an answer change.
    """

    zh: ClassVar[str] = "去掉文本从不使用的词元的词向量；词元都保留的文本，回答与原来完全相同。"
    last: ClassVar[bool] = False

    spare: int = field(
        default=15_000,
        metadata={"unit": "tokens", "reason": "kept though unused: the first in the vocabulary's order in scripts of the text"},
    )

    def __post_init__(self) -> None:
        if self.spare < 0:
            raise ValueError("spare is 0 or more")

    def why_not(self, bench: Workbench) -> str | None:
        """Which tokens were used tells of the rows, and not every tokenizer can lose some."""
        if bench.private:
            return "the model keeps a promise of privacy, and the tokens that stay would tell which words its rows use"
        kind = kind_of(bench.tokens.tokenizer)
        if kind not in KINDS:
            return f"the base's tokenizer is of the kind {kind}, and it takes {', '.join(KINDS)}"
        if bench.model.encoder.get_input_embeddings() is None:
            return "the base has no table of word vectors"
        return None

    def compress(self, bench: Workbench) -> str:
        """Cuts the table and the tokenizer; says how much is gone and how often new text will miss it."""
        tokenizer = bench.tokens.tokenizer
        table = bench.model.encoder.get_input_embeddings()
        read = [*bench.texts, *bench.unlabelled]
        kept = self.kept(tokenizer, bench.tokens.pad_id, used(bench, read), len(table.weight))
        missed = misses(bench, kept)
        bench.tokens.tokenizer, bench.tokens.shorter = fewer(tokenizer, kept), None
        shorten(bench, kept)
        before, now = len(table.weight), len(kept)
        new = rate(sum(missed), len(missed)) if missed else None
        told = f"; {new.value:.1%} ({new.low:.1%} to {new.high:.1%}) of {new.n} tune rows have a token that is gone" if new else ""
        return f"{now:,} of {before:,} tokens stay, {len(read):,} texts read{told}; such words are read in smaller pieces"

    def kept(self, tokenizer: Any, pad_id: int, seen: set[int], size: int) -> list[int]:
        """Ids that stay, ascending: used ones, special ones, characters, spare ones, and whatever these are made of."""
        vocabulary = tokenizer.get_vocab()
        base = seen | special_ids(tokenizer) | characters(vocabulary)
        base |= set(range(pad_id + 1))  # position numbers of RoBERTa begin behind the padding's id
        scripts = alphabets(token for token, id in vocabulary.items() if id in seen)
        ordered = sorted((id, token) for token, id in vocabulary.items() if id not in base)
        spare = [id for id, token in ordered if not token.startswith("[unused") and alphabets([token]) <= scripts][: self.spare]
        return sorted(id for id in made_of(tokenizer, base | set(spare)) if id < size)


def used(bench: Workbench, texts: Sequence[str]) -> set[int]:
    """Ids of all tokens of the texts, the ends of long ones too."""
    return {int(id) for row in bench.tokens.raw(texts) for id in np.unique(row)}


def misses(bench: Workbench, kept: Sequence[int]) -> list[bool]:
    """Whether each tune row has a token that does not stay."""
    there = set(kept)
    return [not there.issuperset(row.tolist()) for row in bench.tokens.raw(bench.tune)]


def alphabets(tokens: Iterable[str]) -> set[str]:
    """Blocks of 128 code points that letters of the tokens are from."""
    return {chr(ord(char) & ~127) for token in tokens for char in token if char.isalpha()}


def shorten(bench: Workbench, kept: Sequence[int]) -> None:
    """Leaves the rows of those ids in the table of word vectors, and puts the ids that the model knows of right."""
    import torch
    from torch import nn

    encoder, place = bench.model.encoder, {id: at for at, id in enumerate(kept)}
    table = encoder.get_input_embeddings()
    padding = None if table.padding_idx is None else place[table.padding_idx]
    made = nn.Embedding(len(kept), table.embedding_dim, padding_idx=padding, device=table.weight.device, dtype=table.weight.dtype)
    with torch.no_grad():
        made.weight.copy_(table.weight[torch.tensor(list(kept), device=table.weight.device)])
    encoder.set_input_embeddings(made)
    config = encoder.config
    config.vocab_size = len(kept)
    for name in ("pad_token_id", "bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id"):
        if getattr(config, name, None) is not None:
            setattr(config, name, place.get(getattr(config, name)))
    tokens = bench.tokens
    tokens.pad_id, tokens.unknown_id = place.get(tokens.pad_id, 0), place.get(tokens.unknown_id, -1)
    tokens.separator_id = place.get(tokens.separator_id, -1)
    if bench.model.border is not None:
        bench.model.border = tokens.separator_id


compressor = TrimVocabulary()
