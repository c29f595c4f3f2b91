"""How many labels flipped on purpose does data/label_quality find, and how many of the rows it names are flipped?

In each of three draws 5 % of the training labels are replaced by another one, chosen at random. Recall and precision with Wilson
intervals; rows that were wrong from the start count as false, so precision is a lower bound. `none flipped` tells how many rows it
names in the set as it came. Prints the table and writes it, dated, to benchmarks/label_quality.md.

    python benchmarks/label_quality.py [SET ...]     SET: banking77 or sst2, folders of ../shared/data
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np

from beside.checks.data.label_quality import LabelQuality
from beside.core.recipe import Recipe
from beside.core.statistics import Estimate, rate
from beside.core.types import Example
from beside.engine.untrained import base_subject

HERE = Path(__file__).resolve().parent
DATA = HERE.parent.parent / "shared" / "data"
FLIPPED, DRAWS = 0.05, 3


class Remembered:
    """The base model, asked once for all draws."""

    def __init__(self, texts: list[str]) -> None:
        base = base_subject(Recipe(pooling="unit", max_length=64))
        assert base is not None
        self.vectors = dict(zip(texts, base.embed(texts), strict=True))

    def embed(self, texts: list[str]) -> np.ndarray:
        return np.stack([self.vectors[text] for text in texts])


def main() -> None:
    """Measures every set and writes the table."""
    lines = [
        "# Labels flipped on purpose\n",
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {len(os.sched_getaffinity(0))} cores\n",
        "| set | rows | draw | features chosen | named | recall | precision | seconds |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name in sys.argv[1:] or ["banking77", "sst2"]:
        lines += table_of(name)
    text = "\n".join(lines) + "\n"
    print(text)
    (HERE / "label_quality.md").write_text(text, encoding="utf-8")


def table_of(name: str) -> list[str]:
    """One line per draw, the first without any flip."""
    read = [json.loads(line) for line in (DATA / name / "train.jsonl").read_text(encoding="utf-8").splitlines()]
    texts, given = [row["text"] for row in read], [str(row["label"]) for row in read]
    labels, base = sorted(set(given)), Remembered(texts)
    lines = []
    for draw in range(DRAWS + 1):
        rng = np.random.default_rng(draw)
        wrong = rng.choice(len(given), int(FLIPPED * len(given)), replace=False) if draw else np.array([], int)
        now = list(given)
        for place in wrong:
            now[place] = str(rng.choice([label for label in labels if label != given[place]]))
        rows = [Example(id=str(at), text=text, target=label) for at, (text, label) in enumerate(zip(texts, now, strict=True))]
        began = time.perf_counter()
        judged, _, suspects, used, _ = LabelQuality(base=base).suspects(rows, np.random.default_rng(0))  # type: ignore[arg-type]
        took = time.perf_counter() - began
        named = {int(judged[at].id) for at in suspects}
        hits = len(named & set(wrong.tolist()))
        recall = said(rate(hits, len(wrong))) if draw else "none flipped"
        precision = said(rate(hits, len(named))) if draw and named else ""
        lines.append(f"| {name} | {len(rows)} | {draw} | {used} | {len(named)} | {recall} | {precision} | {took:.0f} |")
        print(lines[-1], flush=True)
    return lines


def said(share: Estimate) -> str:
    """A share with its interval."""
    return f"{share.value:.3f} ({share.low:.3f} to {share.high:.3f}, n {share.n})"


if __name__ == "__main__":
    main()
