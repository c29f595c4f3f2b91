"""Pre-training: it learns to guess, can be killed, and leaves what anybody can load."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer, DistilBertConfig, DistilBertModel

from beside.core.errors import BadInput, BadOption, GateClosed, NotEnoughData, UnreadableText
from beside.core.interfaces import Silent
from beside.core.pretraining import Pretraining
from beside.engine import fit, pretraining
from beside.engine.bases import load_base
from beside.engine.checkpoint import Checkpoint
from beside.engine.loading import origin_of
from beside.engine.pretraining import Pretrained, pretrain_model, split

SMALL = {"layers": 1, "width": 64, "vocabulary": 300, "epochs": 2, "batch_size": 16, "max_length": 32, "threads": 1}
PLACES, THINGS = ("大堂", "房间", "早餐", "泳池", "前台", "电梯"), ("干净", "很旧", "不错", "太吵", "方便", "一般")
Made = tuple[Pretrained, Path]


@pytest.fixture
def texts(messages: Any) -> list[str]:
    return [text for text, _ in messages(160)]


@pytest.fixture
def chinese() -> list[str]:
    rng = np.random.default_rng(0)
    return [
        f"这家酒店的{rng.choice(PLACES)}{rng.choice(THINGS)}，{rng.choice(PLACES)}也{rng.choice(THINGS)}，第{number}次入住"
        for number in range(160)
    ]


@pytest.fixture
def pretrain(tmp_path: Path) -> Callable[..., Made]:
    """`pretrain(texts, knobs...)`: what it leaves, and its folder."""

    def made(texts: list[str], folder: str = "base", resume: bool = False, home: str = "checkpoint", **knobs: Any) -> Made:
        recipe = Pretraining(**{**SMALL, **knobs})
        checkpoint = Checkpoint(tmp_path / home)
        found = pretrain_model(tmp_path / folder, texts, recipe, checkpoint=checkpoint, resume=resume, progress=Silent())
        return found, tmp_path / folder

    return made


@pytest.mark.parametrize("kind", ["bpe", "bytes", "wordpiece"])
def test_it_learns_to_guess_hidden_words(pretrain: Any, texts: list[str], kind: str) -> None:
    made, _ = pretrain(texts, tokenizer=kind, epochs=12, learning_rate=3e-3, max_length=96)
    seen = [row["tune_perplexity"] for row in made.history]
    assert len(seen) == 12 and min(seen) < 0.7 * seen[0] and made.perplexity.value == pytest.approx(min(seen), rel=1e-4)
    assert made.perplexity.low < made.perplexity.value < made.perplexity.high and made.perplexity.n == 30
    assert made.texts == 130 and made.steps == 12 * 9


def test_the_folder_is_one_that_anybody_loads(pretrain: Any, chinese: list[str]) -> None:
    _, folder = pretrain(chinese)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    encoder, guesser = AutoModel.from_pretrained(folder), AutoModelForMaskedLM.from_pretrained(folder)
    given = tokenizer("这家酒店的大堂很旧", return_tensors="pt")
    assert tokenizer.mask_token == "[MASK]" and tokenizer.unk_token_id not in given["input_ids"]
    given = {key: value for key, value in given.items() if key != "token_type_ids"}
    assert encoder(**given)[0].shape[-1] == 64 and guesser(**given).logits.shape[-1] == len(tokenizer)
    weights = load_file(folder / "model.safetensors")
    assert weights["bert.embeddings.word_embeddings.weight"].equal(guesser.get_output_embeddings().weight), "the decoder is tied"
    assert encoder.eval()(**given)[0].equal(guesser.eval().bert(**given)[0])


def test_a_training_starts_from_the_folder_and_knows_what_it_is(pretrain: Any, texts: list[str], tmp_path: Path) -> None:
    _, folder = pretrain(texts)
    encoder, tokens = load_base(str(folder), texts, 256, tmp_path)
    assert tokens.max_length == 32 and tokens.unknown_share(texts) == 0 and encoder.config.hidden_size == 64
    assert origin_of(str(folder)) == "scratch"


@pytest.mark.parametrize("stop", [3, 9, 13])
def test_killed_and_gone_on_it_ends_with_the_same_bytes(
    pretrain: Any, texts: list[str], stop: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet, one = pretrain(texts, folder="one", home="one-checkpoint")
    tell = fit.Fit.tell

    def killed(self: Any) -> None:
        tell(self)
        if self.step % 2 == 0:
            self.save()
        if self.step >= stop:
            raise RuntimeError("killed")

    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="killed"):
        patch.setattr(fit.Fit, "tell", killed)
        pretrain(texts, folder="other")
    torch.manual_seed(99)
    gone_on, other = pretrain(texts, folder="other", resume=True)
    for file in one.iterdir():
        assert file.read_bytes() == (other / file.name).read_bytes(), file.name
    assert gone_on.history == quiet.history and gone_on.perplexity == quiet.perplexity


def test_it_goes_on_from_another_base_with_its_words_and_its_head(pretrain: Any, texts: list[str]) -> None:
    first, folder = pretrain(texts, epochs=4, learning_rate=3e-3)
    again, second = pretrain(texts, folder="second", home="other", base=str(folder), epochs=1, learning_rate=1e-5)
    assert (second / "tokenizer.json").read_bytes() == (folder / "tokenizer.json").read_bytes()
    assert again.perplexity.value == pytest.approx(first.perplexity.value, rel=0.05), "it begins where the first one ended"
    assert origin_of(str(second)) == "scratch"


def test_the_embedded_model_goes_on_learning(pretrain: Any, texts: list[str]) -> None:
    made, folder = pretrain(texts[:100], base="embedded", epochs=1, learning_rate=1e-3, max_length=256)
    assert made.recipe.learning_rate == 1e-3 and origin_of(str(folder)) == "embedded"
    assert AutoModel.from_pretrained(folder).config.hidden_size == 384
    assert AutoTokenizer.from_pretrained(folder).mask_token == "[MASK]"


def test_what_the_recipe_leaves_open_is_chosen_from_how_much_text_there_is() -> None:
    def filled(tokens: int, **knobs: Any) -> Pretraining:
        return pretraining.fill(Pretraining(**knobs), tokens, threads=2)

    assert filled(10_000).epochs == 40 and filled(10**9).epochs == 4
    assert filled(10_000, base="embedded").epochs == 8 and filled(10**9, base="embedded").epochs == 2
    assert filled(10**6).learning_rate > filled(10**6, base="embedded").learning_rate
    asked = Pretraining(epochs=7, learning_rate=0.5, threads=2, precision="fp32")
    assert filled(10**6, epochs=7, learning_rate=0.5, precision="fp32") == asked


def test_one_text_in_twenty_is_held_out_and_never_learned_from() -> None:
    texts = [str(number) for number in range(2000)]
    learned, held = split(texts, 0)
    assert len(held) == 100 and sorted(learned + held) == sorted(texts)
    assert split(texts, 1)[1] != held == split(texts, 0)[1]
    assert len(split(texts[:100], 0)[1]) == 20


def test_too_few_texts_are_refused(pretrain: Any) -> None:
    with pytest.raises(NotEnoughData, match="100 different texts, got 3"):
        pretrain(["one text", "two texts", "three texts"])


def test_a_base_that_cannot_read_the_text_is_refused(pretrain: Any) -> None:
    with pytest.raises(UnreadableText, match="cannot read this text"):
        pretrain([f"ꦱꦸꦒꦼꦁ ꦫꦮꦸꦃ {number}" for number in range(120)], base="embedded")


def test_a_length_beyond_the_base_is_refused(pretrain: Any, texts: list[str]) -> None:
    with pytest.raises(BadOption, match="up to 512 tokens"):
        pretrain(texts, base="embedded", max_length=600)


def test_a_base_of_a_kind_without_a_known_head_is_refused(pretrain: Any, texts: list[str], tmp_path: Path) -> None:
    _, folder = pretrain(texts)
    odd = tmp_path / "odd"
    DistilBertModel(DistilBertConfig(vocab_size=300, dim=32, n_layers=1, n_heads=2, hidden_dim=32)).save_pretrained(odd)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (odd / name).write_bytes((folder / name).read_bytes())
    with pytest.raises(BadInput, match="it is a distilbert; pre-training goes on with: bert, roberta"):
        pretrain(texts, base=str(odd), home="other")
    with pytest.raises(BadInput, match="Cannot go on with the base model"):
        pretrain(texts, base=str(tmp_path / "nowhere"), home="third")


def test_a_base_that_reloads_as_another_one_is_not_stored(pretrain: Any, texts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = pretraining.save_base

    def broken(folder: Path, network: Any, *rest: Any) -> None:
        with torch.no_grad():
            network.cls.predictions.bias.copy_(torch.linspace(-2, 2, len(network.cls.predictions.bias)))
            whole(folder, network, *rest)

    monkeypatch.setattr(pretraining, "save_base", broken)
    with pytest.raises(GateClosed, match="Truth test failed"):
        pretrain(texts)
