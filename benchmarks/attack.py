"""How fast are rows attacked together, against one row at a time?

TextFooler's search (Jin et al. 2020) on the same model, rows, candidate words and constraints, three ways, interleaved row block by
row block: one row at a time with one text per pass; one row at a time with the candidates of a step in one pass, as TextAttack
(Morris et al. 2020) asks them; all rows of the block together (core/attacking.py). TextAttack itself did not install beside this
project; the first two are stand-ins written here after the paper, each with the constraint asked before the model, as TextAttack
does. Then 1,000 SST-2 rows are attacked together, with TextFooler's thresholds and with those of TFAdjusted. Prints the tables and
writes them, dated, to benchmarks/attack.md.

    python benchmarks/attack.py [ROWS] [TRAIN]     rows of the race (default 60); training rows (default 2,000)
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np

from beside.checks.robustness._attack import near_only
from beside.checks.robustness.greedy_words import check
from beside.core.attacking import Limits, allowed, attack
from beside.core.edits import apart, filled, without
from beside.core.recipe import Recipe
from beside.core.statistics import Estimate, rate
from beside.core.types import Example
from checks import opened, rows_of

HERE = Path(__file__).resolve().parent
BLOCK = 20  # rows of a turn
LIMITS = Limits(share=check.share, queries=10_000, sentence=check.sentence)


def one_row(subject, embed, text, target, spots, batch):  # type: ignore[no-untyped-def]
    """TextFooler on one row, written after the paper; (fooled, texts asked). `batch`: texts a pass."""
    label, asked = subject.labels.index(target), 0

    def ask(texts):  # type: ignore[no-untyped-def]
        nonlocal asked
        asked += len(texts)
        return np.concatenate([subject.probabilities(texts[at : at + batch]) for at in range(0, len(texts), batch)])

    def vectors(texts):  # type: ignore[no-untyped-def]
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
    count, train = (int(sys.argv[place]) if len(sys.argv) > place else usual for place, usual in ((1, 60), (2, 2000)))
    with tempfile.TemporaryDirectory() as scratch:
        loop, corpus = opened(Path(scratch), rows_of("sst2", train, 1000))
        run = loop.train(corpus.id, Recipe(epochs=1))
        subject, base, splits = loop.subject(run), loop.base_of(run), loop.splits(corpus)
        lines = [*race(subject, base, splits, count), *thousand(subject, base, splits)]
    head = (
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {len(os.sched_getaffinity(0))} cores shared with other work; SST-2,"
    )
    what = f"`benchmarks/attack.py {count} {train}`: embedded base, one epoch on {train} rows; words near in the base's embeddings."
    (HERE / "attack.md").write_text("\n".join(["# Attacks", "", head, what, "", *lines]) + "\n", encoding="utf-8")


def race(subject, base, splits, count: int) -> list[str]:  # type: ignore[no-untyped-def]
    """The three ways on the same rows, block by block."""
    rows: list[Example] = [row for row in splits.test if row.target][:count]
    texts, targets = [row.text for row in rows], [str(row.target) for row in rows]
    spots = near_only(check.spots(texts, base, splits.train), texts, base.embed, check.word)
    seconds, fooled, asked = defaultdict(float), defaultdict(int), defaultdict(int)  # type: ignore[var-annotated]
    for at in range(0, count, BLOCK):
        block = list(zip(texts, targets, spots, strict=True))[at : at + BLOCK]
        for name, batch in (("one row, one text a pass", 1), ("one row, a step a pass (32)", 32)):
            began = perf_counter()
            ended = [one_row(subject, base.embed, *row, batch) for row in block]
            seconds[name] += perf_counter() - began
            fooled[name] += sum(won for won, _ in ended)
            asked[name] += sum(queries for _, queries in ended)
        name, began = "rows together", perf_counter()
        found = attack(subject, *(list(one) for one in zip(*block, strict=True)), limits=LIMITS, embed=base.embed)
        seconds[name] += perf_counter() - began
        fooled[name] += sum(one.ended == "fooled" for one in found)
        asked[name] += sum(one.queries for one in found)
    right = sum(answer == target for answer, target in zip(subject.predict(texts), targets, strict=True))
    lines = [
        "| way | rows a minute | seconds | fooled of right answers | texts asked of the model |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, spent in seconds.items():
        one = shown(rate(fooled[name], right))
        lines.append(f"| {name} | {60 * count / spent:.0f} | {spent:.1f} | {one} | {asked[name]} |")
    print("\n".join(lines), flush=True)
    return [f"Race on {count} rows, {BLOCK} at a time.", "", *lines, ""]


def thousand(subject, base, splits) -> list[str]:  # type: ignore[no-untyped-def]
    """1,000 rows together, with the thresholds of TextFooler and of TFAdjusted."""
    rows = [row for row in splits.test if row.target][:1000]
    texts, targets = [row.text for row in rows], [str(row.target) for row in rows]
    began = perf_counter()
    spots = check.spots(texts, base, splits.train)
    found_in = perf_counter() - began
    lines = [f"{len(rows)} rows together; candidate words found in {found_in:.1f} s.", ""]
    lines += [
        "| constraints | seconds | rows a minute | fooled of right answers | accuracy under attack | texts a row |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, word, sentence in (
        ("TextFooler (0.5, 0.7)", check.word, check.sentence),
        ("TFAdjusted (0.9, 0.98)", check.checked_word, check.checked_sentence),
        ("between (0.7, 0.9)", 0.7, 0.9),
    ):
        began = perf_counter()
        limits = Limits(share=check.share, queries=check.queries, sentence=sentence)
        found = attack(subject, texts, targets, near_only(spots, texts, base.embed, word), limits=limits, embed=base.embed)
        spent = perf_counter() - began
        right = [one for one in found if one.ended != "wrong"]
        fooled = sum(one.ended == "fooled" for one in right)
        some, left = shown(rate(fooled, len(right))), shown(rate(len(right) - fooled, len(found)))
        texts_a_row = np.mean([one.queries for one in right])
        lines.append(f"| {name} | {spent:.1f} | {60 * len(rows) / spent:.0f} | {some} | {left} | {texts_a_row:.0f} |")
        print(lines[-1], flush=True)
        for one in [one for one in right if one.ended == "fooled"][:4]:
            print("   ", one.text, "=>", one.edited, flush=True)
    return lines


def shown(one: Estimate) -> str:
    """A share with its interval and n."""
    return f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f}), n {one.n}"


if __name__ == "__main__":
    main()
