"""How many texts a second, how soon, and what the server adds to the model: ours and three others. Writes serve.md and serve.svg.

All servers stand on this machine at once and are asked in turn, round after round, so that what else goes on here meets them alike.
Each reads with one thread; what speaks HTTP has the rest of the machine, as the load generator has. The model is the embedded base,
trained on 300 rows of SST-2; the others get the same encoder with a pooler and a linear layer, for they know no other head.

    BESIDE_PEERS_PYTHON=/path/with/litserve/and/infinity_emb/bin/python python benchmarks/serve.py [SECONDS [ROUNDS]]
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from serve_load import Load, merged, resident, stretch, until_ready

from beside.charts import draw
from beside.core.recipe import Recipe
from beside.core.types import Actor
from beside.loop import Loop
from beside.store.workspace import Workspace

HERE = Path(__file__).parent
DATA = Path(os.environ.get("BESIDE_BENCH_DATA", HERE.parent.parent / "shared" / "data"))
PEERS = os.environ.get("BESIDE_PEERS_PYTHON", sys.executable)
CALLERS = (1, 4, 16, 48)
ROWS = 300
OURS = "Beside"
THREADS = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
Body = Callable[[list[str]], Any]


@dataclass(frozen=True)
class Server:
    """A server that is asked."""

    name: str
    command: list[str]
    port: int
    path: str
    body: Body

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.path}"


def sst2(split: str) -> list[str]:
    """The texts of a split."""
    return [json.loads(line)["text"] for line in (DATA / "sst2" / f"{split}.jsonl").open(encoding="utf-8")]


def prepared(folder: Path) -> tuple[Path, Path]:
    """A workspace with an approved release, and the same encoder as transformers writes it."""
    from transformers import BertForSequenceClassification, PreTrainedTokenizerFast

    from beside.engine.model import load_model
    from beside.stages.serve import MODEL

    workspace, plain = Workspace.open(folder / "desk"), folder / "plain"
    loop = Loop(workspace, Actor(name="bench", roles=("admin",)))
    rows = folder / "rows.jsonl"
    rows.write_text("".join((DATA / "sst2" / "train.jsonl").open(encoding="utf-8").readlines()[:ROWS]), encoding="utf-8")
    corpus, _ = loop.intake(str(rows), "sst2")
    run = loop.train(corpus.id, Recipe(epochs=1, threads=1))
    loop.audit(run.id, checks=["utility/report"])
    release = loop.review(loop.release(run.id, "sandbox").id, "approve", "For measuring.")
    model, tokens, _ = load_model(Path(release.bundle) / MODEL)
    config = model.encoder.config
    config.num_labels = 2
    theirs = BertForSequenceClassification(config)
    theirs.bert.load_state_dict(model.encoder.state_dict(), strict=False)
    theirs.save_pretrained(plain)
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    PreTrainedTokenizerFast(tokenizer_object=tokens.tokenizer, model_max_length=tokens.max_length, **special).save_pretrained(plain)
    workspace.close()
    return Path(release.bundle) / MODEL, plain


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def contestants(desk: Path, plain: Path) -> list[Server]:
    """Ours and the others, each at a free port."""
    port = free_port()
    ours = [sys.executable, "-P", "-m", "beside", "serve", "--port", str(port), "--workspace", str(desk)]
    found = [Server(OURS, ours, port, "/v1/predict", lambda texts: {"texts": texts})]
    others: list[tuple[str, str, str, Body]] = [
        ("transformers pipeline, FastAPI", "pipeline", "/predict", lambda texts: {"texts": texts}),
        ("LitServe", "litserve", "/predict", lambda texts: {"texts": texts}),
        ("infinity_emb", "infinity", "/classify", lambda texts: {"model": plain.name, "input": texts}),
    ]
    for name, kind, path, body in others:
        port = free_port()
        script = [HERE / "serve_litserve.py"] if kind == "litserve" else [HERE / "serve_peers.py", kind]
        command = [PEERS, *map(str, script), str(plain), str(port)]
        found.append(Server(name, command, port, path, body))
    return found


@contextmanager
def started(command: list[str], log: Path, **more: Any) -> Iterator[subprocess.Popen[str]]:
    """A process, ended with the block."""
    with log.open("w") as file:
        own = {"env": {**os.environ, **THREADS}, "start_new_session": True, **more}
        process = subprocess.Popen(command, stderr=file, text=True, **own)
        try:
            yield process
        finally:  # with all that it started
            with suppress(subprocess.TimeoutExpired, ProcessLookupError):
                process.terminate()
                process.wait(20)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


class Bare:
    """Our model without a server, in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], texts: list[str]) -> None:
        self.process = process
        self.say(json.dumps(texts))
        assert self.hear() == "ready"

    def say(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def __call__(self, what: str, seconds: float) -> Load:
        """`one` text at a time, or `many` in a batch."""
        self.say(f"{what} {seconds}")
        told = json.loads(self.hear())
        return Load(0, told["texts"], told["seconds"], wall=told["wall"], cpu=told["cpu"])


Measured = dict[tuple[str, int, int], list[Load]]  # name, callers, texts per call -> one stretch for each round


async def measured(servers: list[tuple[Server, int]], bare: Bare, texts: list[str], seconds: float, rounds: int) -> Measured:
    """Every server under every load, in turn, `rounds` times."""
    found: Measured = {}
    for turn in range(rounds):
        for callers, size in [*((callers, 1) for callers in CALLERS), (4, 32)]:
            order = servers[turn % len(servers) :] + servers[: turn % len(servers)]
            for server, process in order:

                def body(number: int, size: int = size, server: Server = server) -> Any:
                    return server.body([texts[(number * size + place) % len(texts)] for place in range(size)])

                load = await stretch(server.url, body, size, callers, seconds, process)
                found.setdefault((server.name, callers, size), []).append(load)
            if callers == 1 or size > 1:
                what = "one" if callers == 1 else "many"
                found.setdefault(("bare", callers, size), []).append(bare(what, seconds))
    return found


def row(name: str, loads: list[Load]) -> str:
    """A line of the table; the spread is that of the rounds."""
    load, rates = merged(loads), [one.texts / one.wall for one in loads]
    refused = sum(count for status, count in load.statuses.items() if status != "200")
    spread = f"{min(rates):.1f} to {max(rates):.1f}"
    cpu = f"{1000 * load.cpu / load.texts:.1f}" if load.texts else "-"
    p50, p99 = 1000 * load.quantile(0.5), 1000 * load.quantile(0.99)
    return f"| {name} | {load.texts / load.wall:.1f} | {spread} | {p50:.1f} | {p99:.1f} | {cpu} | {load.answered} | {refused} |"


def at_equal_p99(found: Measured, name: str, bound: float) -> float:
    """Most texts a second, of one-text calls, that a server answered with a p99 within the bound, read off its line."""
    best, before = 0.0, (0.0, 0.0)
    for callers in CALLERS:
        load = merged(found[name, callers, 1])
        rate, p99 = load.texts / load.wall, load.quantile(0.99)
        if p99 <= bound:
            best = max(best, rate)
        elif before[1] < bound and before[0]:
            best = max(best, before[0] + (rate - before[0]) * (bound - before[1]) / (p99 - before[1]))
            break
        before = (rate, p99)
    return best


def page(found: Measured, names: list[str], absent: list[str], memory: dict[str, float], seconds: float, rounds: int) -> str:
    """The table as Markdown."""
    head = "| server | texts/s | of the rounds | p50, ms | p99, ms | processor, ms per text | n | refused |\n" + "|---" * 8 + "|"
    lines = [
        "# Serving",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores with a load of {os.getloadavg()[2]:.0f} "
        f"from all that runs here, one thread per model, the load generator on the same machine; {rounds} rounds of {seconds:g} s "
        "a row, all servers up at once, asked in turn. "
        f"MiniLM-L6 trained on {ROWS} rows of SST-2, asked about its dev rows. Ours stores every answer, asks the gate and "
        "checks the seal meanwhile; the others store nothing. Written by `benchmarks/serve.py`.",
        *([f"Not here: {', '.join(absent)}.", ""] if absent else [""]),
    ]
    lines += ["![how long callers wait, against load](serve.svg)", ""]
    for callers, size in [*((callers, 1) for callers in CALLERS), (4, 32)]:
        lines += [f"## {callers} caller{'s' if callers > 1 else ''}, {size} text{'s' if size > 1 else ''} a call", "", head]
        lines += [row(name, found[name, callers, size]) for name in [*names, "bare"] if (name, callers, size) in found]
        lines.append("")
    bounds = [merged(found[OURS, callers, 1]).quantile(0.99) for callers in CALLERS[1:]]
    lines += [
        "## Texts a second at equal p99 (one text a call)",
        "",
        "| server | " + " | ".join(f"{1000 * b:.0f} ms" for b in bounds) + " |",
    ]
    lines += ["|---" * (len(bounds) + 1) + "|"]
    lines += [f"| {name} | " + " | ".join(f"{at_equal_p99(found, name, bound):.1f}" for bound in bounds) + " |" for name in names]
    low, alone = merged(found[OURS, 1, 1]), merged(found["bare", 1, 1])
    many, batch = merged(found[OURS, 4, 32]), merged(found["bare", 4, 32])
    more = many.cpu / many.texts / (batch.cpu / batch.texts) - 1
    rate = (many.texts / many.wall) / (batch.texts / batch.wall) - 1
    lines += [
        "",
        "## What the server adds to the model",
        "",
        f"- at low load, p50: {1000 * (low.quantile(0.5) - alone.quantile(0.5)):+.1f} ms to {1000 * alone.quantile(0.5):.1f} ms",
        f"- of the processor, 32 texts a call: {100 * more:+.1f} % of its time per text in bare batches of 32 (texts a second "
        f"{100 * rate:+.1f} %: the server reads several passes side by side, bare reads one)",
        f"- memory, MiB: {', '.join(f'{name} {size:.0f}' for name, size in memory.items())}",
        "",
    ]
    return "\n".join(lines)


def picture(found: Measured, names: list[str]) -> str:
    """p99 against load, one text a call."""
    lines = []
    for name in names:
        loads = [merged(found[name, callers, 1]) for callers in CALLERS]
        lines.append({"name": name, "points": [[load.texts / load.wall, load.quantile(0.99)] for load in loads if load.texts]})
    words = {"x": "texts answered per second", "y": "seconds until 99 of 100 are answered"}
    return draw({"kind": "load", "title": "Waiting against load, 1 to 48 callers", **words, "lines": lines})


async def run(servers: list[Server], model: Path, folder: Path, seconds: float, rounds: int) -> None:
    texts = sst2("dev")
    with ExitStack() as up:
        standing, absent = [], []
        for server in servers:
            process = up.enter_context(started(server.command, folder / f"{server.port}.log"))
            if await until_ready(server.url, server.body(texts[:1]), process):
                standing.append((server, process.pid))
                for size in (1, 32):  # a first pass of each shape is not measured
                    await stretch(server.url, lambda n, s=server, k=size: s.body(texts[:k]), size, 2, 1.0)
            else:
                absent.append(f"{server.name} (it gave no answer)")
                print((folder / f"{server.port}.log").read_text()[-2000:], file=sys.stderr)
                process.kill()
        command = [sys.executable, "-P", str(HERE / "serve_peers.py"), "bare", str(model)]
        bare = Bare(up.enter_context(started(command, folder / "bare.log", stdin=subprocess.PIPE, stdout=subprocess.PIPE)), texts)
        found = await measured(standing, bare, texts, seconds, rounds)
        memory = {server.name: resident(process) for server, process in standing}
    names = [server.name for server, _ in standing]
    told = page(found, names, absent, memory, seconds, rounds)
    (HERE / "serve.md").write_text(told, encoding="utf-8")
    (HERE / "serve.svg").write_text(picture(found, names), encoding="utf-8")
    print(told)


if __name__ == "__main__":
    length, turns = [*map(float, sys.argv[1:]), *(5.0, 3)[len(sys.argv) - 1 :]]
    with tempfile.TemporaryDirectory() as kept:
        place = Path(kept)
        sealed, exported = prepared(place)
        asyncio.run(run(contestants(place / "desk", exported), sealed, place, length, int(turns)))
