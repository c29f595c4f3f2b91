"""The blank before a text: asked as the masked language model was asked, kept when a text is cut, refused where it cannot be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

from beside.core.errors import BadOption
from beside.core.interfaces import Silent
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.core.types import Example
from beside.engine import training, truth
from beside.engine.building import build
from beside.engine.checkpoint import Checkpoint
from beside.engine.keeping import Keeping
from beside.engine.model import Facts, Model
from beside.engine.rows import collate
from beside.engine.runtime import TorchSubject, load_subject
from beside.engine.tokens import Tokens, train_tokenizer

LABELS = ("cancel", "deliver", "refund")
SPECIAL = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory, messages: Any) -> tuple[Path, BertForMaskedLM, Tokenizer]:
    """A tiny masked language model that has read `this is LABEL . MESSAGE` often enough to fill the blank."""
    rows = messages(240, 7)
    tokenizer = train_tokenizer([f"This is {label} . {text}" for text, label in rows])
    size = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 96, "pad_token_id": 0}
    torch.manual_seed(0)
    words = BertForMaskedLM(BertConfig(vocab_size=tokenizer.get_vocab_size(), max_position_embeddings=40, **size))
    tokens = Tokens(Tokenizer.from_str(tokenizer.to_str()), 40)
    ids, mask = collate(tokens.encode([f"This is [MASK] . {text}" for text, _ in rows]), tokens.pad_id)
    place = ids[0].tolist().index(tokenizer.token_to_id("[MASK]"))
    wanted = torch.tensor([tokenizer.encode(label, add_special_tokens=False).ids[0] for _, label in rows])
    optimizer = torch.optim.AdamW(words.parameters(), lr=3e-3)
    for step in range(240):
        part = slice(step % 4 * 60, step % 4 * 60 + 60)
        scores = words(input_ids=ids[part], attention_mask=mask if mask is None else mask[part]).logits[:, place]
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(scores, wanted[part]).backward()
        optimizer.step()
    folder = tmp_path_factory.mktemp("reader") / "words"
    words.eval().save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **SPECIAL).save_pretrained(folder)
    return folder, words, tokenizer


def built(folder: Path, home: Path, texts: list[str], **settings: Any) -> tuple[Model, Tokens, Recipe]:
    given = {"base": str(folder), "method": "cloze", "threads": 1, **settings}
    model, tokens, recipe, _ = build(Recipe(**given), texts, LABELS, home, Silent(), len(LABELS))
    return model.eval(), tokens, recipe


def test_before_the_first_step_the_scores_are_those_of_the_language_model(reader: Any, messages: Any, tmp_path: Path) -> None:
    folder, words, tokenizer = reader
    texts = [text for text, _ in messages(12)]
    model, tokens, _ = built(folder, tmp_path, texts)
    found = TorchSubject(model, tokens, Facts(task="classify", labels=LABELS, pooling=model.pooling, max_length=40)).logits(texts)
    for text, scores in zip(texts, found, strict=True):
        ids = tokenizer.encode(f"This is [MASK] . {text}").ids
        with torch.no_grad():
            logits = words(input_ids=torch.tensor([ids])).logits[0, ids.index(tokenizer.token_to_id("[MASK]"))]
        for label, score in zip(LABELS, scores, strict=True):
            named = tokenizer.encode(f" {label}", add_special_tokens=False).ids
            assert score == pytest.approx(float(logits[named].mean()), abs=1e-4)


def test_it_answers_before_it_has_learned_anything(reader: Any, messages: Any, tmp_path: Path) -> None:
    texts, labels = zip(*messages(60, 3), strict=True)
    model, tokens, _ = built(reader[0], tmp_path, list(texts))
    subject = TorchSubject(model, tokens, Facts(task="classify", labels=LABELS, pooling=model.pooling, max_length=40))
    assert np.mean([said == label for said, label in zip(subject.predict(texts), labels, strict=True)]) > 0.7 > 1 / 3


def test_a_text_that_is_cut_keeps_its_blank(reader: Any, tmp_path: Path) -> None:
    model, tokens, recipe = built(reader[0], tmp_path, ["cancel my plan " * 30], max_length=12)
    [ids] = tokens.encode(["cancel my plan " * 30])
    place = int(model.pooling.removeprefix("at "))
    assert len(ids) == recipe.max_length == 12 and ids[place] == tokens.tokenizer.token_to_id("[MASK]")


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[training.Trained, Path]]:
    monkeypatch.setattr(truth, "fresh_logits", lambda folders, texts: [load_subject(one).logits(texts) for one in folders])

    def trained(folder: Path, rows: list[tuple[str, str]], labels: Any = LABELS, **settings: Any) -> tuple[training.Trained, Path]:
        given = {"base": str(folder), "method": "cloze", "threads": 1, "epochs": 2, **settings}
        examples = [Example(id=str(place), text=text, target=label) for place, (text, label) in enumerate(rows)]
        keeping = Keeping(checkpoint=Checkpoint(tmp_path / "left"), progress=Silent())
        return training.train_model(
            tmp_path / "model", examples, [], labels, "classify", Recipe(**given), keeping
        ), tmp_path / "model"

    return trained


def test_trained_saved_and_loaded_it_asks_the_same_question(train: Any, reader: Any, messages: Any) -> None:
    trained, folder = train(reader[0], messages(24), epochs=4, learning_rate=1e-3)
    subject = load_subject(folder)
    assert subject.model.pooling.startswith("at ") and trained.recipe.method == "cloze"
    texts, labels = zip(*messages(60, 3), strict=True)
    assert np.mean([said == label for said, label in zip(subject.predict(texts), labels, strict=True)]) > 0.8
    assert "[MASK]" in subject.tokens.tokenizer.encode("hello").tokens


@pytest.mark.parametrize(
    "settings, said",
    [
        ({"pooling": "mean"}, "pooling=mean says otherwise"),
        ({"base": "scratch"}, "knows no words before it is trained"),
    ],
)
def test_what_does_not_go_with_a_blank_is_refused(train: Any, reader: Any, messages: Any, settings: Any, said: str) -> None:
    with pytest.raises(BadOption, match=said) as refused:
        train(reader[0], messages(12), **settings)
    assert "--method lpft" in refused.value.hint


def test_labels_that_are_no_words_are_refused(train: Any, reader: Any, messages: Any) -> None:
    numbers = {label: str(place) for place, label in enumerate(LABELS)}
    with pytest.raises(BadOption, match="label '0' is no word"):
        train(reader[0], [(text, numbers[label]) for text, label in messages(12)], labels=("0", "1", "2"))


def test_a_base_without_mask_head_is_refused(train: Any, tiny_base: Path, messages: Any) -> None:
    with pytest.raises(BadOption, match="its weights hold no mask head"):
        train(tiny_base, messages(12))


@pytest.mark.slow
def test_the_embedded_base_is_refused(train: Any, messages: Any) -> None:
    with pytest.raises(BadOption, match="'embedded': its weights hold no mask head"):
        train("embedded", messages(12))


def test_chinese_labels_are_asked_for_in_chinese() -> None:
    tokenizer = train_tokenizer(["这是好评。我很喜欢", "这是差评。太差了"] * 3)
    place = load("methods", "cloze").rephrase(tokenizer, ("好评", "差评"))
    tokens = tokenizer.encode("我很喜欢").tokens
    assert tokens[place] == "[MASK]" and tokens[0] == "[CLS]" and tokens[-1] == "[SEP]"
    assert "".join(tokens[1:place]) == "这是"
