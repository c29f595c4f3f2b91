"""What pre-training on a team's own unlabelled text is worth: writes benchmarks/pretrain.md.

The train texts of a set, without their labels, make a base; then the labels of all of them, or of a few hundred, train from that
base and from the one that people would take without it. Everything is chosen on dev rows (with few labels, on few of them); the
test rows are looked at once per training, after it has ended. Interval of a gap: paired bootstrap over test rows of the mean over
seeds.

Reads `../shared/data` beside the checkout, or the folder in BESIDE_BENCH_DATA. Bases are kept in the folder in BESIDE_BENCH_KEEP,
so that the work can be cut into pieces; a base that was killed goes on.

    python benchmarks/pretrain.py SET                 makes the base of the set: hotel, finance
    python benchmarks/pretrain.py SET/START/ROWS/SEED ...   one training each; START: plain or pretrained, ROWS: all or a number
    python benchmarks/pretrain.py                     writes the page from what was measured
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from results import THREADS, rows_of

from beside.checks.utility._floor import tfidf_answers
from beside.core.cleaning import clean, near_key
from beside.core.interfaces import Silent
from beside.core.pretraining import Base, Pretraining
from beside.core.recipe import Recipe
from beside.core.statistics import mcnemar, mean, rate
from beside.core.types import Corpus, Example, Splits
from beside.engine.loading import Start
from beside.engine.runtime import load_subject
from beside.stages.pretrain import base_id, pretrain
from beside.stages.train import train
from beside.store.artifacts import Artifacts

HERE = Path(__file__).parent
KEEP = Path(os.environ.get("BESIDE_BENCH_KEEP") or tempfile.mkdtemp())
STORE = HERE / "pretrain.jsonl"  # one line per base and per training
PAGE = HERE / "pretrain.md"


class Told(Silent):
    """Lines for whoever watches."""

    def say(self, text: str) -> None:
        print(f"  {text}", flush=True)


@dataclass(frozen=True)
class Setting:
    """A data set, what one would start from without pre-training, and how the base is made."""

    title: str
    folder: str
    plain: str
    knobs: dict[str, object] = field(default_factory=dict)


SETS = {
    "hotel": Setting("Chinese hotel reviews", "chnsenticorp_hotel", "scratch"),
    "finance": Setting(
        "English finance headlines (financial_phrasebank)", "financial_phrasebank", "embedded", {"base": "embedded"}
    ),
}


def main(jobs: list[str]) -> None:
    """Does each job and appends what was measured; without jobs writes the page."""
    for job in jobs:
        name, *rest = job.split("/")
        row = measure(name, *rest) if rest else describe(name, make_base(name))
        print(json.dumps({key: value for key, value in row.items() if key not in ("hits", "floor_hits")}), flush=True)
        with STORE.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row) + "\n")
    if not jobs:
        PAGE.write_text(page(), encoding="utf-8")
        print(f"wrote {PAGE}")


def make_base(name: str) -> Base:
    """The base of a set, made or found."""
    there, artifacts = KEEP / f"{name}.json", Artifacts(KEEP / "artifacts")
    if there.exists():
        return Base.model_validate_json(there.read_text())
    seen: dict[str, str] = {}
    for example in rows_of(SETS[name].folder, "train"):
        seen.setdefault(near_key(example.text), clean(example.text))
    texts, recipe = list(seen.values()), Pretraining(**{"threads": THREADS, **SETS[name].knobs})
    id = base_id(name, texts, recipe, "")
    resume = (KEEP / id / "state.json").exists()
    now = datetime.now(UTC)
    made = pretrain(id, name, texts, recipe, artifacts=artifacts, checkpoints=KEEP, resume=resume, progress=Told(), now=now)
    there.write_text(made.model_dump_json())
    return made


def describe(name: str, base: Base) -> dict[str, object]:
    """What is kept of a base."""
    kept = ("texts", "tokens", "steps", "perplexity", "low", "high", "n", "parameters", "seconds", "history")
    plain = base.model_dump(mode="json")
    return {"set": name, "date": plain["made_at"][:10], "recipe": plain["recipe"], **{key: plain[key] for key in kept}}


def measure(name: str, start: str, rows: str, seed: str) -> dict[str, object]:
    """One training and one look at the test rows."""
    setting, number = SETS[name], int(seed)
    learned, tune = rows_of(setting.folder, "train"), rows_of(setting.folder, "dev")
    dev, test = tune, rows_of(setting.folder, "test")
    if rows != "all":
        learned, tune = some(learned, int(rows), number), some(tune, max(60, int(rows) // 5), number)
    labels, now = tuple(sorted({str(example.target) for example in learned})), datetime.now(UTC)
    counts = {"train": len(learned), "tune": len(tune), "test": len(test)}
    corpus = Corpus(id=f"corpus-{name}", name=name, task="classify", labels=labels, splits=counts, examples="", made_at=now)
    folder = str(Artifacts(KEEP / "artifacts").folder(make_base(name).model)) if start == "pretrained" else None
    recipe = Recipe(base=name if folder else setting.plain, seed=number, threads=THREADS)
    with tempfile.TemporaryDirectory() as home:
        artifacts = Artifacts(Path(home) / "artifacts")
        run = train(
            corpus,
            Splits(learned, tune, test),
            recipe,
            start=Start(folder),
            artifacts=artifacts,
            checkpoints=Path(home),
            progress=Told(),
            now=now,
        )
        subject = load_subject(artifacts.folder(run.model))
        right = {part: hits(subject.predict([one.text for one in split]), split) for part, split in (("dev", dev), ("test", test))}
    floor = tfidf_answers([one.text for one in learned], [str(one.target) for one in learned], [one.text for one in test])
    return {
        "set": name,
        "start": start,
        "labelled": rows,
        "seed": number,
        "date": now.date().isoformat(),
        "rows": counts,
        "recipe": run.recipe.model_dump(),
        "seconds": round(run.seconds, 1),
        "dev": [sum(right["dev"]), len(dev)],
        "test": [sum(right["test"]), len(test)],
        "hits": "".join(map(str, right["test"])),
        "floor_hits": "".join(map(str, hits(floor, test))),
    }


def some(examples: Sequence[Example], count: int, seed: int) -> list[Example]:
    """So many random rows, each label in its share."""
    by_label: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        by_label[str(example.target)].append(example)
    luck = random.Random(seed)
    return [
        example
        for label in sorted(by_label)
        for example in luck.sample(by_label[label], round(count * len(by_label[label]) / len(examples)))
    ]


def hits(answers: Sequence[str], examples: Sequence[Example]) -> list[int]:
    """1 for each right answer, 0 for each wrong one."""
    return [int(answer == example.target) for answer, example in zip(answers, examples, strict=True)]


def page() -> str:
    """benchmarks/pretrain.md from the newest measurement of each base and training."""
    bases: dict[str, dict] = {}
    runs: dict[tuple[str, str, str, int], dict] = {}
    for line in STORE.read_text(encoding="utf-8").splitlines() if STORE.exists() else []:
        row = json.loads(line)
        if "start" in row:
            runs[row["set"], row["labelled"], row["start"], row["seed"]] = row
        else:
            bases[row["set"]] = row
    body = ["# What pre-training on one's own text is worth", "", *HEAD]
    for name, setting in SETS.items():
        if name in bases:
            body += ["", f"## {setting.title}", "", told(bases[name], setting), "", *table(name, setting, runs)]
    if not runs:
        body += ["", "Accuracy with and without a base was not measured yet: no gain is claimed."]
    return "\n".join([*body, "", *FOOT, ""])


def told(base: dict, setting: Setting) -> str:
    """One sentence on a base."""
    knobs, start = base["recipe"], f"from `{setting.plain}`"
    made = f"{base['texts']:,} texts, {base['tokens']:,} tokens, {knobs['epochs']} passes, {base['steps']:,} steps"
    return (
        f"Measured {base['date']}. Base {start}: {made}, {base['parameters'] / 1e6:.1f} M parameters, {base['seconds']:.0f} s on "
        f"{knobs['threads']} threads of a shared machine. Perplexity of hidden tokens {base['history'][0]['tune_perplexity']:.1f} "
        f"after the first pass, {base['perplexity']:.1f} ({base['low']:.1f} to {base['high']:.1f}) at the end, on "
        f"{base['n']} texts held out."
    )


def table(name: str, setting: Setting, runs: dict[tuple[str, str, str, int], dict]) -> list[str]:
    """Accuracy on dev and test rows by how many rows are labelled, with and without the base."""
    lines = [
        "| labelled | seeds | start | dev accuracy | test accuracy (95 % interval) | gap on test (same), McNemar p | seconds |",
        "|---|---|---|---|---|---|---|",
    ]
    sizes = sorted({key[1] for key in runs if key[0] == name}, key=lambda size: 10**9 if size == "all" else int(size))
    for size in sizes:
        seeds = sorted(
            {key[3] for key in runs if key[:3] == (name, size, "plain")}
            & {key[3] for key in runs if key[:3] == (name, size, "pretrained")}
        )
        if not seeds:
            continue
        plain, ours = ([runs[name, size, start, seed] for seed in seeds] for start in ("plain", "pretrained"))
        before, after, floor = bits(plain), bits(ours), bits(plain, "floor_hits")
        count = str(plain[0]["rows"]["train"])
        given = {"TF-IDF + logistic regression": (floor, None), f"`{setting.plain}`": (before, plain), "pre-trained": (after, ours)}
        for start, (right, made) in given.items():
            dev = f"{np.mean([row['dev'][0] / row['dev'][1] for row in made]):.4f}" if made else ""
            against = gap(before, right) if start == "pre-trained" else ""
            took = f"{np.mean([row['seconds'] for row in made]):.0f}" if made else ""
            lines.append(f"| {count} | {len(seeds)} | {start} | {dev} | {accuracy(right)} | {against} | {took} |")
    return lines


def bits(rows: list[dict], key: str = "hits") -> np.ndarray:
    """Right answers, (seeds, test rows)."""
    return np.array([[int(bit) for bit in row[key]] for row in rows])


def accuracy(right: np.ndarray) -> str:
    """Mean over seeds; the interval is over test rows: Wilson's for one seed, else a bootstrap with a row's seeds together."""
    if len(right) == 1:
        found = rate(int(right.sum()), right.shape[1])
    else:
        found = mean(right.mean(axis=0), np.random.default_rng(0))
    return f"{found.value:.4f} ({found.low:.4f} to {found.high:.4f}), n = {found.n}"


def gap(before: np.ndarray, after: np.ndarray) -> str:
    """Mean gain over seeds with the interval over test rows, and the exact McNemar p of each seed."""
    found = mean(after.mean(axis=0) - before.mean(axis=0), np.random.default_rng(0))
    p = [mcnemar(int((one > other).sum()), int((other > one).sum())) for one, other in zip(before, after, strict=True)]
    return f"{found.value:+.4f} ({found.low:+.4f} to {found.high:+.4f}); p = {', '.join(f'{value:.2g}' for value in p)}"


HEAD = (
    "By `benchmarks/pretrain.py`. The base learns from the train texts alone, without labels; dev rows decide the epoch, test rows",
    "are read once per training. Intervals are over test rows; they do not cover the luck of another base.",
)
FOOT = (
    "## Tried before, on the hotel reviews (2 threads of a shared machine, 2026-11-25)",
    "",
    "| tokenizer | positions begin as | batch, rate | passes | perplexity of hidden tokens, texts held out | seconds |",
    "|---|---|---|---|---|---|",
    "| `bpe`, 12,000 tokens | random numbers | 32, 1e-3 | 5 of 12, then stopped | 1110 (no interval) | 216 |",
    "| `wordpiece`, about 4,200 tokens | random numbers | 16, 2e-3 | 9 | 252.2 (228.4 to 276.6, n = 271 texts) | 521 |",
    "",
    "Knowing nothing but how often each WordPiece token occurs gives 411 (a token at a time, without hiding words): the second run",
    "learned little more than the frequencies of words. Positions therefore begin as sines and cosines now: the base above.",
)


if __name__ == "__main__":
    main(sys.argv[1:])
