"""The contestants of finetune.py: two peers and two recipes of ours, each in a process of its own, one epoch a turn."""

from __future__ import annotations

import json
import os
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

DATA = Path(os.environ.get("BESIDE_BENCH_DATA", Path(__file__).parent.parent.parent / "shared" / "data"))
DEV_ROWS = 872  # all of SST-2's; looked at after each epoch, outside the timed part
BATCH, LENGTH, PEER_RATE = 16, 128, 5e-5  # 5e-5 is Trainer's default


def rows(count: int) -> tuple[list[str], list[int], list[str], list[int]]:
    """Train and dev rows of the set named in BESIDE_BENCH_SET; texts and label positions. The test split stays closed."""
    kept = names()
    parts = []
    for split, limit in (("train", count), ("dev", DEV_ROWS)):
        lines = [line for line in lines_of(split) if line["label"] in kept][:limit]
        parts += [[line["text"] for line in lines], [kept.index(line["label"]) for line in lines]]
    return tuple(parts)


def names() -> tuple[str, ...]:
    """The labels: all, or the ten most frequent ones where there are more."""
    counts = Counter(line["label"] for line in lines_of("train"))
    return tuple(sorted(label for label, _ in counts.most_common(10)))


def lines_of(split: str) -> list[dict[str, str]]:
    """The rows of a split, in a fixed random order."""
    file = DATA / os.environ.get("BESIDE_BENCH_SET", "sst2") / f"{split}.jsonl"
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    Random(0).shuffle(lines)
    return lines


