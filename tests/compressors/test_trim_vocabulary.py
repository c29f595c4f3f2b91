"""A trimmed vocabulary: texts whose tokens stayed are read and answered exactly as before; any other is read in smaller pieces."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertModel, RobertaConfig, RobertaModel

from beside.compressors._vocabulary import characters, fewer, made_of, special_ids
from beside.compressors.trim_vocabulary import compressor, shorten
from beside.core.errors import BadOption
from beside.engine.bench import Bench, Stock
from beside.engine.compressing import compress_model
from beside.engine.loading import embedded_tokens
from beside.engine.model import Facts, Model, drop_unused
from beside.engine.runtime import TorchSubject, load_subject
from beside.engine.tokens import Tokens
from beside.engine.vocabulary import learn_tokenizer

LINES = [
    "where is my parcel today",
    "the parcels came late, unbelievably late!",
    "我想取消订单",
    "refund me 42 euros please",
    "cancelling cancelled cancels",
    "Grüße aus Köln",
]
MORE = {"zebra", "cancellation", "unpaid", "取消", "😀", "ﬁne", "x" * 120}
WORDS = sorted({word for line in LINES for word in line.split()} | MORE)


@cache
def tokenizer_of(kind: str) -> Tokenizer:
    """A tokenizer of that kind, learned from the lines; `embedded` is the real one."""
    if kind == "embedded":
        return embedded_tokens().tokens.tokenizer
    if kind != "unigram":
        return learn_tokenizer(kind, LINES * 3, 200)
    made = Tokenizer(models.Unigram())
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    made.train_from_iterator(LINES * 3, trainers.UnigramTrainer(vocab_size=120, special_tokens=special, unk_token="<unk>"))
    made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return made


def trimmed(kind: str, line: str) -> tuple[Tokenizer, Tokenizer, list[int]]:
    """The tokenizer, the same without what a line does not need, and the ids that stayed."""
    whole = tokenizer_of(kind)
    base = set(whole.encode(line).ids) | special_ids(whole) | characters(whole.get_vocab()) | {0, 1}
    kept = sorted(made_of(whole, base))
    return whole, fewer(whole, kept), kept


KINDS = ("embedded", "wordpiece", "bpe", "bytes", "unigram")


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_text_whose_tokens_stayed_is_read_as_before(kind: str, data: st.DataObject) -> None:
    whole, cut, kept = trimmed(kind, data.draw(st.sampled_from(LINES)))
    text = " ".join([*data.draw(st.lists(st.sampled_from(WORDS), max_size=6)), data.draw(st.text(max_size=12))])
    before, after = whole.encode(text), cut.encode(text)
    if set(before.ids) <= set(kept):
        assert [kept[id] for id in after.ids] == before.ids and after.tokens == before.tokens
        assert after.offsets == before.offsets
    assert max(after.ids, default=0) < len(kept)


@pytest.mark.parametrize("kind", ["embedded", "wordpiece"])
def test_a_word_whose_token_is_gone_falls_back_to_pieces_not_to_unknown(kind: str) -> None:
    whole, cut, kept = trimmed(kind, LINES[0])
    gone = next(word for word in ("cancelled", "please", "refund") if not set(whole.encode(word).ids) <= set(kept))
    assert "[UNK]" not in whole.encode(gone).tokens
    pieces = cut.encode(gone).tokens
    assert "[UNK]" not in pieces and len(pieces) > len(whole.encode(gone).tokens)


@pytest.mark.parametrize("kind", KINDS)
def test_special_tokens_stay_and_are_where_the_template_says(kind: str) -> None:
    whole, cut, _ = trimmed(kind, LINES[0])
    assert cut.encode(LINES[0], LINES[0]).tokens == whole.encode(LINES[0], LINES[0]).tokens
    for token, id in ((one.content, id) for id, one in cut.get_added_tokens_decoder().items()):
        assert cut.token_to_id(token) == id


def subject_of(kind: str, roberta: bool) -> TorchSubject:
    """A random model over that tokenizer."""
    tokens = Tokens(Tokenizer.from_str(tokenizer_of(kind).to_str()), 24)
    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    words = {"vocab_size": tokens.tokenizer.get_vocab_size(), "max_position_embeddings": 40, "pad_token_id": tokens.pad_id}
    encoder = RobertaModel(RobertaConfig(**size, **words)) if roberta else BertModel(BertConfig(**size, **words))
    drop_unused(encoder)
    return TorchSubject(
        Model(encoder, 2, "mean").eval(), tokens, Facts(task="classify", labels=("a", "b"), pooling="mean", max_length=24)
    )


def benched(stock: Stock, subject: TorchSubject, read: Sequence[str]) -> Any:
    bench = Bench(stock, subject, ExitStack())
    bench.texts, bench.tune = list(read), []
    return bench


@pytest.mark.parametrize("kind, roberta", [("wordpiece", False), ("bpe", False), ("unigram", True)])
def test_texts_of_kept_tokens_are_answered_exactly_as_before(kind: str, roberta: bool, stock: Stock) -> None:
    subject = subject_of(kind, roberta)
    before, rows = subject.logits(LINES[:3]), subject.model.encoder.get_input_embeddings().weight.shape[0]
    replace(compressor, spare=0).compress(benched(stock, subject, LINES[:3]))
    assert np.array_equal(subject.logits(LINES[:3]), before)
    assert subject.model.encoder.get_input_embeddings().weight.shape[0] < rows


def test_the_border_of_pairs_and_the_padding_keep_their_meaning(stock: Stock) -> None:
    subject = subject_of("wordpiece", False)
    subject.model.border = subject.tokens.separator_id
    before = subject.logits(["a", *LINES])
    bench = benched(stock, subject, LINES)
    shorten(bench, range(subject.tokens.tokenizer.get_vocab_size()))
    assert np.array_equal(subject.logits(["a", *LINES]), before)


def test_it_says_how_many_tokens_stay_and_how_often_new_text_misses_one(stock: Stock) -> None:
    bench = Bench(stock, load_subject(stock.source, 1), ExitStack())
    said = replace(compressor, spare=0).compress(bench)
    assert "tokens stay" in said and "of 12 tune rows have a token that is gone" in said and "smaller pieces" in said


def test_spare_tokens_stay_in_the_order_of_the_vocabulary_and_in_the_scripts_of_the_text() -> None:
    whole = tokenizer_of("embedded")
    seen = set(whole.encode("where is my parcel").ids)
    few, more = (replace(compressor, spare=spare).kept(whole, 0, seen, 30522) for spare in (0, 100))
    extra = [whole.id_to_token(id) for id in sorted(set(more) - set(few))]
    assert len(extra) == 100 and all(token.removeprefix("##").isascii() and not token.startswith("[unused") for token in extra)


def test_a_private_model_is_not_trimmed(stock: Stock, tmp_path: Any) -> None:
    with pytest.raises(BadOption, match="promise of privacy"):
        compress_model(tmp_path, "run-toy", replace(stock, private=True), {"trim_vocabulary": compressor})
