"""How fast are rows attacked together, against one row at a time?

TextFooler's search (Jin et al. 2020) on the same model, rows, candidate words and constraints, interleaved block by block of rows:
TextAttack (Morris et al. 2020) as it comes, where it can be imported (attack_textattack.py says how); TextAttack with the model
asked by our own inference, which pads less; the same search written here after the paper, one row at a time, the candidates of a
step in one pass; all rows of the block together (core/attacking.py). Then the checks that attack take 1,000 rows each. Prints the
tables and writes them, dated, to benchmarks/attack.md.

    python benchmarks/attack.py [--rows 240] [--train 2000] [--part race|thousand|both] [--keep DIR]

A part that is not asked for stays in the page as it was.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch

from beside.checks.robustness._attack import near_only
from beside.checks.robustness.greedy_words import check
from beside.core.attacking import Limits, allowed, attack
from beside.core.edits import apart, filled, without
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.core.statistics import Estimate, rate
from beside.core.types import Example, Splits
from beside.engine.runtime import load_subject
from beside.engine.untrained import base_subject
from defences import rows, trained

try:
    from attack_textattack import TextAttack
except ImportError:
    TextAttack = None  # type: ignore[assignment, misc]

HERE = Path(__file__).resolve().parent
PAGE = HERE / "attack.md"
HEAD = """# Attacks

