"""Run, a new label, texts -> child corpus and child run: the model knows one label more, and nothing was trained."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from beside.core.errors import BadInput, NotEnoughData
from beside.core.types import Corpus, Example, Run, Splits, content_id
from beside.store.artifacts import Artifacts

FEWEST = 2  # texts of a new label: one alone cannot be measured against the others
TESTED = 5  # every fifth text is kept for the test split

Widen = Callable[[Path, Path, str, Sequence[str], Sequence[Example]], Any]


def grown(corpus: Corpus, splits: Splits, label: str, texts: Sequence[str]) -> Splits:
    """The rows of a corpus with those of the new label: every fifth is for testing, the others are for training.

    Raises:
        BadInput: the label is there already, or a text stands in the corpus under another label.
        NotEnoughData: too few different texts.
    """
    name = label.strip()
    if not name or name in corpus.labels:
        given = f"The label '{name}' is there already." if name else "The label has no name."
        raise BadInput(given, "Choose a name that is new; more rows of a label that is there need a training.")
    own = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if len(own) < FEWEST:
        raise NotEnoughData(f"A new label needs {FEWEST} different texts, got {len(own)}.", "One text per line.")
    known = {example.text.casefold(): example.target for rows in splits for example in rows}
    if clash := [text for text in own if text.casefold() in known]:
        given = (
            f"{len(clash)} of the texts are rows of the corpus already, the first with the label '{known[clash[0].casefold()]}'."
        )
        raise BadInput(given, "Take them out, or correct their label first.")
    rows = [Example(id=content_id("example", [text, name]), text=text, target=name, origin="label") for text in own]
    tested = rows[TESTED - 1 :: TESTED]
    learned = [row for place, row in enumerate(rows, 1) if place % TESTED]
    return Splits([*splits.train, *learned], splits.tune, [*splits.test, *tested])


def add_label(
    parent: Run, corpus: Corpus, splits: Splits, label: str, *, widen: Widen, artifacts: Artifacts, home: Path, now: datetime
) -> Run:
    """The parent's model with one label more.

    Args:
        corpus: the child corpus, with the rows of the label.
        splits: its rows.
        widen: makes the model: source and target folder, label, its texts, rows of the other labels.
        home: an empty folder for the model in the making.

    Raises:
        BadInput: the parent keeps a promise of privacy that the new label's row of the head would break.
    """
    if parent.spent:
        raise BadInput(
            "A label cannot be added to a private model: its place would be fitted to training rows without noise.",
            "Train anew with the rows of the label: beside train CORPUS --set epsilon=3.",
        )
    began = time.perf_counter()
    texts = [example.text for example in splits.train if example.target == label]
    known = [example for example in splits.train if example.target not in (label, None)]
    made = widen(artifacts.folder(parent.model), home, label, texts, known)
    longer = sum(count > made.max_length for count in made.token_counts(texts))
    learned = made.model.head.in_features + 1
    return Run(
        id=content_id("run", {"corpus": corpus.id, "parent": parent.id, "label": label}),
        corpus_id=corpus.id,
        recipe=parent.recipe,  # of the encoder; a later training of this corpus starts from it
        model=artifacts.put_folder(home),
        scores={},
        history=({"epoch": 0.0, "label_rows": float(len(texts))},),
        trainable=learned,
        parameters=parent.parameters + learned,
        truncated=longer,
        parent=parent.id,
        seed=parent.seed,
        seconds=time.perf_counter() - began,
        versions=parent.versions,
        made_at=now,
    )
