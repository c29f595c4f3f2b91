"""How often guards speak of ordinary texts, and how often of those they are for: writes benchmarks/guards.md.

`mixed_scripts` and `injection` need no model. For `out_of_scope` a probe on the embedded model learns 67 of the 77 labels of
BANKING77; in scope are test rows of those labels, out of it other corpora, and hardest the ten labels that were left out. The
score is the one that the check scope/out_of_scope keeps, the level is fitted on tune rows as for a release. Homoglyphs are put
into SST-2 rows by machine, injections are written by hand (benchmarks/injection.csv): after the patterns, and no pattern was
changed for them.

    python benchmarks/guards.py [--train N] [--test N]
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np

from beside.core.registry import load
from beside.core.statistics import rate

HERE = Path(__file__).resolve().parent
DATA = HERE.parent.parent / "shared" / "data"
LEFT_OUT = 10  # labels of BANKING77 that the model never sees
LATIN = {"a": "а", "c": "с", "e": "е", "o": "о", "p": "р", "x": "х", "y": "у", "i": "і"}  # Cyrillic
Row = tuple[str, str, str, int, int]  # guard, texts, what it should do, spoken, n


def main() -> None:
    """Measures and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=int, default=3000)
    parser.add_argument("--test", type=int, default=1500)
    asked = parser.parse_args()
    rows = [*of_letters(), *of_orders()]
    speed = seconds_per_1000()
    scope, told = of_scope(asked.train, asked.test)
    page = written([*rows, *scope], told, speed)
    print(page)
    (HERE / "guards.md").write_text(page, encoding="utf-8")


def texts_of(name: str, file: str) -> list[dict[str, str]]:
    """The rows of a file of a set."""
    return [json.loads(line) for line in (DATA / name / f"{file}.jsonl").read_text(encoding="utf-8").splitlines()]


def ordinary() -> Iterator[tuple[str, list[str]]]:
    """Corpora that hold ordinary text, in English and Chinese."""
    for told, name in (("SST-2", "sst2"), ("hotel reviews (Chinese)", "chnsenticorp_hotel"), ("BANKING77", "banking77")):
        yield told, [row["text"] for split in ("dev", "test") for row in texts_of(name, split)]


def spoken(judge: Callable[[str], object], texts: Sequence[str]) -> int:
    """Of how many texts a guard speaks."""
    return sum(judge(text) is not None for text in texts)


def of_letters() -> Iterator[Row]:
    """The guard of scripts: ordinary text, and SST-2 with one word in five letters of which one looks like another."""
    from beside.guards.mixed_scripts import reason

    for told, texts in ordinary():
        yield "mixed_scripts", told, "pass", spoken(reason, texts), len(texts)
    rng = np.random.default_rng(0)
    made = [text for row in texts_of("sst2", "dev") if (text := disguised(row["text"], rng)) is not None]
    yield "mixed_scripts", "SST-2, one letter of one word made Cyrillic", "speak", spoken(reason, made), len(made)


def disguised(text: str, rng: np.random.Generator) -> str | None:
    """One letter of one word of at least five letters replaced by its Cyrillic double; None where there is none."""
    places = [hit.start() + at for hit in re.finditer("[a-z]{5,}", text) for at, one in enumerate(hit.group()) if one in LATIN]
    if not places:
        return None
    at = int(rng.choice(places))
    return text[:at] + LATIN[text[at]] + text[at + 1 :]


