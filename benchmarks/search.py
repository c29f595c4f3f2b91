"""A search on real rows, killed twice on its way, and what its winner is worth: writes benchmarks/search.md.

The command line as a user has it: import, `beside search` whose processes are ended by SIGKILL after about a third and two thirds
of its trials, and the same command again each time. The winner and the recipe it started from are then trained with fresh seeds;
the search itself does that on the tune split, and this script once more on the test rows, which nothing before has read.

    python benchmarks/search.py [SET] [ROWS] [TRIALS]     SET: sst2 or banking77
"""

from __future__ import annotations

import json
import os
import platform
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t as student

from methods import written

HERE = Path(__file__).parent
SEEDS = 3
FIXED = ("epochs=3",)


def main() -> None:
    """Runs it and writes the page."""
    name, count, trials = (*sys.argv[1:], *("sst2", "500", "30")[len(sys.argv) - 1 :])
    with tempfile.TemporaryDirectory() as made:
        home = Path(made)
        rows = written(name, int(count), home / "rows.csv")
        beside(home, "import", str(rows), "--name", name, "--text", "text", "--label", "label", "--split", "split")
        found, left = searched(home, name, int(trials))
        tested = [confirmed_on_test(home, name, seed, found) for seed in range(100, 100 + SEEDS)]
    text = page(name, int(count), found, left, tested)
    print(text)
    (HERE / "search.md").write_text(text, encoding="utf-8")


def beside(home: Path, *words: str) -> Any:
    """What a command says in JSON. Raises CalledProcessError when it fails."""
    ended = subprocess.run(command(home, *words), stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(ended.stdout)


def command(home: Path, *words: str) -> list[str]:
    """A command line of Beside."""
    return [sys.executable, "-m", "beside", *words, "--workspace", str(home / "w"), "--json"]


def searched(home: Path, name: str, trials: int) -> tuple[Any, list[int]]:
    """The finished search, and how many trials had ended at each kill."""
    words = ("search", name, "--trials", str(trials), "--seeds", str(SEEDS), *(word for knob in FIXED for word in ("--set", knob)))
    left = []
    for share in (1 / 3, 2 / 3):
        running = subprocess.Popen(command(home, *words), stdout=subprocess.DEVNULL, start_new_session=True)
        while ended(home) < share * trials and running.poll() is None:
            time.sleep(1)
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        left.append(ended(home))
        print(f"killed with {left[-1]} trials ended", flush=True)
    return beside(home, *words), left


def ended(home: Path) -> int:
    """Trials that have ended, read from the workspace's own database of studies."""
    total = 0
    for file in (home / "w").rglob("*.sqlite"):
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as there:
            if there.execute("SELECT 1 FROM sqlite_master WHERE name = 'trials'").fetchone():
                total += there.execute("SELECT count(*) FROM trials WHERE state IN ('COMPLETE', 'PRUNED')").fetchone()[0]
    return total


def confirmed_on_test(home: Path, name: str, seed: int, found: Any) -> dict[str, float]:
    """Accuracy of winner and default with one more seed, on the test rows."""
    scores = {}
    fixed = [word for knob in FIXED for word in ("--set", knob)]
    for side, given in (("winner", ["--recipe", str(Path(found["folder"]) / "winner.toml")]), ("default", fixed)):
        run = beside(home, "train", name, *given, "--set", f"seed={seed}")
        checked = beside(home, "audit", run["id"], "--check", "utility/report", "--policy", "sandbox")
        findings = checked["findings"] if isinstance(checked, dict) else checked
        scores[side] = next(one["value"] for one in findings if one.get("metric") == "accuracy")
    return scores


def page(name: str, count: int, found: Any, left: list[int], tested: list[dict[str, float]]) -> str:
    """The dated page."""
    states = Counter(trial["state"] for trial in found["trials"])
    different = len({json.dumps(trial["params"], sort_keys=True) for trial in found["trials"]})
    confirmed = found["confirmed"]
    lines = [
        f"# Search: {name}",
        "",
        f"{datetime.now(UTC).date()}, {os.cpu_count()} cores ({platform.machine()}, no GPU); {count} train rows, "
        f"{found['tune_rows']} tune rows, base `embedded`, {', '.join(FIXED)}.",
        f"By `benchmarks/search.py {name} {count} {found['asked']}`.",
        "",
        f"Asked for {found['asked']} trials; killed with {' and '.join(map(str, left))} of them ended; at the end "
        f"{', '.join(f'{number} {state}' for state, number in sorted(states.items()))}, {different} different sets of knobs.",
        f"Best trial: {found['metric']} {found['best']['score']:.4f} on the tune rows, the best of many and so too good; "
        f"`{json.dumps(found['best']['params'])}`.",
        "",
        f"| mean of {SEEDS} fresh seeds (95 % interval over seeds) | tune rows, by the search | test rows |",
        "|---|---|---|",
    ]
    for side in ("winner", "default"):
        lines.append(f"| {side} | {told(confirmed[side]['scores'])} | {told([one[side] for one in tested])} |")
    gaps = [one["winner"] - one["default"] for one in tested]
    lines += [
        f"| difference | {told(confirmed['gap']['scores'], '+')} | {told(gaps, '+')} |",
        "",
        f"The search's own verdict: {confirmed['verdict']}.",
        "",
    ]
    return "\n".join(lines)


def told(scores: list[float], sign: str = "") -> str:
    """Mean and Student's t interval over seeds."""
    half = float(student.ppf(0.975, len(scores) - 1)) * float(np.std(scores, ddof=1)) / len(scores) ** 0.5
    middle = float(np.mean(scores))
    return f"{middle:{sign}.4f} ({middle - half:{sign}.4f} to {middle + half:{sign}.4f})"


if __name__ == "__main__":
    main()
