"""What encryption at rest costs: seconds to store and read a model, to write an answer, and bytes per second of sealing.

    python benchmarks/encryption.py [REPEATS]

The embedded base (87 MB) stands for a model. Plain and encrypted take turns; the median and the range of the repeats are printed.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from beside.core.interfaces import Silent
from beside.core.types import Actor
from beside.engine.loading import embedded_path
from beside.store.conversion import switch_on
from beside.store.key_source import environment
from beside.store.workspace import Workspace

OWNER = Actor(name="owner", roles=("admin",))
TEXT = "I was charged twice for the same transfer, please give me my money back. " * 3


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def told(name: str, taken: dict[str, list[float]], unit: float, word: str) -> None:
    """One row: median and range of both."""
    cells = [f"{median(all_) * unit:8.2f} ({min(all_) * unit:.2f}-{max(all_) * unit:.2f}) {word}" for all_ in taken.values()]
    print(f"{name:34} {cells[0]:>28} {cells[1]:>28}", flush=True)


def main(repeats: int) -> None:
    """Prints the table."""
    home = Path(tempfile.mkdtemp(prefix="beside-"))
    places = {name: Workspace.open(home / name) for name in ("plain", "encrypted")}
    switch_on(places["encrypted"], OWNER, f"file:{home / 'master.key'}", environment, Silent())
    model = home / "model"
    model.mkdir()
    for file in ("model.safetensors", "config.json", "tokenizer.json"):
        shutil.copyfile(embedded_path() / file, model / file)
    print(f"{'':34} {'plain':>28} {'encrypted':>28}")
    stored: dict[str, list[float]] = {name: [] for name in places}
    opened: dict[str, list[float]] = {name: [] for name in places}
    sealed: dict[str, list[float]] = {name: [] for name in places}
    for _ in range(repeats):
        for name, place in places.items():
            shutil.rmtree(place.artifacts.home)
            place.artifacts.folders.mkdir(parents=True)
            stored[name].append(seconds(lambda place=place: place.artifacts.put_folder(model)))  # type: ignore[misc]
            id = place.artifacts.put_folder(model)
            place.artifacts.close()
            opened[name].append(seconds(lambda place=place, id=id: place.artifacts.folder(id)))  # type: ignore[misc]
            sealer = place.records.database.sealer
            sealed[name].append(seconds(lambda s=sealer: [s.seal_text(TEXT, b"predictions.text") for _ in range(1000)]))  # type: ignore[misc]
    told("store a model of 87 MB", stored, 1, "s")
    told("open it, every byte checked", opened, 1, "s")
    told("seal 1,000 texts of 219 characters", sealed, 1000, "ms")
    keys, plain = places["encrypted"].artifacts.sealer.must_have("this"), os.urandom(64 << 20)

    def stream() -> None:
        with keys.writer(io.BytesIO(), b"x") as writer:
            writer.write(plain)

    rate = [len(plain) / seconds(stream) / 1e6 for _ in range(repeats)]
    print(f"sealing in chunks of 64 KiB: {median(rate):.0f} MB/s ({min(rate):.0f}-{max(rate):.0f}), n = {repeats}")
    for place in places.values():
        place.close()
    shutil.rmtree(home)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
