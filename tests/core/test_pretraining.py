"""Knobs of a pre-training: every refusal says what is allowed."""

from __future__ import annotations

import pytest

from beside.core.errors import BadOption
from beside.core.pretraining import Pretraining, is_own, must_be_free, read_pretraining
from beside.core.types import content_id


def test_settings_are_read_and_what_is_left_open_may_be_opened_again() -> None:
    assert read_pretraining() == Pretraining()
    read = read_pretraining(["epochs=3", "mask_share=0.2", "tokenizer=bytes", "learning_rate=auto"], "embedded")
    assert (read.epochs, read.mask_share, read.tokenizer, read.learning_rate, read.base) == (3, 0.2, "bytes", None, "embedded")


@pytest.mark.parametrize(
    "setting, said",
    [
        ("epoch=3", "Did you mean 'epochs'"),
        ("epochs", "key=value"),
        ("width=100", "multiple of 64"),
        ("mask_share=0", "mask_share"),
        ("tokenizer=words", "'bpe', 'bytes' or 'wordpiece'"),
        ("vocabulary=10", "vocabulary"),
        ("seed=auto", "seed"),
    ],
)
def test_a_wrong_setting_is_refused_in_words(setting: str, said: str) -> None:
    with pytest.raises(BadOption) as refusal:
        read_pretraining([setting])
    assert said in f"{refusal.value.message} {refusal.value.hint}"


@pytest.mark.parametrize("name", ["", "  ", "embedded", "scratch", "a/b", "..", ".hidden", "a\\b"])
def test_a_name_that_means_something_else_is_refused(name: str) -> None:
    with pytest.raises(BadOption, match="cannot be called"):
        must_be_free(name)


def test_a_free_name_is_taken_without_the_spaces_around_it() -> None:
    assert must_be_free(" 酒店 评论 ") == "酒店 评论"


def test_an_id_of_a_base_is_told_from_any_other_name() -> None:
    assert is_own(content_id("base", {"a": 1}))
    assert not any(is_own(name) for name in ("embedded", "base-1", "some/base-0123456789ab", "base-0123456789ab-x"))
