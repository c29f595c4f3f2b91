"""Inference on this machine: the same answer alone, in a batch, in a thread and in a fresh process."""

from __future__ import annotations

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from beside.core.errors import BadInput, GateClosed
from beside.engine import runtime
from beside.engine.runtime import TorchSubject, fresh_logits, load_subject, same_answers
from beside.tasks._task import softmax

TEXTS = ["where is my parcel", "money", "please cancel my order and give me a refund of the money please", "my parcel is late", ""]


@pytest.fixture(scope="module")
def subject(toy_model: Path) -> TorchSubject:
    return load_subject(toy_model)


def test_one_text_gets_the_same_scores_alone_and_in_a_batch(subject: TorchSubject) -> None:
    together = subject.logits(TEXTS * 50)
    alone = np.concatenate([subject.logits([text]) for text in TEXTS] * 50)
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert together.shape == (250, 3) and together.dtype == np.float32


def test_probabilities_are_the_softmax_of_scores_over_the_temperature(subject: TorchSubject) -> None:
    np.testing.assert_allclose(subject.probabilities(TEXTS).sum(axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(subject.probabilities(TEXTS), softmax(subject.logits(TEXTS) / subject.temperature), atol=1e-7)
    best = subject.probabilities(TEXTS).argmax(axis=1)
    assert subject.predict(TEXTS) == [subject.labels[place] for place in best]


def test_scores_far_apart_overflow_nothing() -> None:
    np.testing.assert_allclose(softmax(np.array([[1000.0, 0.0], [-1000.0, -1000.0]])), [[1, 0], [0.5, 0.5]])


def test_no_text_gets_no_answer(subject: TorchSubject) -> None:
    assert subject.logits([]).shape == (0, 3) and subject.predict([]) == [] and subject.token_counts([]) == []


def test_a_long_text_is_counted_whole_and_cut(subject: TorchSubject) -> None:
    long = "where is my parcel " * 50
    assert subject.token_counts([long])[0] > subject.max_length == 16
    assert np.isfinite(subject.logits([long])).all()


def test_many_threads_get_their_own_answers(subject: TorchSubject) -> None:
    expected = {text: subject.logits([text])[0] for text in TEXTS}
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda text: (text, subject.logits([text])[0]), TEXTS * 20))
    assert all(np.allclose(expected[text], logits, atol=1e-5) for text, logits in found)


def test_asking_leaves_a_training_in_training_mode(subject: TorchSubject) -> None:
    subject.model.train()
    subject.logits(TEXTS)
    assert subject.model.training
    subject.model.eval()
    subject.logits(TEXTS)
    assert not subject.model.training


def test_vectors_are_as_wide_as_the_encoder(subject: TorchSubject) -> None:
    assert subject.embed(TEXTS).shape == (5, 32)


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        load_subject(tmp_path)


@pytest.mark.slow
def test_a_fresh_process_tells_two_models_apart(
    subject: TorchSubject, toy_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(toy_model, tmp_path / "other")
    weights = load_file(toy_model / "model.safetensors")
    save_file({**weights, "head.bias": weights["head.bias"] + 0.01}, tmp_path / "other" / "model.safetensors")
    (tmp_path / "json.py").write_text("raise SystemExit('a file of the user was taken for a library')")
    monkeypatch.chdir(tmp_path)
    same, other = fresh_logits([toy_model, tmp_path / "other"], [*TEXTS, "中文 ✓"])
    np.testing.assert_allclose(same, subject.logits([*TEXTS, "中文 ✓"]), atol=1e-5)
    np.testing.assert_allclose(other, same + 0.01, atol=1e-5)


@pytest.mark.slow
def test_a_model_that_cannot_be_reloaded_fails_the_truth_test_in_words(toy_model: Path, tmp_path: Path) -> None:
    shutil.copytree(toy_model, tmp_path / "m")
    (tmp_path / "m" / "model.safetensors").write_bytes(b"gone")
    with pytest.raises(GateClosed, match="cannot be reloaded: Cannot load the model in 'm'") as refused:
        same_answers(toy_model, tmp_path / "m", TEXTS)
    assert refused.value.exit_code == 1


def test_a_fresh_process_that_does_not_answer_fails_the_truth_test(toy_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs(command: list[str], **given: object) -> None:
        raise subprocess.TimeoutExpired(command, 300)

    monkeypatch.setattr(runtime.subprocess, "run", hangs)
    with pytest.raises(GateClosed, match="did not answer within 300 s"):
        fresh_logits([toy_model], TEXTS)


def test_equal_models_differ_by_nothing(toy_model: Path, subject: TorchSubject, monkeypatch: pytest.MonkeyPatch) -> None:
    first = subject.logits(TEXTS)
    second = first.copy()
    second[2] += [2.0, 0.0, 0.0]
    monkeypatch.setattr(runtime, "fresh_logits", lambda folders, texts: [first, second])
    assert same_answers(toy_model, toy_model, TEXTS) == pytest.approx(np.abs(softmax(first)[2] - softmax(second)[2]).max())
    monkeypatch.setattr(runtime, "fresh_logits", lambda folders, texts: [first, first])
    assert same_answers(toy_model, toy_model, TEXTS) == 0.0