def tutorial(turn: Connection, count: int, epochs: int) -> None:
    """(a) Every row padded to 128 tokens, AdamW, linear decay: what tutorials print."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, get_linear_schedule_with_warmup

    texts, labels, dev_texts, dev_labels = rows(count)
    folder = str(embedded())
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=len(names()))

    def tensors(some: list[str], answers: list[int]) -> TensorDataset:
        coded = tokenizer(some, padding="max_length", truncation=True, max_length=LENGTH, return_tensors="pt")
        return TensorDataset(coded["input_ids"], coded["attention_mask"], torch.tensor(answers))

    torch.manual_seed(0)
    loader = DataLoader(tensors(texts, labels), batch_size=BATCH, shuffle=True)
    dev = DataLoader(tensors(dev_texts, dev_labels), batch_size=BATCH)
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEER_RATE)
    schedule = get_linear_schedule_with_warmup(optimizer, 0, len(loader) * epochs)

    def epoch() -> None:
        model.train()
        for ids, mask, answers in loader:
            optimizer.zero_grad()
            model(input_ids=ids, attention_mask=mask, labels=answers).loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()

    def accuracy() -> float:
        model.eval()
        with torch.no_grad():
            right = sum(int((model(input_ids=i, attention_mask=m).logits.argmax(1) == y).sum()) for i, m, y in dev)
        return right / len(dev_labels)

    take_turns(turn, epochs, 0.0, epoch, accuracy)


def trainer(turn: Connection, count: int, epochs: int) -> None:
    """(b) Hugging Face Trainer as its quick tour shows it: defaults, dynamic padding."""
    race(turn, count, epochs, lambda model: model, PEER_RATE)


def race(turn: Connection, count: int, epochs: int, made: Callable[[Any], Any], rate: float) -> None:
    """Trainer on what `made` makes of the model with a fresh head."""
    from datasets import Dataset
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainerCallback,
        TrainingArguments,
    )

    texts, labels, dev_texts, dev_labels = rows(count)
    folder = str(embedded())
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = made(AutoModelForSequenceClassification.from_pretrained(folder, num_labels=len(names())))
    coded = [
        Dataset.from_dict({**tokenizer(some, truncation=True, max_length=LENGTH), "labels": answers})
        for some, answers in ((texts, labels), (dev_texts, dev_labels))
    ]
    arguments = TrainingArguments(
        tempfile.mkdtemp(),
        num_train_epochs=epochs,
        per_device_train_batch_size=BATCH,
        learning_rate=rate,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        logging_strategy="no",
    )

    class Turns(TrainerCallback):
        """Waits for its turn at the start of an epoch, reports at its end."""

        def on_epoch_begin(self, *_: object, **__: object) -> None:
            turn.recv()
            self.began = time.perf_counter()

        def on_epoch_end(self, *_: object, **__: object) -> None:
            seconds = time.perf_counter() - self.began
            found = machine.predict(coded[1])
            turn.send((seconds, float((found.predictions.argmax(1) == found.label_ids).mean()), memory()))
            model.train()

    machine = Trainer(
        model=model, args=arguments, train_dataset=coded[0], data_collator=DataCollatorWithPadding(tokenizer), callbacks=[Turns()]
    )
    turn.send(("ready", 0.0))
    machine.train()


def beside(turn: Connection, count: int, epochs: int, **settings: object) -> None:
    """Our loop, driven epoch by epoch; what comes before the first epoch (frozen states, probe) counts."""
    import torch

    from beside.core.interfaces import Silent
    from beside.core.recipe import Recipe
    from beside.core.registry import load
    from beside.core.types import Example
    from beside.engine.building import build
    from beside.engine.checkpoint import Checkpoint
    from beside.engine.feed import Feed
    from beside.engine.fit import Fit, Rows
    from beside.engine.model import Facts
    from beside.engine.probe import probe
    from beside.engine.runtime import TorchSubject
    from beside.engine.scoring import scores_on
    from beside.engine.used_rows import used_rows_only

    texts, labels, dev_texts, dev_labels = rows(count)
    known = names()
    folder = Path(tempfile.mkdtemp())
    recipe = Recipe(epochs=epochs, max_length=LENGTH, **settings)
    model, tokens, recipe, _ = build(recipe, texts, known, folder, Silent())
    subject = TorchSubject(model, tokens, Facts(task="classify", labels=known, pooling=model.pooling, max_length=LENGTH))
    method = load("methods", recipe.method)
    trained = method.attach(model)
    turn.recv()
    began = time.perf_counter()
    data = Rows(feed=Feed(model, tokens.encode(texts), tokens.pad_id), targets=[known[label] for label in labels])
    if method.probe_first:
        probe(model, data, known, recipe, Silent())
    torch.manual_seed(0)
    parts = {"task": subject.task, "labels": known, "weights_K": None, "evaluate": None, "recipe": recipe}
    answers = zip(dev_texts, dev_labels, strict=True)
    dev = [Example(id=str(index), text=text, target=known[label]) for index, (text, label) in enumerate(answers)]

    def accuracy() -> float:
        return scores_on(subject, subject.task, dev)["accuracy"]

    with used_rows_only(model, trained, data.feed.ids, tokens.pad_id):
        fit = Fit(model, trained, data, **parts, checkpoint=Checkpoint(folder / "none"), progress=Silent())
        fit.save = lambda: None  # the peers write no checkpoints either
        turn.send((time.perf_counter() - began, accuracy(), memory()))
        take_turns(turn, epochs, None, fit.one_epoch, accuracy)


def beside_full(turn: Connection, count: int, epochs: int) -> None:
    """Ours with every layer trained from a fresh head, as the peers do."""
    beside(turn, count, epochs, method="full", batch_size=BATCH, frozen_layers=0, learning_rate=PEER_RATE)


def beside_fp32(turn: Connection, count: int, epochs: int) -> None:
    """The same with every product in fp32, as the peers have them."""
    beside(turn, count, epochs, method="full", batch_size=BATCH, frozen_layers=0, learning_rate=PEER_RATE, precision="fp32")


def take_turns(
    turn: Connection, epochs: int, before: float | None, epoch: Callable[[], None], accuracy: Callable[[], float]
) -> None:
    """One epoch at each signal; sends its seconds, the dev accuracy after it, and the peak memory."""
    if before is not None:
        turn.send(("ready", before))
    for _ in range(epochs):
        turn.recv()
        began = time.perf_counter()
        epoch()
        seconds = time.perf_counter() - began
        turn.send((seconds, accuracy(), memory()))


def memory() -> float:
    """Peak resident memory of this process, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def embedded() -> Path:
    """The same base model for everyone."""
    from beside.engine.model import embedded_folder

    return embedded_folder()
