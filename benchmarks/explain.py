"""Seconds per explanation of the embedded model, by length of the text, beside Captum used plainly.

Each explainer is timed with its faithfulness (one shared batch of questions), as the server answers. "Captum, plain" is the usual
tutorial: LayerIntegratedGradients on the embedding module, 50 steps, padding as baseline, sub-tokens left as they are, no word on
whether it can be relied on. The contestants take turns, so that a busy moment hits all of them. Prints a table and writes it,
dated, to benchmarks/explain.md.

    python benchmarks/explain.py [REPEATS]
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from captum.attr import LayerIntegratedGradients

from beside.core import registry
from beside.core.faithfulness import faithfulness_of
from beside.core.wording import words
from beside.engine.model import Facts, Model, load_base
from beside.engine.probe import fit_head
from beside.engine.runtime import TorchSubject

HERE = Path(__file__).parent
DATA = Path(os.environ.get("BESIDE_BENCH_DATA", HERE.parent.parent / "shared" / "data")) / "sst2" / "train.jsonl"
LENGTHS = (16, 32, 64, 128)  # tokens, special tokens included
PLAIN_STEPS = 50  # Captum's default


def model() -> tuple[TorchSubject, list[str]]:
    """The embedded encoder with a head fitted on 400 sentences, and the sentences."""
    rows = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()[:400]]
    texts, labels = [row["text"] for row in rows], sorted({row["label"] for row in rows})
    encoder, tokens = load_base("embedded", texts[:1], max(LENGTHS), Path(tempfile.mkdtemp()))
    built = Model(encoder, len(labels), "unit").eval()
    subject = TorchSubject(
        built, tokens, Facts(task="classify", labels=tuple(labels), pooling="unit", max_length=max(LENGTHS), temperature=1.0)
    )
    targets = np.array([labels.index(row["label"]) for row in rows])
    weights, biases = fit_head(subject.embed(texts), targets, len(labels), strength=10.0, balanced=False)
    with torch.no_grad():
        built.head.weight.copy_(torch.from_numpy(weights))
        built.head.bias.copy_(torch.from_numpy(biases))
    return subject, texts


def of_length(subject: TorchSubject, sentences: list[str], tokens: int) -> str:
    """Sentences joined and cut to so many tokens."""
    text = " ".join(sentences[:20])
    while subject.token_counts([text])[0] > tokens:
        text = text.rsplit(" ", 1)[0]
    return text


def plain(subject: TorchSubject, text: str) -> None:
    """Captum as its tutorial for BERT uses it."""
    [ids] = subject.tokens.encode([text])
    inputs = torch.from_numpy(ids.astype(np.int64))[None]
    padded = torch.full_like(inputs, subject.tokens.pad_id)
    padded[0, 0], padded[0, -1] = inputs[0, 0], inputs[0, -1]

    def answer(ids: Any) -> Any:
        return torch.softmax(subject.model(ids, None), dim=-1)

    target = int(answer(inputs).argmax())
    gradients = LayerIntegratedGradients(answer, subject.model.encoder.embeddings)
    given = {"baselines": padded, "target": target, "n_steps": PLAIN_STEPS, "internal_batch_size": 16}
    gradients.attribute(inputs, return_convergence_delta=True, **given)


def with_faithfulness(subject: TorchSubject, name: str) -> Callable[[str], None]:
    """An explainer and what the server adds to it."""
    explainer = registry.load("explainers", name)

    def explained(text: str) -> None:
        faithfulness_of(subject, text, [explainer.explain(subject, text)], np.random.default_rng(0))

    return explained


def main() -> None:
    """Takes turns and writes the table."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    torch.set_num_threads(2)
    subject, sentences = model()
    contestants: dict[str, Callable[[str], None]] = {
        name: with_faithfulness(subject, name) for name in registry.names("explainers")
    }
    contestants["Captum, plain"] = lambda text: plain(subject, text)
    lines = []
    for tokens in LENGTHS:
        text = of_length(subject, sentences, tokens)
        wall: dict[str, list[float]] = {name: [] for name in contestants}
        busy: dict[str, list[float]] = {name: [] for name in contestants}
        for turn in range(repeats + 1):
            for name, explain in contestants.items():
                began, spent = time.perf_counter(), time.process_time()
                explain(text)
                if turn:  # the first turn warms up
                    wall[name].append(time.perf_counter() - began)
                    busy[name].append(time.process_time() - spent)
        cells = [f"{statistics.median(wall[name]):.2f} ({statistics.median(busy[name]):.2f})" for name in contestants]
        ratio = statistics.median(busy["Captum, plain"]) / statistics.median(busy["integrated_gradients"])
        counts = f"{subject.token_counts([text])[0]} | {len(words(text))}"
        lines.append(f"| {datetime.now(UTC):%Y-%m-%d} | {counts} | {' | '.join(cells)} | {ratio:.1f} |")
        print(lines[-1], flush=True)
    write(list(contestants), lines, repeats)


def write(names: list[str], lines: list[str], repeats: int) -> None:
    """The table with what was measured and on what."""
    load = os.getloadavg()[0]
    head = f"""# Explaining: seconds per explanation

`python benchmarks/explain.py` explains one text of each length with the embedded model (22.7 M parameters) on two threads. Cells:
median seconds of {repeats} turns (CPU seconds of both threads together). The three explainers carry their faithfulness, 36 more
questions each; "Captum, plain" does not: LayerIntegratedGradients with {PLAIN_STEPS} steps, nothing else. The last column is its
CPU seconds over those of `integrated_gradients` with faithfulness. Of more than 40 words the server takes the most faithful
explainer that does not ask once per word.

| date | tokens | words | {" | ".join(names)} | Captum / ours |
| :-- | --: | --: | {" | ".join("--:" for _ in names)} | --: |
"""
    tail = (
        f"\n\nMachine: {platform.machine()}, {os.cpu_count()} cores, load {load:.1f} while measuring, torch {torch.__version__}.\n"
    )
    (HERE / "explain.md").write_text(head + "\n".join(lines) + tail, encoding="utf-8")


if __name__ == "__main__":
    main()
