"""Training across sites: a coordinator's Corpus, Recipe -> Run; and a site's part in it, whose rows stay where they are."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from beside.core.errors import BadOption
from beside.core.federation import FEWEST_FOR_A_SUM, Coordinator, Forgotten, Sites
from beside.core.interfaces import Progress
from beside.core.pairs import whole
from beside.core.recipe import Recipe
from beside.core.types import Corpus, Example, Run, Splits
from beside.engine import memory
from beside.engine.checkpoint import Checkpoint
from beside.engine.federate import train_across
from beside.engine.keeping import Keeping
from beside.engine.messages import unpack
from beside.engine.site import Site
from beside.store.artifacts import Artifacts
from beside.store.files import storage_errors
from beside.store.memory import making

TOLD = ("scores", "history", "trainable", "parameters", "truncated", "spent")  # what a run keeps of its training as it is
LISTED = 400  # names of tensors that a row of the ledger lists; of more, their number


def coordinate(
    corpus: Corpus,
    splits: Splits,
    recipe: Recipe,
    *,
    id: str,
    start: str | None,
    sites: Sites,
    expected: int,
    fewest: int,
    artifacts: Artifacts,
    home: Path,
    resume: bool,
    progress: Progress,
    versions: Mapping[str, str],
    now: datetime,
) -> Run:
    """Trains across sites. The coordinator's train rows only settle what the recipe leaves open; its tune rows choose the round.

    Args:
        id: of the run.
        start: folder of the base, when the recipe names one that is kept here.
        expected: sites that the first round waits for.
        fewest: sites that every later round takes.
        home: folder of what a killed coordinator goes on from.

    Raises as `engine/federate.py` does.
    """
    must_be_enough(recipe, expected, fewest)
    began = time.perf_counter()
    memory.restart()
    with model_folder(home) as folder:
        trained = train_across(
            folder,
            whole(labelled(splits.train)),
            whole(labelled(splits.tune)),
            corpus.labels,
            corpus.task,
            recipe.model_copy(update={"base": start}) if start else recipe,
            sites,
            expected,
            fewest,
            Keeping(checkpoint=Checkpoint(home), resume=resume, progress=progress),
        )
        model = artifacts.put_folder(folder)
    return Run(
        id=id,
        corpus_id=corpus.id,
        recipe=trained.recipe.model_copy(update={"base": recipe.base}),
        model=model,
        **{name: getattr(trained, name) for name in TOLD},
        seed=recipe.seed,
        seconds=trained.seconds_before + time.perf_counter() - began,
        peak_memory=memory.peak(),
        versions=dict(versions),
        made_at=now,
    )


@contextmanager
def model_folder(home: Path) -> Iterator[Path]:
    """A folder for the model in the making, on the disk of the checkpoints; in memory alone where the workspace is encrypted."""
    with storage_errors(f"'{home}'"):
        home.mkdir(parents=True, exist_ok=True)
        folder = TemporaryDirectory(prefix="model-", dir=home, ignore_cleanup_errors=True)
    with folder, making(Path(folder.name)):
        yield Path(folder.name)


def must_be_enough(recipe: Recipe, expected: int, fewest: int) -> None:
    """Does nothing when the numbers of sites go together.

    Raises:
        BadOption: they do not.
    """
    if not 1 <= fewest <= expected:
        raise BadOption(f"Cannot go on with {fewest} of {expected} sites.", f"Set --min-sites to 1..{expected}.")
    if recipe.secure_aggregation and fewest < FEWEST_FOR_A_SUM:
        raise BadOption(
            f"Cannot hide an update in a sum of {fewest}: the others could subtract their own.",
            f"Set --min-sites to {FEWEST_FOR_A_SUM} or more, or secure_aggregation=no.",
        )


def take_part(
    name: str,
    examples: Sequence[Example],
    coordinator: Coordinator,
    home: Path,
    progress: Progress,
    left: Callable[[str, Mapping[str, Any]], None],
) -> dict[str, Any]:
    """A site's part, to the end: what it is asked it answers, and each answer is noted before it leaves. How much that was.

    Args:
        examples: the rows to learn from, each with its answer.
        home: folder of a training under way.
        left: told the federation and what is about to leave.

    Raises:
        BadInput, BadOption, UnreadableText, NotEnoughData: the plan cannot be followed with these rows.
    """
    rows, answers, sent, over = whole(labelled(examples)), 0, 0, False
    while not over:
        plan = coordinator.join()
        federation = "federation-" + hashlib.sha256(plan).hexdigest()[:12]
        site = Site(name, plan, rows, home / federation, progress)
        progress.say(f"Joined {federation} as {name} with {len(rows)} rows, which stay here.")
        try:
            while (asked := coordinator.next()) is not None:
                answer = site.answer(asked[1])
                left(federation, content_of(answer, asked[1]))
                coordinator.answer(asked[0], answer)
                answers, sent = answers + 1, sent + len(answer)
            over = True
        except Forgotten:
            progress.say("The coordinator has begun anew; this site joins it again.")
        finally:
            shutil.rmtree(home / federation, ignore_errors=True)
    return {"site": name, "answers": answers, "bytes": sent, "rows": len(rows)}


def content_of(answer: bytes, question: bytes) -> dict[str, Any]:
    """What the ledger says of an answer: everything in it but the numbers of its tensors."""
    message, asked = unpack(answer), unpack(question).facts
    names = list(message.tensors)
    return {
        "kind": asked.get("kind"),
        "round": asked.get("round"),
        "bytes": len(answer),
        "sha256": hashlib.sha256(answer).hexdigest(),
        "facts": sorted(message.facts),
        "tensors": names if len(names) <= LISTED else len(names),
    }


def labelled(examples: Sequence[Example]) -> list[Example]:
    """The rows whose answer is known."""
    return [example for example in examples if example.target is not None]
