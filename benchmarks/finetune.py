"""Time per epoch, time to the same accuracy and peak memory of fine-tuning, against peers doing the same work.

Peers: the usual tutorial script (every row padded to 128 tokens, a plain AdamW loop); Hugging Face `Trainer` with its defaults
and dynamic padding, plain and with peft's LoRA; sentence-transformers' trainer; SetFit, where the environment variable
BESIDE_BENCH_SETFIT names the python of an environment with setfit. Same model, same rows, same batch size, same machine; they take
turns epoch by epoch in one run, each in a process of its own, so that a busy moment hits all of them. `beside full` trains every
layer as the first two peers do, once with products as recipes choose them and once in fp32 as the peers have them; `beside` is the
default recipe, which freezes the lowest layers (they are run once) and picks its own batch size
and rates. Prints a table and writes it, dated, to benchmarks/finetune-SET.md.

    python benchmarks/finetune.py [SET] [ROWS] [EPOCHS]     SET: sst2 (sentences) or banking77 (short messages, ten intents)
"""

from __future__ import annotations

import multiprocessing
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing.connection import Connection, Listener
from pathlib import Path

from finetune_contestants import BATCH, DATA, DEV_ROWS, LENGTH, beside, beside_fp32, beside_full, embedded, rows, trainer, tutorial
from finetune_peers import sentence_transformers, trainer_lora

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # inherited by the contestants, before they load torch

HERE = Path(__file__).parent
PEERS = {
    "tutorial, padded to 128": tutorial,
    "Trainer, defaults": trainer,
    "Trainer, LoRA": trainer_lora,
    "sentence-transformers": sentence_transformers,
}
OURS = {"beside full": beside_full, "beside full, fp32": beside_fp32, "beside": beside}
SETFIT = os.environ.get("BESIDE_BENCH_SETFIT")
CONTESTANTS = (*PEERS, *(("SetFit",) if SETFIT else ()), *OURS)


def peak(precision: str) -> float:
    """Matrix products per second that this machine reaches in fp32 or bf16, GFLOP/s: the best of several square products."""
    import torch

    best, kind = 0.0, torch.bfloat16 if precision == "bf16" else torch.float32
    for size in (1024, 1536, 2048):
        first, second = torch.randn(size, size).to(kind), torch.randn(size, size).to(kind)
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
    pipes = started(count, epochs)
    log: dict[str, list] = {name: [] for name in CONTESTANTS}
    start: dict[str, tuple[float, float]] = {}
    for name, here in pipes.items():
        start[name] = (0.0, 0.0)
        if name in OURS:
            here.send("prepare")
            start[name] = here.recv()[:2]
        else:
            here.recv()
        print(f"{name}: ready, {start[name][0]:.1f} s before the first epoch", flush=True)
    for epoch in range(epochs):
        for name in CONTESTANTS:
            pipes[name].send("go")
            log[name].append(pipes[name].recv())
            print(f"epoch {epoch + 1} {name}: {log[name][-1]}", flush=True)
    table = report(name_of_set, count, epochs, log, start)
    print(table)
    (HERE / f"finetune-{name_of_set}.md").write_text(table, encoding="utf-8")


def started(count: int, epochs: int) -> dict[str, Connection]:
    """A process for each contestant and the line to it, in the order of the table."""
    context = multiprocessing.get_context("spawn")
    pipes = {}
    for name in CONTESTANTS:
        if name == "SetFit":
            pipes[name] = elsewhere(count, epochs)
            continue
        here, there = context.Pipe()
        context.Process(target={**PEERS, **OURS}[name], args=(there, count, epochs), daemon=True).start()
        there.close()  # so that a contestant that dies ends the wait with EOFError
        pipes[name] = here
    return pipes


def elsewhere(count: int, epochs: int) -> Connection:
    """SetFit in its own environment, called back over a socket."""
    address = str(Path(tempfile.mkdtemp()) / "race")
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    with Listener(address, family="AF_UNIX") as door:
        program = [str(SETFIT), str(HERE / "finetune_peers.py"), address, str(count), str(epochs)]
        subprocess.Popen(program, env={**environment, "BESIDE_BENCH_BASE": str(embedded())})
        return door.accept()


def report(name_of_set: str, count: int, epochs: int, log: dict[str, list], start: dict[str, tuple[float, float]]) -> str:
    """The dated table."""
    ours = {name: median([seconds for seconds, _, _ in log[name]]) for name in CONTESTANTS}
    peers = [name for name in CONTESTANTS if name not in OURS]
    goals = {name: max(accuracy for _, accuracy, _ in log[name]) for name in peers}
    lines = [
        f"# Fine-tuning speed: {name_of_set}",
        "",
        f"{datetime.now(UTC).date()}, {len(os.sched_getaffinity(0))} cores ({platform.machine()}, no GPU), weights fp32; "
        "products fp32 in the peers, as its recipe chose in Beside.",
        f'{count} rows of {name_of_set}, batch {BATCH} ("beside" picks its own), all-MiniLM-L6-v2, {epochs} epochs in turns;',
        f"accuracy on {DEV_ROWS} dev rows.",
        f"By `benchmarks/finetune.py {name_of_set} {count} {epochs}`.",
        "",
        "| | seconds per epoch | rows/s | before the first epoch | best dev accuracy | seconds to it | peak memory |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in CONTESTANTS:
        best, most = max(accuracy for _, accuracy, _ in log[name]), max(mib for *_, mib in log[name])
        cells = [
            name,
            f"{ours[name]:.1f}",
            f"{count / ours[name]:.1f}",
            f"{start[name][0]:.1f} s",
            f"{best:.4f}",
            f"{time_to(best, log[name], start[name]):.1f}",
            f"{most:.0f} MiB",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "| ratio | per epoch | to that peer's best accuracy |", "|---|---|---|"]
    for name in OURS:
        for peer in peers:
            mine, theirs = (time_to(goals[peer], log[one], start[one]) for one in (name, peer))
            equal = "not reached" if mine is None else f"{theirs / mine:.1f}x" if mine else "before the first epoch"
            lines.append(f"| {name} against {peer} | {ours[peer] / ours[name]:.1f}x | {equal} |")
    lines += ["", "Share of the measured matrix-product peak that training every layer reaches:", *shares(count, ours), ""]
    return "\n".join(lines)


def shares(count: int, seconds: dict[str, float]) -> Iterator[str]:
    """One line for each precision: what was reached beside what the machine can do in that same precision."""
    from beside.engine.devices import best_precision, device_of

    for name, precision in (("beside full", best_precision(device_of("cpu"))), ("beside full, fp32", "fp32")):
        machine, work = peak(precision), reached(count, seconds[name])
        yield f"- {name}: {work:.0f} of {machine:.0f} GFLOP/s in {precision}, {work / machine:.0%}"


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
