"""Does privacy/membership tell a model that learned its rows by heart from one that did not?

Four trainings on SST-2: the head alone on all rows, then on a few rows the head alone, the default recipe, and every layer for many
passes. The attack's area under the ROC curve, 95 % interval, is to be near 0.5 for the first and clearly above for the last. Prints
the table and writes it, dated, to benchmarks/membership.md.

    python benchmarks/membership.py [ROWS]     training rows where they are few; as many test rows are the strangers
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from beside.core.recipe import Recipe
from checks import opened, rows_of

HERE = Path(__file__).resolve().parent
RECIPES = {  # title -> whether it learns from all rows, and its settings
    "head alone (probe), all rows": (True, {"method": "probe"}),
    "head alone (probe)": (False, {"method": "probe"}),
    "default recipe": (False, {}),
    "every layer, 20 passes": (False, {"method": "full", "frozen_layers": 0, "epochs": 20, "learning_rate": 1e-4, "dropout": 0.0}),
}


def main() -> None:
    """Trains, attacks, writes the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 800
    lines = [
        "# Membership attack",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {len(os.sched_getaffinity(0))} cores; SST-2, by",
        f"`benchmarks/membership.py {count}`: that many training rows and test rows, or all 6,911 and 1,000.",
        "Kept of each training is the pass that was best on the tune rows, which is why many passes need not be the worst.",
        "",
        "| training | membership AUC (95 % interval) | members found at 1 % false alarms | members attacked | test accuracy |",
        "| --- | --- | --- | --- | --- |",
    ]
    for title, (whole, settings) in RECIPES.items():
        with tempfile.TemporaryDirectory() as scratch:
            loop, corpus = opened(Path(scratch), rows_of("sst2", 0 if whole else count, 1000 if whole else count))
            run = loop.train(corpus.id, Recipe(**settings))
            found = loop.audit(run.id, checks=["privacy/membership", "utility/report"], policy="sandbox", fresh=True)
            lines.append(f"| {title} | {' | '.join(cells({one.metric: one for one in found if hasattr(one, 'metric')}))} |")
            print(lines[-1], flush=True)
    (HERE / "membership.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def cells(found) -> list[str]:  # type: ignore[no-untyped-def]
    """What the table says of one run."""
    auc, tpr, accuracy = (found[name] for name in ("membership_auc", "membership_tpr", "accuracy"))
    shown = [f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})" for one in (auc, tpr, accuracy)]
    return [shown[0], shown[1], str(auc.n), f"{shown[2]}, n {accuracy.n}"]


if __name__ == "__main__":
    main()
