"""Two texts are read as one, the way the base's own tokenizer joins them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import matthews_corrcoef
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from beside.core.errors import BadInput
from beside.core.pairs import apart, halves, joined, shown, whole
from beside.core.types import Example
from beside.engine.model import Facts, Model, drop_unused, load_model, save_model
from beside.engine.rows import collate
from beside.engine.tokens import Tokens, train_tokenizer
from beside.tasks.match import matthews, task

PAIRS = [
    ("where is my parcel", "when does the parcel come"),
    ("cancel the order " * 9, "stop it"),
    ("no", "please send the money back to me now " * 5),
]


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    return Tokens(train_tokenizer([text for pair in PAIRS for text in pair] * 3), 24)


def library(tokens: Tokens, **given: Any) -> Any:
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    from tokenizers import Tokenizer

    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(tokens.tokenizer.to_str()), **special)


def test_ids_are_those_of_the_library_and_a_long_pair_is_cut_longest_first(tokens: Tokens) -> None:
    theirs = library(tokens)([a for a, _ in PAIRS], [b for _, b in PAIRS], truncation="longest_first", max_length=24)["input_ids"]
    ours = tokens.encode([joined(*pair) for pair in PAIRS])
    assert [row.tolist() for row in ours] == theirs
    assert [count > 24 for count in tokens.counts([joined(*pair) for pair in PAIRS])] == [False, True, True]


def test_the_model_knows_where_the_second_text_begins(tokens: Tokens, tmp_path: Path) -> None:
    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    encoder = BertModel(BertConfig(vocab_size=tokens.tokenizer.get_vocab_size(), max_position_embeddings=24, **size))
    drop_unused(encoder)
    save_model(tmp_path, Model(encoder, 2, "cls"), tokens, facts())
    model, again, _ = load_model(tmp_path)
    ids, mask = collate(again.encode([joined(*pair) for pair in PAIRS]), again.pad_id)
    first_end = (ids == again.separator_id).long().argmax(dim=1)
    types = model.types(ids)["token_type_ids"]
    for row, end in enumerate(first_end.tolist()):
        assert types[row, : end + 1].eq(0).all() and types[row, end + 1 :].eq(1).all()
    expected = model.encoder(input_ids=ids, attention_mask=mask, token_type_ids=types)[0][:, 0]
    torch.testing.assert_close(model.embed(ids, mask), expected)
    without = model.encoder(input_ids=ids, attention_mask=mask)[0][:, 0]
    assert not torch.allclose(model.embed(ids, mask), without)


def facts() -> Facts:
    return Facts(task="match", labels=("a", "b"), pooling="cls", max_length=24, pairs=True)


def test_a_text_that_spells_the_separator_does_not_move_the_border(tokens: Tokens) -> None:
    [ids] = tokens.encode([joined("where [SEP] is", "my parcel")])
    assert (ids == tokens.separator_id).sum() == 2 and ids[-1] == tokens.separator_id


def test_a_pair_comes_apart_as_it_was_joined() -> None:
    row = Example(id="1", text="a", pair="b", target="same")
    assert halves(whole([row])[0]) == row and apart(joined("a", "b")) == ("a", "b") and apart("a") == ("a", None)
    single = Example(id="2", text="a")
    assert whole([single])[0] is single and halves(single) is single
    assert "\x1f" not in shown(joined("a", "b"))


def test_its_correlation_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    answers, targets = (list(rng.choice(["a", "b", "c"], 60)) for _ in range(2))
    assert matthews(answers, targets) == pytest.approx(matthews_corrcoef(targets, answers))
    assert matthews(["a", "a"], ["a", "b"]) == 0.0


def test_rows_of_one_text_are_refused(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    from beside.stages.intake import intake
    from beside.store.artifacts import Artifacts

    file = tmp_path / "rows.csv"
    file.write_text("text,label\n" + "\n".join(f"row number {n} is here,{'ab'[n % 2]}" for n in range(30)), encoding="utf-8")
    with pytest.raises(BadInput, match="compares two texts") as refused:
        intake(str(file), name="x", task="match", artifacts=Artifacts(tmp_path / "artifacts"), now=datetime.now(UTC))
    assert "--pair" in refused.value.hint and task.pairs == "must"
