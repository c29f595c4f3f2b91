"""Time per epoch, time to the same accuracy and peak memory of fine-tuning, against two peers doing the same work.

Peers: (a) the usual tutorial script: every row padded to 128 tokens, a plain AdamW loop; (b) Hugging Face `Trainer` with its
defaults and dynamic padding. Same model, same rows, same batch size, same machine; the three take turns epoch by epoch in one run,
each in a process of its own, so that a busy moment hits all of them. `beside full` trains every layer as the peers do; `beside` is
the default recipe, whose frozen lower half is run once. Prints a table and writes it, dated, to benchmarks/finetune.md.

    python benchmarks/finetune.py [ROWS] [EPOCHS]
"""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

HERE = Path(__file__).parent
DATA = Path(os.environ.get("BESIDE_BENCH_DATA", HERE.parent.parent / "shared" / "data"))
BATCH, LENGTH, PEER_RATE = 16, 128, 5e-5  # 5e-5 is Trainer's default
CONTESTANTS = ("tutorial, padded to 128", "Trainer, defaults", "beside full", "beside")


def rows(count: int) -> tuple[list[str], list[int], list[str], list[int]]:
    """Train and dev rows of SST-2; texts and 0/1 labels. The test split stays closed."""
    parts = []
    for split, limit in (("train", count), ("dev", 872)):
        lines = [json.loads(line) for line in (DATA / "sst2" / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()][:limit]
        parts += [[line["text"] for line in lines], [int(line["label"] == "positive") for line in lines]]
    return tuple(parts)


def tutorial(turn: Connection, count: int, epochs: int) -> None:
    """(a) Every row padded to 128 tokens, AdamW, linear decay: what tutorials print."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, get_linear_schedule_with_warmup

    texts, labels, dev_texts, dev_labels = rows(count)
    folder = str(embedded())
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=2)

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
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=2)
    coded = [
        Dataset.from_dict({**tokenizer(some, truncation=True, max_length=LENGTH), "labels": answers})
        for some, answers in ((texts, labels), (dev_texts, dev_labels))
    ]
    arguments = TrainingArguments(
        tempfile.mkdtemp(),
        num_train_epochs=epochs,
        per_device_train_batch_size=BATCH,
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
    from beside.core.types import Example
    from beside.engine import training
    from beside.engine.checkpoint import Checkpoint
    from beside.engine.feed import Feed
    from beside.engine.fit import Fit, Rows
    from beside.engine.model import Facts
    from beside.engine.runtime import TorchSubject

    texts, labels, dev_texts, dev_labels = rows(count)
    names = ("negative", "positive")
    recipe = Recipe(batch_size=BATCH, epochs=epochs, max_length=LENGTH, **settings)
    folder = Path(tempfile.mkdtemp())
    model, tokens, recipe, _ = training.build(recipe, texts, names, folder, Silent())
    subject = TorchSubject(model, tokens, Facts(task="classify", labels=names, pooling=model.pooling, max_length=LENGTH))
    from beside.core.registry import load

    method = load("methods", recipe.method)
    trained = method.attach(model)
    turn.recv()
    began = time.perf_counter()
    data = Rows(feed=Feed(model, tokens.encode(texts), tokens.pad_id), targets=[names[label] for label in labels])
    if method.probe_first:
        training.probe(model, data, names, recipe, Silent())
    torch.manual_seed(0)
    fit = Fit(
        model,
        trained,
        data,
        task=subject.task,
        labels=names,
        weights_K=None,
        evaluate=None,
        recipe=recipe,
        checkpoint=Checkpoint(folder / "none"),
        progress=Silent(),
    )
    fit.save = lambda: None  # the peers write no checkpoints either
    before = time.perf_counter() - began
    dev = [Example(id=str(i), text=text, target=names[label]) for i, (text, label) in enumerate(zip(dev_texts, dev_labels, strict=True))]
    accuracy = lambda: training.scores_on(subject, subject.task, dev)["accuracy"]  # noqa: E731
    turn.send((before, accuracy(), memory()))
    take_turns(turn, epochs, None, fit.one_epoch, accuracy)


def beside_full(turn: Connection, count: int, epochs: int) -> None:
    """Ours with every layer trained from a fresh head, as the peers do."""
    beside(turn, count, epochs, method="full", frozen_layers=0, learning_rate=PEER_RATE)


def take_turns(turn: Connection, epochs: int, before: float | None, epoch: object, accuracy: object) -> None:
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


def peak() -> float:
    """Matrix products per second that this machine reaches, GFLOP/s: the best of several square products."""
    import torch

    best = 0.0
    for size in (1024, 1536, 2048):
        first, second = torch.randn(size, size), torch.randn(size, size)
        for _ in range(5):
            began = time.perf_counter()
            first @ second
            best = max(best, 2 * size**3 / (time.perf_counter() - began) / 1e9)
    return best


def reached(count: int, seconds: float, learning_layers: int = 6) -> float:
    """GFLOP/s that an epoch of training every layer did: forward plus twice that for the gradients, matrix products only."""
    from beside.engine.model import load_base

    texts = rows(count)[0]
    _, tokens = load_base("embedded", texts[:1], LENGTH, Path(tempfile.mkdtemp()))
    flops = 0
    for length in (min(n, LENGTH) for n in tokens.counts(texts)):
        per_token = 2 * (4 * 384 * 384 + 2 * 384 * 1536) + 2 * 2 * length * 384
        flops += 3 * learning_layers * length * per_token
    return flops / seconds / 1e9


def main() -> None:
    """Runs all contestants in turns and writes the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    functions = dict(zip(CONTESTANTS, (tutorial, trainer, beside_full, beside), strict=True))
    context = multiprocessing.get_context("spawn")
    pipes, log = {}, {name: [] for name in CONTESTANTS}
    start: dict[str, tuple[float, float]] = {}
    for name, function in functions.items():
        here, there = context.Pipe()
        context.Process(target=function, args=(there, count, epochs), daemon=True).start()
        pipes[name] = here
        if name.startswith("beside"):
            here.send("prepare")
            before, accuracy, _ = here.recv()
            start[name] = (before, accuracy)
        else:
            here.recv()
            start[name] = (0.0, 0.0)
        print(f"{name}: ready, {start[name][0]:.1f} s before the first epoch", flush=True)
    for epoch in range(epochs):
        for name in CONTESTANTS:
            pipes[name].send("go")
            log[name].append(pipes[name].recv())
            print(f"epoch {epoch + 1} {name}: {log[name][-1]}", flush=True)
    table = report(count, epochs, log, start)
    print(table)
    (HERE / "finetune.md").write_text(table, encoding="utf-8")


def report(count: int, epochs: int, log: dict[str, list], start: dict[str, tuple[float, float]]) -> str:
    """The dated table."""
    ours = {name: median([seconds for seconds, _, _ in log[name]]) for name in CONTESTANTS}
    goal = min(max(accuracy for _, accuracy, _ in log[name]) for name in CONTESTANTS[:2])
    reach = {name: time_to(goal, log[name], start[name]) for name in CONTESTANTS}
    machine, work = peak(), reached(count, ours["beside full"])
    lines = [
        "# Fine-tuning speed",
        "",
        f"{datetime.now(UTC).date()}, {len(os.sched_getaffinity(0))} cores ({platform.machine()}, no GPU), torch fp32. {count} SST-2",
        f"sentences, batch {BATCH}, all-MiniLM-L6-v2, {epochs} epochs taken in turns in one run; accuracy on the 872 dev rows.",
        f"The goal, {goal:.4f}, is what both peers reach. By `benchmarks/finetune.py {count} {epochs}`.",
        "",
        "| | seconds per epoch (median) | rows/s | before the first epoch | best dev accuracy | seconds to the goal | peak memory |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in CONTESTANTS:
        best, most = max(accuracy for _, accuracy, _ in log[name]), max(mib for *_, mib in log[name])
        to_goal = f"{reach[name]:.1f}" if reach[name] is not None else "not reached"
        lines.append(
            f"| {name} | {ours[name]:.1f} | {count / ours[name]:.1f} | {start[name][0]:.1f} s | {best:.4f} | {to_goal} | {most:.0f} MiB |"
        )
    lines += ["", "| ratio | per epoch | to the goal |", "|---|---|---|"]
    for name in CONTESTANTS[2:]:
        for peer in CONTESTANTS[:2]:
            both = reach[name] and reach[peer]
            to_goal = f"{reach[peer] / reach[name]:.1f}x" if both else "-"
            lines.append(f"| {name} against {peer} | {ours[peer] / ours[name]:.1f}x | {to_goal} |")
    share = f"{work:.0f} of {machine:.0f} GFLOP/s, {work / machine:.0%}"
    lines += ["", f"Share of the measured matrix-product peak that `beside full` reaches in training: {share}.", ""]
    return "\n".join(lines)


def time_to(goal: float, log: list, start: tuple[float, float]) -> float | None:
    """Training seconds until the dev accuracy first reached the goal, preparation included; None if never."""
    spent, accuracy = start
    if accuracy >= goal:
        return spent
    for seconds, accuracy, _ in log:
        spent += seconds
        if accuracy >= goal:
            return spent
    return None


def median(values: list[float]) -> float:
    """The middle value."""
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


if __name__ == "__main__":
    main()
