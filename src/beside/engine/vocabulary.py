"""A tokenizer learned from a team's own text: byte-pair pieces of characters or of bytes, or WordPiece."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from beside.core.wording import HAN
from beside.engine.tokens import SPECIAL, UNK, train_tokenizer

LONGEST = 12  # characters of a token


def learn_tokenizer(kind: str, texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """A tokenizer of that kind, with the special tokens [PAD] [UNK] [CLS] [SEP] [MASK] as ids 0 to 4.

    Args:
        kind: `bpe`, `bytes` or `wordpiece`.
        vocabulary: tokens at most; short texts fill less.
    """
    learned = {"bpe": train_tokenizer, "bytes": byte_pairs, "wordpiece": word_pieces}[kind](texts, vocabulary)
    ends = [(token, learned.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    learned.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=ends
    )
    return learned


def byte_pairs(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """Byte-level byte pairs (Radford et al. 2019): no character is unknown. Case is kept, width is folded (NFKC)."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        max_token_length=3 * LONGEST,  # bytes; a Chinese character has three
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def word_pieces(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """WordPiece as BERT has it (Devlin et al. 2019): Chinese character by character, everything else by spaces and punctuation.

    The library numbers the pieces that go on inside a word in an order of chance, and ties between merges hang on these numbers;
    here they are numbered first, so that the same texts always give the same tokenizer.
    """
    fold = normalizers.Sequence([normalizers.NFKC(), normalizers.BertNormalizer(handle_chinese_chars=True, lowercase=True)])
    given = list(texts)
    seen: set[str] = set()
    for text in given:
        seen.update(fold.normalize_str(text))
    inside = [f"##{char}" for char in sorted(seen) if re.match(r"[^\W_]", char) and not re.match(f"[{HAN}]", char)]
    learner = Tokenizer(models.WordPiece(unk_token=UNK))
    learner.normalizer, learner.pre_tokenizer = fold, pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocabulary, min_frequency=2, special_tokens=[*SPECIAL, *inside], show_progress=False
    )
    learner.train_from_iterator(given, trainer)
    # anew, because what was numbered first is special to the learner, and would be found anywhere in a text
    tokenizer = Tokenizer(models.WordPiece(learner.get_vocab(), unk_token=UNK))
    tokenizer.normalizer, tokenizer.pre_tokenizer, tokenizer.decoder = fold, learner.pre_tokenizer, decoders.WordPiece()
    tokenizer.add_special_tokens(SPECIAL)
    return tokenizer
