"""Text to numbers: what is cut and what is unknown is counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from beside.core.errors import BadInput
from beside.engine.tokens import Tokens, load_tokens, train_tokenizer

ENGLISH = ["where is my parcel", "my parcel is late", "give me my money back", "the money is gone"] * 5
CHINESE = ["我的快递在哪里", "快递迟到了", "请把钱退给我", "钱不见了"] * 5


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    return Tokens(train_tokenizer(ENGLISH), 8)


def test_a_text_has_its_two_ends(tokens: Tokens) -> None:
    (ids,) = tokens.encode(["my parcel"])
    assert ids.dtype == np.int32
    assert [tokens.tokenizer.id_to_token(id) for id in ids] == ["[CLS]", "my", "parcel", "[SEP]"]


def test_a_longer_text_keeps_its_beginning_and_its_end_sign_and_is_counted(tokens: Tokens) -> None:
    text = "where is my parcel and where is my money"
    (cut,), (whole,) = tokens.encode([text]), tokens.raw([text])
    assert len(cut) == 8 < len(whole) == tokens.counts([text])[0]
    assert cut[:7].tolist() == whole[:7].tolist() and cut[-1] == whole[-1]


def test_what_the_vocabulary_does_not_know_is_counted(tokens: Tokens) -> None:
    assert tokens.unknown_share(ENGLISH) == 0.0
    assert tokens.unknown_share(["快递"]) == 1.0
    assert tokens.unknown_share([]) == 0.0


def test_a_text_without_any_token_is_still_a_row() -> None:
    bare = Tokens(train_tokenizer(ENGLISH), 8)
    bare.tokenizer.post_processor = None
    (ids,) = bare.encode([""])
    assert ids.tolist() == [bare.pad_id]


def test_thousands_of_texts_come_in_order(tokens: Tokens) -> None:
    texts = [ENGLISH[place % 4] for place in range(4100)]
    counts = tokens.counts(texts)
    assert len(counts) == 4100 and counts[:4] == counts[-4:] == tokens.counts(ENGLISH[:4])


def test_a_chinese_corpus_gets_words_of_its_own() -> None:
    learned = Tokens(train_tokenizer(CHINESE), 16)
    assert learned.unknown_share(CHINESE) == 0.0
    assert learned.tokenizer.token_to_id("快递") is not None
    assert max(learned.counts(["快递迟到了"])) <= 5


def test_the_same_corpus_gives_the_same_tokenizer() -> None:
    assert train_tokenizer(ENGLISH + CHINESE).to_str() == train_tokenizer(ENGLISH + CHINESE).to_str()


def test_case_and_width_do_not_matter_to_a_learned_tokenizer(tokens: Tokens) -> None:
    assert tokens.encode(["ＭＹ Parcel"])[0].tolist() == tokens.encode(["my parcel"])[0].tolist()


@pytest.mark.parametrize("content", [None, b"", b"{}", b"\x00\x01"])
def test_a_file_that_is_no_tokenizer_is_refused(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "tokenizer.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadInput, match=r"tokenizer\.json"):
        load_tokens(file, 16)
