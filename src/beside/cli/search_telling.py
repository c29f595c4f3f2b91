"""What a search and a repetition showed, in words."""

from __future__ import annotations

import os
from pathlib import Path

from beside.cli.terminal import Terminal
from beside.core.repetition import Repetition
from beside.core.trials import Search, Spread

VERDICTS = {
    "winner": "the found recipe is better, beyond what seeds alone change",
    "default": "the recipe without a search is better: keep it",
    "cannot tell": "these seeds cannot tell them apart",
}


def search_in_words(found: Search, corpus: str) -> None:
    """Best trial, its confirmation, what mattered, and what to do next."""
    out = Terminal()
    ended = found.count("finished", "pruned", "failed")
    parts = [f"{found.count(state)} {state}" for state in ("finished", "pruned", "failed") if found.count(state)]
    out.say(f"Search {found.id}: {ended} of {found.asked} trials ({', '.join(parts) or 'none'}), {found.seconds:.0f} s")
    if found.exhausted:
        out.say("  every set of values of this space was tried")
    if found.best is None or found.confirmed is None:
        out.say("  no trial has come to its end yet: give more time, or more trials")
        return
    chosen = f"{found.metric} {found.best.score:.3f} on {found.tune_rows} tune rows"
    out.say(f"  best: trial {found.best.number}, {chosen}; it is the best of many, so it flatters itself.")
    out.say(f"  With {len(found.confirmed.seeds)} fresh seeds, mean and 95 % interval over the seeds:")
    sides = {"found": found.confirmed.winner, "without a search": found.confirmed.default, "difference": found.confirmed.gap}
    out.table([""] * 3, [[name, *row_of(side, name == "difference")] for name, side in sides.items()], indent="    ")
    out.say(f"  {VERDICTS[found.confirmed.verdict]}; other tune rows would move all of these")
    params = found.best.params.items()
    out.table([""] * 2, [[knob, f"{value:.4g}" if isinstance(value, float) else str(value)] for knob, value in params])
    if found.importance:
        first = ", ".join(f"{one.knob} {one.value:.2f} ({one.low:.2f} to {one.high:.2f})" for one in found.importance[:3])
        out.say(f"  what mattered most (share of variance, {found.importance[0].n} trials): {first}")
    folder = Path(os.path.relpath(found.folder))
    out.say(f"  recipe and pictures: {folder}")
    out.say(f"  the model of that recipe is stored: {found.run_id}; next: beside audit {found.run_id}")
    out.say(f"  to train with it elsewhere: beside train {corpus} --recipe {folder / 'winner.toml'}")


def row_of(side: Spread, signed: bool) -> list[str]:
    """Mean, interval and the single scores."""
    sign = "+" if signed else ""
    scores = ", ".join(f"{score:{sign}.3f}" for score in side.scores)
    return [f"{side.value:{sign}.3f} ({side.low:{sign}.3f} to {side.high:{sign}.3f})", f"seeds: {scores}"]


def repetition_in_words(again: Repetition) -> None:
    """Whether a run can be had again, and what differs."""
    out = Terminal()
    out.say(f"Run {again.run_id} trained again in {again.seconds:.0f} s: {again.verdict}")
    rows = [[name, f"{value:.6f}", f"{again.again.get(name, float('nan')):.6f}"] for name, value in again.scores.items()]
    if rows:
        out.table(["tune split", "stored", "again"], rows)
    if again.changed_files:
        out.say(f"  other bytes in: {', '.join(again.changed_files)}")
        of = f" of {again.n}" if again.n else ""
        out.say(f"  logits differ by up to {again.largest:.2g}; {again.changed_answers}{of} answers are others")
    for name, (before, now) in again.versions.items():
        out.say(f"  {name}: {before} then, {now} now")
    if again.verdict == "same weights":
        out.say("  every file of the model is the same, byte for byte")
