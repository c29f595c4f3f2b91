"""Whatever the method: trained, saved, reloaded in a fresh process, asked in every way, and the same after a kill."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beside.core import registry
from beside.core.registry import load
from beside.engine.fit import Fit
from beside.engine.runtime import fresh_logits, load_subject

# methods that need a mask head have a base of their own in test_cloze.py
METHODS = [name for name in registry.names("methods") if not getattr(load("methods", name), "masked", False)]
ADDING = [name for name in METHODS if hasattr(load("methods", name), "rebuild")]
DESCENDING = [name for name in METHODS if name != "probe"]
TEXTS = ["please cancel my plan", "where is my parcel", "money back", "x"]


@pytest.mark.parametrize("method", METHODS)
def test_it_learns_and_its_folder_answers_like_the_model_in_memory(train: Any, method: str, messages: Any) -> None:
    trained, heard, folder = train(rows=60, method=method, epochs=4, learning_rate=5e-3)
    subject = load_subject(folder)
    assert trained.scores["accuracy"] > 0.45 > 1 / 3, "better than guessing, so the head and what it rests on were saved"
    assert 0 < trained.trainable <= trained.parameters
    rows = messages(60, 1)
    right = np.mean([answer == label for answer, (_, label) in zip(subject.predict([t for t, _ in rows]), rows, strict=True)])
    assert right == pytest.approx(trained.scores["accuracy"])
    facts = json.loads((folder / "beside.json").read_text(encoding="utf-8"))
    assert ("structure" in facts) == (method in ADDING)
    assert any("Truth test" in said for said in heard.said)
    assert any("What was learned is" in said for said in heard.said) == hasattr(load("methods", method), "finish")


@pytest.mark.parametrize("method", DESCENDING)
def test_killed_and_gone_on_it_ends_with_the_same_folder(train: Any, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = train(name="whole", method=method, dropout=0.2)
    step = Fit.one_step

    def interrupted(fit: Fit, group: Any) -> float:
        if fit.step == 4:
            signal.raise_signal(signal.SIGINT)
        return step(fit, group)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Fit, "one_step", interrupted)
        train(name="part", method=method, dropout=0.2)
    gone_on = train(name="part", method=method, dropout=0.2, resume=True)
    for file in ("model.safetensors", "beside.json"):
        assert (gone_on[2] / file).read_bytes() == (whole[2] / file).read_bytes()


@pytest.mark.slow
def test_fresh_processes_give_the_same_logits(train: Any) -> None:
    folders = [train(name=name, method=name, epochs=1)[2] for name in METHODS]
    for folder, fresh in zip(folders, fresh_logits(folders, TEXTS), strict=True):
        assert np.abs(fresh - load_subject(folder).logits(TEXTS)).max() < 1e-5, folder.name


@pytest.mark.parametrize("method", ADDING)
def test_explainers_see_what_the_model_sees(train: Any, method: str) -> None:
    subject = load_subject(train(method=method, epochs=1)[2])
    with subject.inputs_of(TEXTS[1]) as inputs:
        given = inputs.probabilities(inputs.embeddings).detach().numpy()
    assert np.allclose(given, subject.probabilities([TEXTS[1]]), atol=1e-5)
    explanation = load("explainers", "integrated_gradients").explain(subject, TEXTS[1])
    assert any(word.weight for word in explanation.words)
    assert subject.embed(TEXTS).shape == (4, 32)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("base", ["scratch", "embedded"])
def test_it_trains_on_both_built_in_bases(train: Any, base: str, method: str) -> None:
    trained, heard, folder = train(rows=36, base=base, method=method, epochs=1, pooling="auto", learning_rate=None)
    assert np.isfinite(load_subject(folder).logits(TEXTS)).all()
    warned = any("most of it stays random" in said for said in heard.said)
    assert warned == (base == "scratch" and hasattr(load("methods", method), "finish"))
    if base == "embedded" and method in ("lora", "adalora", "adapter", "prefix"):
        assert trained.trainable / trained.parameters <= 0.04 and trained.recipe.frozen_layers == 0


def test_a_frozen_layer_and_a_method_that_adapts_the_others_go_together(train: Any) -> None:
    for method in ("lora", "adalora", "adapter", "prefix"):
        trained, _, folder = train(name=method, method=method, epochs=1, frozen_layers=1)
        assert trained.trainable < train(name=f"{method}-all", method=method, epochs=1)[0].trainable
        assert np.isfinite(load_subject(folder).logits(TEXTS)).all()


def test_an_altered_structure_is_refused_by_name(train: Any) -> None:
    folder: Path = train(method="adapter", epochs=1)[2]
    facts = json.loads((folder / "beside.json").read_text(encoding="utf-8"))
    for changed in ({"method": "nothing"}, {"size": 3}, {"first": 1}):
        (folder / "beside.json").write_text(json.dumps({**facts, "structure": {**facts["structure"], **changed}}), encoding="utf-8")
        with pytest.raises(Exception, match=f"Cannot load the model in '{folder.name}'") as refused:
            load_subject(folder)
        assert refused.value.exit_code == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", ["lora", "adalora", "adapter", "prefix"])
def test_no_method_asks_for_anything_outside(train: Any, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, lambda self, *given: asked.append(given))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **more: asked.append(given))
    train(method=method, epochs=1)
    assert asked == []


ASK = """
import sys
from pathlib import Path
from beside.engine.runtime import load_subject
for folder in sys.argv[1:]:
    load_subject(Path(folder)).logits(["x"])
sys.exit(int("peft" in sys.modules))
"""


@pytest.mark.slow
def test_serving_what_they_made_needs_no_peft(train: Any) -> None:
    folders = [str(train(name=name, method=name, epochs=1)[2]) for name in ("prefix", "lora")]
    assert subprocess.run([sys.executable, "-c", ASK, *folders], check=False, timeout=100).returncode == 0
