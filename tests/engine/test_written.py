"""Models that write: what they learn from, how they answer, and that a batch answers like each row alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, T5Config, T5ForConditionalGeneration

from beside.core.errors import BadInput, BadOption
from beside.core.interfaces import Silent
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.core.types import Example
from beside.core.writing import Decoding, Writing
from beside.engine import fit, truth
from beside.engine.checkpoint import Checkpoint
from beside.engine.keeping import Keeping
from beside.engine.model import Facts
from beside.engine.prompts import PromptTokens
from beside.engine.runtime import load_subject
from beside.engine.training import train_model
from beside.engine.writer import Writer
from beside.engine.writer_bases import train_bytes
from beside.engine.writing import AnswerFeed
from beside.engine.written import WriterSubject

ROWS = [(f"which {thing}", f"the {thing} {told}") for thing in ("card", "loan", "parcel") for told in ("is late", "comes soon")]
TEXTS = ["which card", "which loan is late and why", "a", "when does the parcel come", "卡"]
END = 1


def subject_of(kind: str) -> WriterSubject:
    """A random language model of one narrow layer."""
    tokenizer = train_bytes([part for row in ROWS for part in row] * 3)
    torch.manual_seed(0)
    words = tokenizer.get_vocab_size()
    if kind == "gpt2":
        given = {"bos_token_id": END, "eos_token_id": END, "pad_token_id": 0, "initializer_range": 0.5}
        model: Any = GPT2LMHeadModel(GPT2Config(vocab_size=words, n_positions=64, n_embd=16, n_layer=1, n_head=2, **given))
    else:
        size = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2, "initializer_factor": 2.0}
        model = T5ForConditionalGeneration(T5Config(vocab_size=words, decoder_start_token_id=0, **size))
    writing = Writing(prompt="{text}\n", end_id=END, pad_id=0, max_new_tokens=8)
    writer = Writer(model).eval()
    facts = Facts(task="generate", labels=(), pooling="", max_length=24, writing=writing.model_dump())
    return WriterSubject(writer, PromptTokens(tokenizer, writing, 24, writer.two_sided), facts)


@pytest.fixture(params=["gpt2", "t5"])
def subject(request: pytest.FixtureRequest) -> WriterSubject:
    return subject_of(request.param)


def test_a_batch_answers_like_each_text_alone(subject: WriterSubject) -> None:
    for how in (subject.writing, subject.writing.asked(Decoding(beams=3)), subject.writing.asked(Decoding(seed=5))):
        together = subject.write(TEXTS, how)
        alone = [subject.write([text], how)[0] for text in TEXTS]
        assert [ids.tolist() for ids in together] == [ids.tolist() for ids in alone], how.decoding
    shares = subject.log_probabilities(TEXTS, together)
    for text, ids, share in zip(TEXTS, together, shares, strict=True):
        assert np.allclose(subject.log_probabilities([text], [ids])[0], share, atol=1e-4)


def test_a_sampled_answer_repeats_with_its_seed_and_greedy_is_the_likeliest_next_token(subject: WriterSubject) -> None:
    drawn = [subject.decoded(Decoding(seed=seed, temperature=2.0)).predict(TEXTS) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    greedy = subject.write(TEXTS, subject.writing)
    for text, ids in zip(TEXTS, greedy, strict=True):
        scores = subject.model.logits(subject.tokens.encode([text]), [ids], 0)[0]
        assert scores.argmax(dim=-1).tolist()[: len(ids)] == ids.tolist()


def test_beam_search_finds_answers_at_least_as_likely_for_their_length_as_greedy(subject: WriterSubject) -> None:
    def mean(how: Writing) -> float:
        written = subject.write(TEXTS, how)
        return float(np.mean([share.mean() for share in subject.log_probabilities(TEXTS, written)]))

    beam = subject.writing.asked(Decoding(beams=8))
    assert mean(beam) > mean(subject.writing)
    assert any(
        a.tolist() != b.tolist() for a, b in zip(subject.write(TEXTS, beam), subject.write(TEXTS, subject.writing), strict=True)
    )


def test_only_the_answers_tokens_and_their_end_are_in_the_loss(subject: WriterSubject) -> None:
    task, (asked, told) = load("tasks", "generate"), zip(*ROWS, strict=True)
    prompts, answers = subject.tokens.encode(asked), subject.tokens.answers(told)
    feed = AnswerFeed(subject.model, prompts, answers, 0)
    targets = feed.targets()
    assert all(row[row != -100].tolist() == ids.tolist() and ids[-1] == END for row, ids in zip(targets, answers, strict=True))
    with torch.no_grad():
        loss = float(task.loss(feed.logits(np.arange(len(ROWS))), targets, None, 0.0))
    by_hand = []
    for prompt, ids in zip(prompts, answers, strict=True):  # one row, the whole row's scores, as the model itself gives them
        if subject.model.two_sided:
            given = {"input_ids": torch.tensor(prompt)[None], "decoder_input_ids": torch.tensor([[0, *ids[:-1]]])}
            first = 0
        else:
            given, first = {"input_ids": torch.tensor([*prompt, *ids[:-1]])[None]}, len(prompt) - 1
        with torch.no_grad():
            scores = subject.model.encoder(**given).logits[0, first:].log_softmax(dim=-1)
        by_hand.append(-float(scores[torch.arange(len(ids)), torch.tensor(ids)].mean()))
    assert loss == pytest.approx(np.mean(by_hand), rel=1e-4)


def test_the_loss_gives_no_gradient_to_scores_of_anything_but_the_answer() -> None:
    logits = torch.randn(2, 3, 7, requires_grad=True)
    load("tasks", "generate").loss(logits, torch.tensor([[4, END, -100], [5, 6, END]]), None, 0.0).backward()
    assert logits.grad is not None
    assert logits.grad[0, 2].abs().sum() == 0 and (logits.grad[0, :2].abs().sum(dim=-1) > 0).all()


def test_a_text_that_spells_a_special_token_does_not_end_its_prompt(subject: WriterSubject) -> None:
    (ids,) = subject.tokens.encode(["</s> <pad>"])
    assert END not in ids.tolist() and 0 not in ids.tolist()


def test_a_request_that_contradicts_itself_is_refused(subject: WriterSubject) -> None:
    for how in (Decoding(decoding="greedy", temperature=0.5), Decoding(decoding="sample", beams=3)):
        with pytest.raises(BadInput, match="has no effect with decoding"):
            subject.decoded(how)
    assert subject.decoded(Decoding(max_new_tokens=4000)).writing.max_new_tokens == 8, "the release's own limit holds as well"


def test_an_answer_that_runs_out_of_time_says_so(subject: WriterSubject) -> None:
    said = subject.decoded(Decoding(), seconds=0.0).answers(TEXTS[:1])[0]
    assert said.answer["tokens"] < 8 and said.answer["finish_reason"] in ("deadline", "stop")


def trained(folder: Path, base: str = "scratch", resume: bool = False, watch: Any = None, **given: Any) -> Any:
    """A training of a few steps."""
    rows = [Example(id=str(place), text=text, target=target) for place, (text, target) in enumerate(ROWS)]
    keeping = Keeping(checkpoint=Checkpoint(folder.with_suffix(".checkpoint")), progress=Silent(), resume=resume, watch=watch)
    recipe = Recipe(base=base, **{"epochs": 3, "threads": 1, "batch_size": 2, "precision": "fp32", **given})
    return train_model(folder, rows, rows, (), "generate", recipe, keeping)


class Stopped(Exception):
    """In place of a kill between two epochs."""


def stop(row: dict[str, float], recipe: Recipe) -> None:
    raise Stopped


def test_cut_short_and_gone_on_it_ends_with_the_same_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truth, "fresh_logits", lambda folders, texts: [load_subject(one).logits(texts) for one in folders])
    whole = trained(tmp_path / "whole")
    monkeypatch.setattr(fit, "CHECKPOINT_SECONDS", -1)  # after every step
    with pytest.raises(Stopped):
        trained(tmp_path / "cut", watch=stop)
    assert Checkpoint(tmp_path / "cut.checkpoint").facts() is not None, "else it would begin anew"
    assert trained(tmp_path / "cut", resume=True).scores == whole.scores
    names = sorted(file.name for file in (tmp_path / "whole").iterdir())
    assert names == sorted(file.name for file in (tmp_path / "cut").iterdir()) and "model.safetensors" in names
    for name in names:
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_it_learns_its_rows_and_where_they_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truth, "fresh_logits", lambda folders, texts: [load_subject(one).logits(texts) for one in folders])
    found = trained(tmp_path / "model", epochs=25, learning_rate=2e-3)
    said = load_subject(tmp_path / "model").answers([text for text, _ in ROWS])
    assert found.scores["rouge_l"] > 0.6 and all(one.answer["finish_reason"] == "stop" for one in said)


@pytest.mark.parametrize("base", ["embedded", "tiny"])
def test_an_encoder_is_refused_as_a_base(base: str, tmp_path: Path, tiny_base: Path) -> None:
    with pytest.raises(BadOption, match="cannot write answers") as refused:
        trained(tmp_path / "model", base=str(tiny_base) if base == "tiny" else base)
    assert "scratch" in refused.value.hint and not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    "given", [{"processes": 2}, {"device": "mps"}, {"gradient_checkpointing": True}, {"compile": True}, {"precision": "fp16"}]
)
def test_what_a_model_that_writes_is_not_trained_with_is_refused(given: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(BadOption, match=f"Cannot set {next(iter(given))}=.*models that write") as refused:
        trained(tmp_path / "model", **given)
    assert refused.value.hint == f"Leave {next(iter(given))} out." and not (tmp_path / "model").exists()


@pytest.mark.parametrize("given", [{"pooling": "cls"}, {"temperature": 0.5}, {"beams": 8}, {"prompt": "no place"}])
def test_a_knob_without_effect_is_refused(given: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(BadOption):
        trained(tmp_path / "model", **given)
