"""Time per epoch, time to the same accuracy and peak memory of fine-tuning, against two peers doing the same work.

Peers: (a) the usual tutorial script: every row padded to 128 tokens, a plain AdamW loop; (b) Hugging Face `Trainer` with its
defaults and dynamic padding. Same model, same rows, same batch size, same machine; the three take turns epoch by epoch in one run,
each in a process of its own, so that a busy moment hits all of them. `beside full` trains every layer as the peers do; `beside` is
the default recipe,
which freezes the lowest layers (they are run once) and picks its own batch size and rates. Prints a table and writes it, dated,
to benchmarks/finetune-SET.md.

    python benchmarks/finetune.py [SET] [ROWS] [EPOCHS]     SET: sst2 (sentences) or banking77 (short messages, ten intents)
"""

from __future__ import annotations

import multiprocessing
import os
import platform
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from finetune_contestants import BATCH, DATA, DEV_ROWS, LENGTH, beside, beside_full, rows, trainer, tutorial

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # inherited by the contestants, before they load torch

HERE = Path(__file__).parent
CONTESTANTS = ("tutorial, padded to 128", "Trainer, defaults", "beside full", "beside")


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
    name_of_set, count, epochs = (*sys.argv[1:], *("sst2", "600", "3")[len(sys.argv) - 1 :])
    count, epochs = int(count), int(epochs)
    if not (DATA / name_of_set).is_dir():
        print(f"skipped: there is no {DATA / name_of_set}")
        return
    os.environ["BESIDE_BENCH_SET"] = name_of_set  # inherited by the contestants
    functions = dict(zip(CONTESTANTS, (tutorial, trainer, beside_full, beside), strict=True))
    context = multiprocessing.get_context("spawn")
    pipes, log = {}, {name: [] for name in CONTESTANTS}
    start: dict[str, tuple[float, float]] = {}
    for name, function in functions.items():
        here, there = context.Pipe()
        context.Process(target=function, args=(there, count, epochs), daemon=True).start()
        there.close()  # so that a contestant that dies ends the wait with EOFError
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
    table = report(name_of_set, count, epochs, log, start)
    print(table)
    (HERE / f"finetune-{name_of_set}.md").write_text(table, encoding="utf-8")


def report(name_of_set: str, count: int, epochs: int, log: dict[str, list], start: dict[str, tuple[float, float]]) -> str:
    """The dated table."""
    ours = {name: median([seconds for seconds, _, _ in log[name]]) for name in CONTESTANTS}
    goal = min(max(accuracy for _, accuracy, _ in log[name]) for name in CONTESTANTS[:2])
    reach = {name: time_to(goal, log[name], start[name]) for name in CONTESTANTS}
    machine, work = peak(), reached(count, ours["beside full"])
    lines = [
        f"# Fine-tuning speed: {name_of_set}",
        "",
        f"{datetime.now(UTC).date()}, {len(os.sched_getaffinity(0))} cores ({platform.machine()}, no GPU), weights fp32; "
        "products fp32 in the peers, as its recipe chose in Beside.",
        f'{count} rows of {name_of_set}, batch {BATCH} ("beside" picks its own), all-MiniLM-L6-v2, {epochs} epochs in turns;',
        f"accuracy on {DEV_ROWS} dev rows.",
        f"The goal, {goal:.4f}, is what both peers reach. By `benchmarks/finetune.py {name_of_set} {count} {epochs}`.",
        "",
        "| | seconds per epoch | rows/s | before the first epoch | best dev accuracy | seconds to the goal | peak memory |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in CONTESTANTS:
        best, most = max(accuracy for _, accuracy, _ in log[name]), max(mib for *_, mib in log[name])
        to_goal = f"{reach[name]:.1f}" if reach[name] is not None else "not reached"
        cells = [
            name,
            f"{ours[name]:.1f}",
            f"{count / ours[name]:.1f}",
            f"{start[name][0]:.1f} s",
            f"{best:.4f}",
            to_goal,
            f"{most:.0f} MiB",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "| ratio | per epoch | to the goal |", "|---|---|---|"]
    for name in CONTESTANTS[2:]:
        for peer in CONTESTANTS[:2]:
            both = reach[name] and reach[peer]
            to_goal = f"{reach[peer] / reach[name]:.1f}x" if both else "-"
            lines.append(f"| {name} against {peer} | {ours[peer] / ours[name]:.1f}x | {to_goal} |")
    share = f"{work:.0f} of {machine:.0f} GFLOP/s, {work / machine:.0%}"
    lines += [
        "",
        'Share of the measured matrix-product peak that "beside full" reaches in training '
        f"(products as its recipe chose, the peak in fp32): {share}.",
        "",
    ]
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
