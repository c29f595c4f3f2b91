"""Accuracy on public data sets with the recipe that nobody tuned for them: writes docs/results.md.

Reads `../shared/data` beside the checkout, or the folder in BESIDE_BENCH_DATA; a set that is not there is said to be skipped.
Every figure is on the official test split, which is looked at once per training, after it has ended. Full-data trainings choose
their epoch on the set's dev rows; few-label trainings have no tune split at all and take the last epoch.

Behind the table come the pages that the other benchmarks wrote beside their scripts, so that all evidence stands on one page;
`page` in place of the sets writes it anew without measuring.

    python benchmarks/results.py [SET[:SEED] ... | page]     sets: banking77 banking77-10 banking77-5 sst2 phrasebank hotel
"""

from __future__ import annotations

import gzip
import json
import os
import platform
import random
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from scipy.stats import t as student_t

from beside.core.interfaces import Silent
from beside.core.policies import read_policy
from beside.core.recipe import Recipe
from beside.core.types import Corpus, Example, Finding, Splits
from beside.engine.runtime import load_subject
from beside.stages.audit import Model, audit
from beside.stages.train import train
from beside.store.artifacts import Artifacts

HERE = Path(__file__).parent
DATA = Path(os.environ.get("BESIDE_BENCH_DATA", HERE.parent.parent / "shared" / "data"))
THREADS = int(os.environ.get("BESIDE_BENCH_THREADS", 0)) or None  # to measure two sets side by side, one thread each
STORE = HERE / "results.jsonl"  # one line per training, so that a set can be measured anew alone
SHOWN = ("accuracy", "macro_f1", "tfidf_accuracy", "ece")
PAGE = HERE.parent / "docs" / "results.md"
FIRST = ("tasks", "peft", "few_labels", "pretrain", "search", "checks", "membership", "label_quality", "explain")  # the rest follow


@dataclass(frozen=True)
class Measured:
    """A data set, how many rows per label are learned from (0 = all), and what others published on the same test split."""

    title: str
    folder: str
    base: str = "embedded"
    shots: int = 0
    seeds: tuple[int, ...] = (0,)
    published: str = ""


SETS = {
    "banking77": Measured("BANKING77, all rows", "banking77", published="BERT-base by AutoTrain 0.9276"),
    "banking77-10": Measured(
        "BANKING77, 10 rows per label",
        "banking77",
        shots=10,
        seeds=(0, 1, 2, 3, 4),
        published="RoBERTa-base 0.843, CPFT 0.872",
    ),
    "banking77-5": Measured(
        "BANKING77, 5 rows per label", "banking77", shots=5, seeds=(0, 1, 2, 3, 4), published="RoBERTa-base 0.740"
    ),
    "sst2": Measured("SST-2, 6,920 sentences", "sst2"),
    "phrasebank": Measured("financial_phrasebank, 50 % agreement (our split)", "financial_phrasebank"),
    "hotel": Measured("Chinese hotel reviews (our split)", "chnsenticorp_hotel", base="scratch"),
}


def main(names: list[str]) -> None:
    """Measures the named sets, or all, and writes the page from everything measured so far."""
    for asked in [] if names == ["page"] else names or list(SETS):
        name, _, only = asked.partition(":")
        for seed in (int(only),) if only else SETS[name].seeds:
            if not (DATA / SETS[name].folder).is_dir():
                print(f"{name}: skipped, there is no {DATA / SETS[name].folder}")
                continue
            row = measure(name, SETS[name], seed)
            print(json.dumps(row), flush=True)
            with STORE.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(row) + "\n")
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")


def measure(name: str, measured: Measured, seed: int) -> dict[str, object]:
    """One training and one look at the test split."""
    learned = rows_of(measured.folder, "train")
    tune = rows_of(measured.folder, "dev")
    if measured.shots:
        learned, tune = few(learned, measured.shots, seed), []
    splits = Splits(learned, tune, rows_of(measured.folder, "test"))
    now = datetime.now(UTC)
    labels = tuple(sorted({str(example.target) for example in learned}))
    counts = {split: len(rows) for split, rows in splits._asdict().items()}
    corpus = Corpus(id=f"corpus-{name}", name=name, task="classify", labels=labels, splits=counts, examples="", made_at=now)
    with tempfile.TemporaryDirectory() as folder:
        artifacts = Artifacts(Path(folder) / "artifacts")
        recipe = Recipe(base=measured.base, seed=seed, threads=THREADS)
        run = train(corpus, splits, recipe, artifacts=artifacts, checkpoints=Path(folder), progress=Silent(), now=now)
        subject = load_subject(artifacts.folder(run.model))
        found = audit(
            run,
            Model(None, lambda: subject),
            splits,
            read_policy("sandbox"),
            checks=("utility/report",) if measured.shots else ("utility/report", "calibration/ece"),
            artifacts=artifacts,
            progress=Silent(),
            now=now,
        )
    figures = {one.metric: [one.value, one.low, one.high, one.n] for one in found if isinstance(one, Finding)}
    return {
        "set": name,
        "seed": seed,
        "date": now.date().isoformat(),
        "rows": counts,
        "recipe": run.recipe.model_dump(),
        "seconds": round(run.seconds, 1),
        "figures": {metric: figures[metric] for metric in SHOWN if metric in figures},
    }