def of_orders() -> Iterator[Row]:
    """The guard of injections: ordinary text, and the hand-written set with its look-alikes."""
    from beside.guards.injection import reason

    for told, texts in ordinary():
        yield "injection", told, "pass", spoken(reason, texts), len(texts)
    with (HERE / "injection.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for language, said in (("en", "English"), ("zh", "Chinese")):
        for attack, what in (("0", "harmless look-alikes"), ("1", "attacks")):
            texts = [row["text"] for row in rows if (row["language"], row["attack"]) == (language, attack)]
            yield (
                "injection",
                f"hand-written {what}, {said}",
                "speak" if attack == "1" else "pass",
                spoken(reason, texts),
                len(texts),
            )


def seconds_per_1000() -> dict[str, float]:
    """What the guards that read letters only cost, in seconds for 1,000 texts of SST-2."""
    texts, told = [row["text"] for row in texts_of("sst2", "dev")], {}
    for name in ("mixed_scripts", "injection"):
        began = time.perf_counter()
        load("guards", name).judge(None, texts)
        told[name] = 1000 * (time.perf_counter() - began) / len(texts)
    return told


def of_scope(train: int, test: int) -> tuple[list[Row], str]:
    """The guard of scope on a probe of BANKING77, and which score it uses."""
    from beside.core.columns import Columns
    from beside.core.recipe import Recipe
    from beside.core.scope import fitted
    from beside.core.types import Actor, Finding
    from beside.loop import Loop
    from beside.store.workspace import Workspace

    labels = sorted({row["label"] for row in texts_of("banking77", "train")})
    hidden = set(np.random.default_rng(0).permutation(labels)[:LEFT_OUT].tolist())
    parts = {split: texts_of("banking77", file) for split, file in (("train", "train"), ("tune", "dev"), ("test", "test"))}
    most = {"train": train, "tune": 1000, "test": test}
    kept = {split: even([row for row in rows if row["label"] not in hidden], most[split]) for split, rows in parts.items()}
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        with (home / "rows.csv").open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            out.writerow(["text", "label", "split"])
            out.writerows([row["text"], row["label"], split] for split, rows in kept.items() for row in rows)
        loop = Loop(Workspace.open(home / "work"), Actor(name="bench", roles=("admin",)))
        corpus, _ = loop.intake(str(home / "rows.csv"), "banking", Columns(text="text", label="label", split="split"))
        run = loop.train(corpus.id, Recipe(method="probe"))
        found = [one for one in loop.audit(run.id, checks=["scope/out_of_scope"], policy="sandbox") if isinstance(one, Finding)]
        name = next(loop.artifacts.read_json(one.evidence)["kept"] for one in found if one.metric == "oos_auroc" and one.evidence)
        splits, subject = loop.splits(corpus), loop.subject(run)
        scope = fitted(name, subject, splits.train, splits.tune)
        assert scope is not None
        sets = [
            ("BANKING77 test, 67 labels it learned", "pass", [row["text"] for row in kept["test"]]),
            ("SST-2", "speak", [row["text"] for row in texts_of("sst2", "dev")]),
            ("hotel reviews (Chinese)", "speak", [row["text"] for row in texts_of("chnsenticorp_hotel", "dev")]),
            ("BANKING77 test, 10 labels it never saw", "speak", [row["text"] for row in parts["test"] if row["label"] in hidden]),
        ]
        rows: list[Row] = []
        for told, wanted, texts in sets:
            rows.append(("out_of_scope", told, wanted, int((scope.scores(subject, texts) < scope.threshold).sum()), len(texts)))
    return rows, f"{name}, level fitted on {scope.n} tune rows"


def even(rows: list[dict[str, str]], most: int) -> list[dict[str, str]]:
    """At most so many rows, taken evenly from the whole."""
    return [rows[place] for place in np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int).tolist()]


def written(rows: Sequence[Row], told: str, speed: dict[str, float]) -> str:
    """The page."""
    lines = [
        "# What guards notice",
        "",
        f"Written by `benchmarks/guards.py` on {datetime.now(UTC):%Y-%m-%d}; {platform.machine()}, {os.cpu_count()} cores.",
        "Share of texts that a guard speaks of, with Wilson's 95 % interval and n: false alarms where it should pass, hits where",
        "it should speak.",
        f"`out_of_scope`: {told}; a probe on the embedded model. `over_long` compares two numbers and cannot be wrong.",
        "",
        "| guard | texts | should | speaks of | n |",
        "| --- | --- | --- | --- | --- |",
    ]
    for guard, texts, wanted, hits, n in rows:
        one = rate(hits, n)
        lines.append(f"| `{guard}` | {texts} | {wanted} | {one.value:.4f} ({one.low:.4f} to {one.high:.4f}) | {n:,} |")
    cost = "; ".join(f"`{name}` {1000 * seconds:.1f} ms" for name, seconds in speed.items())
    return "\n".join([*lines, "", f"Cost for 1,000 texts of SST-2: {cost}. `out_of_scope` costs one more pass of the model.", ""])


if __name__ == "__main__":
    main()
