"""Slips of recognition, words left out, put in or exchanged, and words guessed anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beside.core import wording
from beside.core.errors import BadInput, BadOption
from beside.core.registry import load

SEEDS = range(30)


def edits(perturbation: Any, text: str) -> set[str]:
    return {perturbation.edit(text, np.random.default_rng(seed)) for seed in SEEDS}


def test_recognition_confuses_shapes_in_english_and_in_chinese() -> None:
    ocr = load("perturbations", "ocr")
    assert {"modern", "modem"} & edits(ocr, "modern") == {"modem"}
    assert any("1" in one or "0" in one for one in edits(ocr, "hello balloon"))
    assert edits(ocr, "我已经申请了") == {"我己经申请了", "我巳经申请了", "我已经甲请了", "我已经由请了", "我已经田请了"}
    assert edits(ocr, "bad had") == {"bad had"}, "short words would become others"


def test_recognition_never_makes_another_chinese_word() -> None:
    ocr = load("perturbations", "ocr")
    for start, end, others in ocr.spots("今天的日期问题和大夫的天气预报"):
        text = "今天的日期问题和大夫的天气预报"
        word = next(word for word in wording.words(text) if word.start <= start < word.end)
        for other in others:
            assert not wording.chinese().FREQ.get(text[word.start : start] + other + text[end : word.end])


@pytest.mark.parametrize(
    "kind, text, expected",
    [
        ("delete", "it was just wonderful", {"it was wonderful"}),
        ("delete", "I am just not happy", {"I am just not happy"}),
        ("swap", "my lost card", {"lost my card", "my card lost"}),
        ("swap", "not good card", {"not good card"}),
        ("delete", "我的卡真的丢了怎么办", {"我卡真的丢了怎么办", "我的卡丢了怎么办", "我的卡真的丢怎么办"}),
    ],
)
def test_words_are_edited_one_kind_at_a_time(kind: str, text: str, expected: set[str]) -> None:
    assert edits(replace(load("perturbations", "words"), kinds=(kind,)), text) == expected


def test_an_opener_takes_the_capital_of_a_known_first_word_only() -> None:
    insert = replace(load("perturbations", "words"), kinds=("insert",))
    assert "Well, where is it" in edits(insert, "Where is it")
    assert "Well, Anna is late" in edits(insert, "Anna is late")
    assert {one[-5:] for one in edits(insert, "银行卡丢了")} == {"银行卡丢了"} and len(edits(insert, "银行卡丢了")) > 2
    assert edits(insert, "丢") == {"丢"}


def test_an_unknown_edit_of_words_is_refused() -> None:
    with pytest.raises(BadOption, match="no edit of words 'shuffle'"):
        replace(load("perturbations", "words"), kinds=("shuffle",))


class Guesser:
    """Guesses the same words everywhere and remembers what it was asked."""

    def __init__(self, *words: str) -> None:
        self.words, self.asked = words, []  # type: ignore[var-annotated]

    def fill(self, texts: Any, places: Any, most: int) -> list[list[str]]:
        self.asked += [text[start:end] for text, (start, end) in zip(texts, places, strict=True)]
        return [list(self.words) for _ in texts]


def test_guesses_replace_words_of_content_and_keep_case_and_ending() -> None:
    guesser = Guesser("not", "the", "unhappy", "glad", "running", "happier")
    masked = replace(load("perturbations", "masked_words"), filler=guesser)
    text = "I am happy with Anna, do not call 250 times"
    assert masked.spots(text) == [(5, 10, ["glad"]), (29, 33, ["unhappy", "glad", "happier"])]
    assert masked.spots("Happy") == [(0, 5, ["Glad"])]
    assert "I am glad with Anna, do not call 250 times" in edits(replace(masked, words_per_edit=20), text)
    assert set(guesser.asked) == {"happy", "Happy", "call"}, "no name, negation, number or word of grammar is hidden"


def test_many_texts_are_guessed_together() -> None:
    masked = replace(load("perturbations", "masked_words"), filler=Guesser("glad", "开心"))
    assert masked.spots_of(["happy", "", "高兴"]) == [[(0, 5, ["glad"])], [], [(0, 2, ["开心"])]]


def test_without_a_model_nothing_is_edited() -> None:
    assert load("perturbations", "masked_words").spots("I am happy") == []


@pytest.fixture(scope="module")
def filling(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Folder of a masked language model whose bias makes it guess `good`, then `fine`, and the characters of 高兴."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
    from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

    pieces = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "good",
        "fine",
        "##ing",
        "is",
        "this",
        "x",
        "高",
        "兴",
        "我",
        "很",
        "开",
        "心",
    ]
    tokenizer = Tokenizer(models.WordPiece(dict(zip(pieces, range(len(pieces)), strict=True)), unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    network = BertForMaskedLM(BertConfig(vocab_size=len(pieces), max_position_embeddings=24, **size))
    with torch.no_grad():
        network.cls.predictions.decoder.weight.zero_()
        for piece, score in {"##ing": 9.0, "good": 8.0, "fine": 6.0, "x": 5.0, "兴": 4.0, "高": 3.9}.items():
            network.cls.predictions.bias[pieces.index(piece)] = score
    folder = tmp_path_factory.mktemp("filling")
    network.save_pretrained(folder)
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    return str(folder)


def test_a_masked_language_model_guesses_whole_words_the_likeliest_first(filling: str) -> None:
    from beside.perturbations._filling import load_filler

    filler = load_filler(filling)
    texts = ["this is great", "fine " * 100, "我很开心", "我"]
    found = filler.fill(texts, [(8, 13), (0, 4), (2, 4), (0, 1)], 2)
    assert found[0] == ["good", "fine"], "no piece of a word, no single letter"
    assert found[1][0] == "good" and "fine" not in found[1], "never the word itself"
    assert found[2][0] == "高兴"
    assert load("perturbations", "masked_words").__class__(folder=filling).spots("this is great")[0][2][0] == "good"


@pytest.mark.parametrize("folder", ["/nowhere/at/all", "embedded"])
def test_a_folder_without_a_mask_head_is_refused(folder: str) -> None:
    from beside.engine.bases import embedded_folder

    place = str(embedded_folder()) if folder == "embedded" else folder
    with pytest.raises(BadInput, match="masked language model|mask head"):
        replace(load("perturbations", "masked_words"), folder=place).spots("I am happy")


def test_the_embedded_base_has_no_masked_language_model_and_a_folder_with_one_has(filling: str, tmp_path: Path) -> None:
    from beside.core.recipe import Recipe
    from beside.engine.filling import filler_of

    assert filler_of(Recipe(base="embedded")) is None
    assert filler_of(Recipe(base="scratch")) is None
    found = filler_of(Recipe(base=filling))
    assert found is not None and found.fill(["this is great"], [(8, 13)], 1) == [["good"]]