def rows_of(folder: str, split: str) -> list[Example]:
    """The rows of one official split."""
    return [
        Example(id=f"{split}-{index}", text=row["text"], target=str(row["label"])) for index, row in enumerate(lines(folder, split))
    ]


def lines(folder: str, split: str) -> Iterator[dict[str, str]]:
    """The JSON lines of a split, packed or not."""
    file = DATA / folder / f"{split}.jsonl"
    with file.open(encoding="utf-8") if file.exists() else gzip.open(f"{file}.gz", "rt", encoding="utf-8") as content:
        yield from (json.loads(line) for line in content)


def few(examples: list[Example], shots: int, seed: int) -> list[Example]:
    """So many random rows of each label."""
    by_label: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        by_label[str(example.target)].append(example)
    luck = random.Random(seed)
    return [example for label in sorted(by_label) for example in luck.sample(by_label[label], shots)]


def page() -> str:
    """docs/results.md from the newest measurement of each set and seed."""
    newest: dict[tuple[str, int], dict] = {}
    for line in STORE.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        newest[row["set"], row["seed"]] = row
    dates = sorted({row["date"] for row in newest.values()})
    body = [
        "# Results",
        "",
        f"Measured {' to '.join(sorted({dates[0], dates[-1]}))} by `benchmarks/results.py` on {os.cpu_count()} cores "
        f"({platform.machine()}, no GPU), with the default recipe; the rows it fills in were never tuned on a test split.",
        "",
        "| data | base | rows learned | test rows | accuracy (95 % interval) | macro-F1 | TF-IDF | ECE | training | published |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, measured in SETS.items():
        rows = [row for (of, _), row in newest.items() if of == name]
        if rows:
            body.append(table_row(measured, rows))
    return "\n".join([*body, "", *NOTES, "", *others()])


def others() -> Iterator[str]:
    """The pages of the other benchmarks, their headings one level lower."""
    pages = {file.stem: file for file in sorted(HERE.glob("*.md"))}
    for name in [*(name for name in FIRST if name in pages), *(name for name in pages if name not in FIRST)]:
        lower = re.sub(r"(?m)^#", "##", pages[name].read_text(encoding="utf-8")).strip() + "\n"
        yield re.sub(r"\]\(([\w-]+\.(?:svg|png|md))\)", r"](../benchmarks/\1)", lower)  # pictures and pages lie beside the scripts


def table_row(measured: Measured, rows: list[dict]) -> str:
    """One set: a single training with its Wilson interval, or the mean over seeds with its t interval."""
    first = rows[0]
    accuracy = [row["figures"]["accuracy"][0] for row in rows]
    if len(rows) == 1:
        _, low, high, n = first["figures"]["accuracy"]
        shown = f"**{accuracy[0]:.4f}** ({low:.4f} to {high:.4f}, n = {n})"
    else:
        half = student_t.ppf(0.975, len(accuracy) - 1) * np.std(accuracy, ddof=1) / np.sqrt(len(accuracy))
        mean = float(np.mean(accuracy))
        shown = f"**{mean:.4f}** ({mean - half:.4f} to {mean + half:.4f}, {len(rows)} seeds)"
    mean_of = {metric: np.mean([row["figures"].get(metric, [np.nan])[0] for row in rows]) for metric in SHOWN[1:]}
    seconds = np.mean([row["seconds"] for row in rows])
    threads = sorted({row["recipe"]["threads"] for row in rows})
    cells = [
        measured.title,
        measured.base,
        str(first["rows"]["train"]),
        str(first["rows"]["test"]),
        shown,
        f"{mean_of['macro_f1']:.4f}",
        f"{mean_of['tfidf_accuracy']:.4f}",
        "-" if np.isnan(mean_of["ece"]) else f"{mean_of['ece']:.3f}",
        f"{seconds:.0f} s on {' or '.join(map(str, threads))} thread{'s' * (threads[-1] > 1)}",
        measured.published or "not comparable",
    ]
    return f"| {' | '.join(cells)} |"


NOTES = (
    "`embedded` is all-MiniLM-L6-v2 (22.6 M parameters), a quarter the size of BERT-base; `scratch` is an untrained encoder",
    "that knows nothing but the rows. Published figures are on the same test split: AutoTrain's BERT-base model card;",
    "RoBERTa-base and CPFT as reported for the few-label setting of BANKING77. financial_phrasebank and the hotel reviews have",
    "no official split, so no published figure can stand beside ours. For one training the interval is Wilson's over test rows;",
    "over seeds it is Student's t of the mean. Training seconds include loading, the probe and the truth test, on a machine",
    "that may have been shared.",
)


if __name__ == "__main__":
    main(sys.argv[1:])
