"""Which tokens are hidden: whole words, the right share of them, in any language."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from beside.core.wording import words
from beside.engine.loading import embedded_path
from beside.engine.masking import MASKED, RANDOM, SPECIAL, Masking, Piece, cuts, masking_for, pieces, word_groups
from beside.engine.tokens import special_id
from beside.engine.vocabulary import learn_tokenizer

CHINESE = ["早餐非常简单，距离客房很远。", "总台服务小姐说只有一台电脑", "房间很大，价格也不贵！", "酒店的位置不错，下次还会来住"]
ENGLISH = ["the unbelievable hotel's breakfast was undercooked", "a well-known lobby, 3.50 per night?", "profit rose 12 % in 2009"]
ANY = st.text(
    alphabet=st.one_of(st.sampled_from("".join(CHINESE + ENGLISH)), st.characters(codec="utf-8", exclude_categories=["Cs"])),
    min_size=1,
    max_size=80,
)


@cache
def tokenizer_of(kind: str) -> Tokenizer:
    if kind == "embedded":
        found = Tokenizer.from_file(str(embedded_path() / "tokenizer.json"))
        found.no_padding()
        found.no_truncation()
        return found
    return learn_tokenizer(kind, (CHINESE + ENGLISH) * 3, 400)


KINDS = ("bpe", "bytes", "wordpiece", "embedded")


def masking_of(kind: str, share: float = 0.15) -> Masking:
    tokenizer = tokenizer_of(kind)
    return masking_for(tokenizer, share, special_id(tokenizer, ("[MASK]",), -1))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(text=ANY, seed=st.integers(0, 2**32 - 1))
def test_a_word_is_hidden_whole_or_not_at_all(kind: str, text: str, seed: int) -> None:
    tokenizer = tokenizer_of(kind)
    spans = tokenizer.encode(text, add_special_tokens=False).offsets
    for piece in pieces(tokenizer, [text], 10_000):
        _, places = masking_of(kind).apply(piece, np.random.default_rng(seed))
        chosen = {int(place) - 1 for place in places}  # [CLS] comes first
        for word in words(text):
            inside = {index for index, (start, end) in enumerate(spans) if start < word.end and end > word.start}
            assert inside <= chosen or not inside & chosen, (word, inside, chosen)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(texts=st.lists(ANY, min_size=1, max_size=4), length=st.integers(8, 40))
def test_long_texts_are_cut_into_rows_and_no_token_is_lost(kind: str, texts: list[str], length: int) -> None:
    tokenizer = tokenizer_of(kind)
    found: dict[int, list[int]] = defaultdict(list)
    for piece in pieces(tokenizer, texts, length):
        assert 2 < len(piece.ids) <= length and len(piece.ids) == len(piece.groups)
        assert piece.groups[0] == piece.groups[-1] == SPECIAL and (piece.groups[1:-1] >= 0).all()
        found[piece.text] += piece.ids[1:-1].tolist()
    for place, text in enumerate(texts):
        assert found[place] == tokenizer.encode(text, add_special_tokens=False).ids


def test_rows_are_cut_between_words_and_only_a_word_longer_than_a_row_is_cut_itself() -> None:
    assert list(cuts(np.array([0, 0, 1, 1, 1, 2]), 4)) == [(0, 2), (2, 6)]
    assert list(cuts(np.array([0, 0, 0, 0, 0, 1]), 3)) == [(0, 3), (3, 6)]
    assert list(cuts(np.array([], dtype=int), 3)) == []


def test_chinese_characters_are_hidden_by_the_words_of_the_dictionary() -> None:
    text = "总台服务小姐说只有一台电脑"
    groups = word_groups(text, [(place, place + 1) for place in range(len(text))])
    assert groups.tolist() == [0, 0, 1, 1, 2, 2, 3, 4, 4, 5, 5, 6, 6]


def test_pieces_of_an_english_word_belong_together_and_punctuation_stands_alone() -> None:
    encoding = tokenizer_of("embedded").encode("the undercooked egg, twice", add_special_tokens=False)
    assert [token for token in encoding.tokens if token.startswith("##")], "the word has pieces"
    groups = word_groups("the undercooked egg, twice", encoding.offsets)
    by_group: dict[int, str] = defaultdict(str)
    for group, token in zip(groups.tolist(), encoding.tokens, strict=True):
        by_group[group] += token.removeprefix("##")
    assert list(by_group.values()) == ["the", "undercooked", "egg", ",", "twice"]


def test_a_token_over_the_end_of_a_word_ties_both_words() -> None:
    assert word_groups("酒店早餐贵", [(0, 1), (1, 3), (3, 4), (4, 5)]).tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("share", [0.15, 0.4])
def test_about_the_asked_share_is_hidden_eight_in_ten_by_the_mask_one_by_another_one_not_at_all(share: float) -> None:
    masking = Masking(share, 3, np.arange(5, 10_000, dtype=np.int32))
    rng = np.random.default_rng(0)
    rows = [Piece(0, np.arange(20_000, 20_120, dtype=np.int32), np.repeat(np.arange(60), 2).astype(np.int32)) for _ in range(400)]
    hidden = [(row, *masking.apply(row, rng)) for row in rows]
    chosen = sum(len(places) for _, _, places in hidden)
    assert chosen / (400 * 120) == pytest.approx(share, abs=0.01)
    masked = sum(int((ids[places] == 3).sum()) for _, ids, places in hidden)
    kept = sum(int((ids[places] == row.ids[places]).sum()) for row, ids, places in hidden)
    assert masked / chosen == pytest.approx(MASKED, abs=0.02) and (chosen - masked - kept) / chosen == pytest.approx(
        RANDOM, abs=0.02
    )
    for row, ids, places in hidden:
        untouched = np.setdiff1d(np.arange(len(ids)), places)
        assert (ids[untouched] == row.ids[untouched]).all(), "what is not guessed stays as it is"


@pytest.mark.parametrize("kind", KINDS)
def test_no_special_token_is_ever_drawn_at_random(kind: str) -> None:
    tokenizer = tokenizer_of(kind)
    special = [tokenizer.token_to_id(token) for token in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")]
    choices = masking_of(kind).choices
    assert not set(special) & set(choices.tolist()) and len(choices) >= tokenizer.get_vocab_size() - 10


def test_other_words_are_hidden_in_another_pass_and_the_same_in_the_same() -> None:
    (piece,) = pieces(tokenizer_of("wordpiece"), ["".join(CHINESE)], 200)

    def places(*seed: int) -> Any:
        return masking_of("wordpiece").apply(piece, np.random.default_rng(seed))[1].tolist()

    assert places(0, 1, 2) == places(0, 1, 2) and len({tuple(places(0, epoch, 2)) for epoch in range(8)}) > 4


def test_a_row_always_has_something_to_guess() -> None:
    (piece,) = pieces(tokenizer_of("wordpiece"), ["酒店"], 16)
    assert len(masking_of("wordpiece").apply(piece, np.random.default_rng(0))[1]) == 2


@pytest.mark.parametrize("kind", ["bpe", "bytes", "wordpiece"])
def test_learned_tokenizers_read_chinese_and_english(kind: str) -> None:
    tokenizer = tokenizer_of(kind)
    ids = tokenizer.encode("酒店的位置不错 hotel").ids
    assert ids[0] == tokenizer.token_to_id("[CLS]") and ids[-1] == tokenizer.token_to_id("[SEP]")
    assert tokenizer.token_to_id("[UNK]") not in ids


def test_bytes_know_every_character_and_give_the_text_back() -> None:
    text = "龘 😀 unseen 𠮷"
    encoding = tokenizer_of("bytes").encode(text, add_special_tokens=False)
    assert tokenizer_of("bytes").token_to_id("[UNK]") not in encoding.ids
    assert tokenizer_of("bytes").decode(encoding.ids) == text


def test_the_same_texts_give_the_same_tokenizer_in_any_process() -> None:
    code = f"from beside.engine.vocabulary import learn_tokenizer as l; [print(l(k, {CHINESE + ENGLISH!r} * 3, 200).to_str()) "
    code += "for k in ('bpe', 'bytes', 'wordpiece')]"
    said = {subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout for _ in range(3)}
    assert len(said) == 1 and "##" in said.pop()