By `benchmarks/attack.py`. SST-2; the embedded base, two epochs on some of the training rows (2,000 unless told otherwise); attacked
are other rows of the training file.
"""
BLOCK = 40  # rows of a turn; an audit attacks 100 at a time
LIMITS = Limits(share=1.0, queries=10_000, sentence=check.sentence)  # the paper bounds neither words nor questions
Way = Callable[[list[Any]], tuple[int, int]]  # rows with target and spots -> fooled, texts asked


def one_row(subject: Any, embed: Any, text: str, target: str, spots: Any, batch: int) -> tuple[bool, int]:
    """TextFooler on one row, written after the paper; (fooled, texts asked). `batch`: texts a pass."""
    label, asked = subject.labels.index(target), 0

    def ask(texts: list[str]) -> np.ndarray:
        nonlocal asked
        asked += len(texts)
        return np.concatenate([subject.probabilities(texts[at : at + batch]) for at in range(0, len(texts), batch)])

    def vectors(texts: list[str]) -> np.ndarray:
        found = np.concatenate([embed(texts[at : at + batch]) for at in range(0, len(texts), batch)])
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    before = ask([text])[0]
    spots = apart(spots, text)
    if before.argmax() != label or not spots:
        return False, asked
    own, now = vectors([text])[0], float(before[label])
    scores = ask([without(text, start, end) for start, end, _ in spots])
    said = scores.argmax(axis=1)
    weights = before[label] - scores[:, label]
    weights += np.where(said != label, scores[np.arange(len(said)), said] - before[said], 0.0)
    chosen: tuple[tuple[int, int], ...] = ()
    for spot in np.argsort(-weights, kind="stable"):
        if len(chosen) >= allowed(text, LIMITS.share):
            break
        moves = [tuple(sorted((*chosen, (int(spot), other)))) for other in range(len(spots[spot][2]))]
        edits = [filled(text, spots, move) for move in moves]
        near = vectors(edits) @ own
        kept = [place for place in range(len(moves)) if near[place] >= LIMITS.sentence]
        if not kept:
            continue
        scores = ask([edits[place] for place in kept])
        if (scores.argmax(axis=1) != label).any():
            return True, asked
        best = int(scores[:, label].argmin())
        if scores[best, label] < now:
            chosen, now = moves[kept[best]], float(scores[best, label])
    return False, asked


def main() -> None:
    """Trains, races, attacks 1,000 rows, writes the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=240, help="rows of the race")
    parser.add_argument("--train", type=int, default=2000, help="training rows; others of the training file are attacked")
    parser.add_argument("--part", choices=["race", "thousand", "both"], default="both")
    parser.add_argument("--keep", type=Path, help="folder of the model; one that is there is not trained again")
    args = parser.parse_args()
    every = rows("sst2", "train")
    learned = every[:: max(1, len(every) // args.train)][: args.train]
    known = {row.text for row in learned}
    fresh = [row for row in every if row.text not in known]
    fresh = fresh[:: max(1, len(fresh) // 1000)][:1000]
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.keep or Path(scratch)
        if not (folder / "model").is_dir():
            trained(folder, learned, method="full", frozen_layers=0, epochs=2, seed=0)
        subject, base = load_subject(folder / "model"), base_subject(Recipe(pooling="mean"))
        if args.part != "thousand":
            put(race(subject, base, learned, fresh[: args.rows]))
        if args.part != "race":
            put(thousand(subject, base, learned, fresh))


def put(lines: Sequence[str]) -> None:
    """Puts a section, which begins with its title, in place of the one of that title, or at the end of the page."""
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else HEAD
    parts = re.split(r"(?m)^## ", before)[1:]
    sections = {part.split("\n", 1)[0]: part.strip() for part in parts}
    title, threads = lines[0], f"{torch.get_num_threads()} threads on {len(os.sched_getaffinity(0))} cores"
    dated = f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {threads}."
    sections[title] = "\n".join([title, "", dated, *lines[1:]]).strip()
    PAGE.write_text("\n\n".join([HEAD.strip(), *(f"## {part}" for part in sections.values())]) + "\n", encoding="utf-8")


def ways(subject: Any, base: Any) -> dict[str, Way]:
    """Every way to run the search, by name."""

    def alone(one: Callable[..., tuple[bool, int]]) -> Way:
        def run(block: list[Any]) -> tuple[int, int]:
            ended = [one(*row) for row in block]
            return sum(won for won, _ in ended), sum(queries for _, queries in ended)

        return run

    def together(block: list[Any]) -> tuple[int, int]:
        found = attack(subject, *(list(one) for one in zip(*block, strict=True)), limits=LIMITS, embed=base.embed)
        return sum(one.ended == "fooled" for one in found), sum(one.queries for one in found)

    found = {}
    if TextAttack:
        found["TextAttack 0.3.11 as it comes"] = alone(TextAttack(subject, base.embed, LIMITS.sentence, padded=True))
        found["TextAttack, model asked without padding"] = alone(TextAttack(subject, base.embed, LIMITS.sentence, padded=False))
    found["one row at a time, a step a pass"] = alone(lambda *row: one_row(subject, base.embed, *row, 32))
    return {**found, "rows together": together}


def race(subject: Any, base: Any, learned: Sequence[Example], attacked: Sequence[Example]) -> list[str]:
    """All ways on the same rows, block by block."""
    texts, targets = [row.text for row in attacked], [str(row.target) for row in attacked]
    spots = near_only(check.spots(texts, base, learned), texts, base.embed, check.word)
    spots = [apart(some, text) for some, text in zip(spots, texts, strict=True)]
    seconds, fooled, asked = defaultdict[str, list[float]](list), defaultdict[str, int](int), defaultdict[str, int](int)
    racing = ways(subject, base)
    subject.predict(texts[:8])
    for at in range(0, len(texts), BLOCK):
        block = list(zip(texts, targets, spots, strict=True))[at : at + BLOCK]
        for name, way in racing.items():
            began = perf_counter()
            won, queries = way(block)
            seconds[name].append(perf_counter() - began)
            fooled[name], asked[name] = fooled[name] + won, asked[name] + queries
        print(at, {name: round(sum(spent), 1) for name, spent in seconds.items()}, flush=True)
    right = sum(answer == target for answer, target in zip(subject.predict(texts), targets, strict=True))
    lines = [
        "| way | rows a minute | times slower | seconds | fooled of right answers | texts asked of the model |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    own = sum(seconds["rows together"])
    for name, spent in seconds.items():
        share, whole = shown(rate(fooled[name], right)), sum(spent)
        slower = apart_by(np.array(spent), np.array(seconds["rows together"])) if name != "rows together" else ""
        lines.append(f"| {name} | {60 * len(texts) / whole:.0f} | {slower} | {whole:.1f} | {share} | {asked[name]} |")
    print("\n".join(lines), own, flush=True)
    return ["The same search, interleaved", f"{len(texts)} rows, {BLOCK} at a time in turn. {ABOUT}", "", *lines]


def apart_by(slow: np.ndarray, fast: np.ndarray) -> str:
    """How many times slower, with a 95 % interval over blocks (bootstrap)."""
    draws = np.random.default_rng(0).integers(len(slow), size=(2000, len(slow)))
    low, high = np.percentile(slow[draws].sum(axis=1) / fast[draws].sum(axis=1), [2.5, 97.5])
    return f"{slow.sum() / fast.sum():.1f} ({low:.1f} to {high:.1f})"


def thousand(subject: Any, base: Any, learned: Sequence[Example], attacked: Sequence[Example]) -> list[str]:
    """The checks of robustness that attack, each on all rows: both of its runs, loose and meaning-checked."""
    splits = Splits(train=list(learned), tune=[], test=list(attacked))
    lines = ["| check | minutes | metric | value | texts a row |", "| --- | --- | --- | --- | --- |"]
    for name in ("greedy_words", "beam", "characters"):
        one = replace(load("checks", f"robustness/{name}"), rows=len(attacked), shown=6)
        one = replace(one, base=base) if hasattr(one, "base") else one
        began = perf_counter()
        found = list(one.measure(subject, splits, np.random.default_rng(0)))
        minutes = (perf_counter() - began) / 60
        texts = next(told.value for told in found if told.metric.endswith("_queries"))
        for place, told in enumerate(told for told in found if not told.metric.endswith("_queries")):
            value = f"{told.value:.3f} ({told.low:.3f} to {told.high:.3f}), n {told.n}"
            lines.append(
                f"| {'' if place else name} | {'' if place else f'{minutes:.1f}'} | {told.metric} | {value} | {texts:.0f} |"
            )
        print("\n".join(lines[-3:]), flush=True)
    return [f"{len(attacked)} rows", "Each check runs twice: loose, and with the meaning checked.", "", *lines]


ABOUT = (
    "Same model, rows, candidate words, sentence\nencoder and least cosine (0.7 to the untouched text); 95 % intervals. TextAttack "
    "as it comes pads every text to the model's\nlongest length (its HuggingFaceModelWrapper) and encodes the untouched text "
    "anew for each candidate."
)


def shown(one: Estimate) -> str:
    """A share with its interval and n."""
    return f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f}), n {one.n}"


if __name__ == "__main__":
    main()
