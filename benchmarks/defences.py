"""What do defences of training buy, and what do they cost?

Two questions, on dev rows alone (nothing here looks at a test split):

1. SST-2, so many training rows, several seeds: clean accuracy, and how many rightly answered rows a greedy word attack turns, once
   within loose limits and once close in meaning; on IMDB with the rewrites of people (Kaushik et al. 2020) how many pairs
   are answered rightly on both sides. Each defence against none, same rows and seeds.
2. A model of SST-2 goes on learning headlines of finance: what it then knows of both, with `ewc` and `replay` and without.

Each training's figures are kept in benchmarks/defences.jsonl, one line each, so that the script goes on where it was cut; it writes
benchmarks/defences.md after each of them.

    python benchmarks/defences.py [--rows 2000] [--seeds 0,1,2] [--attacked 100]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np

from beside.core.attacking import Limits, attack
from beside.core.interfaces import Silent
from beside.core.near_words import nearest
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.core.statistics import rate
from beside.core.types import Example
from beside.engine.checkpoint import Checkpoint
from beside.engine.keeping import Keeping
from beside.engine.runtime import load_subject
from beside.engine.training import train_model
from beside.engine.untrained import base_subject
from checks import DATA

HERE = Path(__file__).resolve().parent
LABELS = ("negative", "positive")
WAYS: dict[str, dict[str, Any]] = {
    "none": {},
    "fgm": {"defence": "fgm"},
    "none, 6 passes": {"epochs": 6},
    "near_words, 6 passes": {"defence": "near_words", "epochs": 6},
    "adversarial_examples": {"defence": "adversarial_examples"},
    "freelb": {"defence": "freelb"},
    "smart": {"defence": "smart"},
    "rdrop": {"defence": "rdrop"},
    "pgd": {"defence": "pgd"},
}
UPDATES: dict[str, dict[str, Any]] = {
    "none": {},
    "replay": {"defence": "replay"},
    "ewc, strength 1,000": {"defence": "ewc", "ewc_strength": 1000.0},
    "ewc": {"defence": "ewc"},
    "replay,ewc": {"defence": "replay,ewc"},
}
RAW = Limits(share=0.4, queries=100, sentence=0.7)
CHECKED = Limits(share=0.3, queries=100, sentence=0.85)
NEAR, NEARER, OTHERS = 0.5, 0.6, 12  # cosine of a word's neighbours in the loose and the tight attack, and how many


def rows(name: str, split: str, count: int = 0) -> list[Example]:
    """Rows of a set with one of the two labels; a part is taken evenly from the whole."""
    lines = (DATA / name / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
    found = [row for row in map(json.loads, lines) if row["label"] in LABELS]
    step = max(1, len(found) // count) if count else 1
    return [Example(id=str(at), text=row["text"], target=row["label"]) for at, row in enumerate(found[::step][: count or None])]


def trained(folder: Path, train: Sequence[Example], old: Sequence[Example] = (), **settings: Any) -> tuple[Any, float]:
    """The subject of a training without a tune split, and its seconds."""
    keeping = Keeping(checkpoint=Checkpoint(folder / "state"), progress=Silent())
    began = time.perf_counter()
    recipe = Recipe(**{"epochs": 3, "method": "lpft", "frozen_layers": 3, "threads": len(os.sched_getaffinity(0)), **settings})
    train_model(folder / "model", train, [], LABELS, "classify", recipe, keeping, old=old)
    return load_subject(folder / "model"), time.perf_counter() - began


def right(subject: Any, examples: Sequence[Example]) -> int:
    """How many of these rows are answered rightly."""
    said = subject.predict([row.text for row in examples])
    return sum(answer == row.target for answer, row in zip(said, examples, strict=True))


class Attacker:
    """The attack on dev rows; its words and its eye for sentences are those of the untrained base, whatever model is attacked."""

    def __init__(self, train: Sequence[Example], dev: Sequence[Example]) -> None:
        self.base, self.dev = base_subject(Recipe(pooling="mean")), list(dev)
        self.spots = []
        for nearness in (NEAR, NEARER):
            ready = replace(
                load("perturbations", "synonyms"), inflected=True, neighbours=nearest(self.base, train, nearness, OTHERS)
            )
            self.spots.append([ready.spots(row.text) for row in self.dev])

    def __call__(self, subject: Any) -> dict[str, list[int]]:
        """How many rows were turned of how many that were answered rightly: loosely, and close in meaning."""
        texts, targets = [row.text for row in self.dev], [str(row.target) for row in self.dev]
        found = {}
        for name, limits, spots in (("raw", RAW, self.spots[0]), ("checked", CHECKED, self.spots[1])):
            ends = [one.ended for one in attack(subject, texts, targets, spots, limits=limits, embed=self.base.embed)]
            found[name] = [ends.count("fooled"), sum(end != "wrong" for end in ends)]
        return found


def pairs_right(subject: Any) -> list[int]:
    """IMDB reviews and their rewrites by people: pairs answered rightly on both sides, of all."""
    lines = [json.loads(line) for line in (DATA / "imdb_counterfactual" / "dev.jsonl").read_text(encoding="utf-8").splitlines()]
    said = subject.predict([line["text"] for line in lines])
    both: dict[str, list[bool]] = {}
    for line, answer in zip(lines, said, strict=True):
        both.setdefault(line["pair_id"], []).append(answer == line["label"])
    return [sum(all(one) for one in both.values()), len(both)]


def defended(args: argparse.Namespace, kept: list[dict[str, Any]]) -> None:
    """The first question, seed by seed."""
    train, dev = rows("sst2", "train", args.rows), rows("sst2", "dev")
    attacker = Attacker(train, dev[:: max(1, len(dev) // args.attacked)][: args.attacked])
    for seed in args.seeds:
        for name, settings in WAYS.items():
            if is_kept(kept, "attacks", name, seed, args.rows):
                continue
            with tempfile.TemporaryDirectory() as folder:
                subject, seconds = trained(Path(folder), train, seed=seed, **settings)
                asked = {"part": "attacks", "way": name, "seed": seed, "rows": args.rows, "seconds": round(seconds, 1)}
                figures = {"clean": [right(subject, dev), len(dev)], **attacker(subject), "pairs": pairs_right(subject)}
            keep(kept, {**asked, **figures})


def updated(args: argparse.Namespace, kept: list[dict[str, Any]]) -> None:
    """The second question: an SST-2 model goes on with headlines."""
    old, new = rows("sst2", "train", args.rows), rows("financial_phrasebank", "train")
    dev_old, dev_new = rows("sst2", "dev"), rows("financial_phrasebank", "dev")
    for seed in args.seeds:
        todo = [name for name in ("before", *UPDATES) if not is_kept(kept, "updates", name, seed, args.rows)]
        if not todo:
            continue
        with tempfile.TemporaryDirectory() as folder:
            before, seconds = trained(Path(folder) / "before", old, seed=seed)
            for name in todo:
                subject = before
                if name != "before":
                    given = {"base": str(Path(folder) / "before" / "model"), "method": "full", "learning_rate": 2e-4, "seed": seed}
                    subject, seconds = trained(Path(folder) / name, new, old=old, **given, **UPDATES[name])
                figures = {"old": [right(subject, dev_old), len(dev_old)], "new": [right(subject, dev_new), len(dev_new)]}
                keep(
                    kept, {"part": "updates", "way": name, "seed": seed, "rows": args.rows, "seconds": round(seconds, 1), **figures}
                )


def is_kept(kept: Sequence[dict[str, Any]], part: str, way: str, seed: int, count: int) -> bool:
    """Whether this training was measured before."""
    return any((one["part"], one["way"], one["seed"], one["rows"]) == (part, way, seed, count) for one in kept)


def keep(kept: list[dict[str, Any]], figures: dict[str, Any]) -> None:
    """One training's figures, on disk before the next begins."""
    kept.append({"date": f"{datetime.now(UTC):%Y-%m-%d}", **figures})
    with (HERE / "defences.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(kept[-1]) + "\n")
    (HERE / "defences.md").write_text(written(kept), encoding="utf-8")
    print(json.dumps(figures), flush=True)


def share(found: Sequence[dict[str, Any]], key: str) -> str:
    """Per cent over all seeds; the rows are the same each time, so the 95 % interval is that of one seed's number of rows."""
    hits, count = (sum(one[key][at] for one in found) for at in (0, 1))
    once = rate(round(hits / len(found)), round(count / len(found)))
    return f"{100 * hits / count:.1f} ({100 * once.low:.1f} to {100 * once.high:.1f})"


def written(kept: Sequence[dict[str, Any]]) -> str:
    """Both tables."""
    machine = f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores"
    lines = ["# Defences", "", f"{kept[-1]['date']}, {machine}, by `benchmarks/defences.py`."]
    for part, (title, about, heads) in ABOUT.items():
        own = [one for one in kept if one["part"] == part]
        if not own:
            continue
        head = " | ".join(["defence", "seeds", *heads.values(), "seconds"])
        lines += ["", f"## {title}", "", about, "", f"| {head} |", "|---" * (len(heads) + 3) + "|"]
        for way in dict.fromkeys(one["way"] for one in own):
            found = [one for one in own if one["way"] == way]
            cells = [way, str(len(found)), *(share(found, key) for key in heads)]
            lines.append(f"| {' | '.join(cells)} | {np.mean([one['seconds'] for one in found]):.0f} |")
    return "\n".join(lines) + "\n"


ABOUT = {
    "attacks": (
        "Attacks",
        "SST-2, the embedded base, its upper half in 3 passes. Per cent of dev rows, with the 95 % interval of one seed's rows.\n"
        "Turned: of the rows answered rightly, those that a greedy attack turns within 100 questions. Loose: 40 % of the words,\n"
        "words at cosine 0.5, sentence at 0.7 (TextFooler's); close in meaning: 30 %, 0.6 and 0.85. Pairs: IMDB reviews and\n"
        "rewrites by people, both answered rightly; not trained on.",
        {
            "clean": "clean accuracy",
            "raw": "turned, loose limits",
            "checked": "turned, close in meaning",
            "pairs": "both of a pair right",
        },
    ),
    "updates": (
        "Updates",
        "A model of SST-2 goes on with headlines of finance (Phrasebank, positive and negative), its upper half in 3 passes.\n"
        "Per cent of dev rows.",
        {"old": "old rows (SST-2)", "new": "new rows (headlines)"},
    ),
}


def main() -> None:
    """Measures what is not kept yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--seeds", type=lambda said: [int(one) for one in said.split(",")], default=[0, 1, 2])
    parser.add_argument("--attacked", type=int, default=100)
    parser.add_argument("--part", choices=["attacks", "updates", "both"], default="both")
    args = parser.parse_args()
    file = HERE / "defences.jsonl"
    kept = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.is_file() else []
    if args.part != "attacks":
        updated(args, kept)
    if args.part != "updates":
        defended(args, kept)


if __name__ == "__main__":
    main()
