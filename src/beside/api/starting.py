"""Starts long work as a process of its own: training must not slow the server down, nor end with it."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from beside.api.actor import must_hold
from beside.core.compressing import FINAL, WRITTEN, changed, settings_of
from beside.core.erasure import Asked
from beside.core.errors import BadInput
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.core.types import Actor, Run
from beside.loop import Loop
from beside.store.permission import EXAMPLE_READERS, STEWARDS
from beside.store.workspace import Workspace

LOG = "started.log"  # in the workspace's state: what the process said last
IMPROVERS, TRAINERS = ("reviewer",), ("builder",)
log = logging.getLogger("beside.api")


def start_improving(workspace: Workspace, actor: Actor, release_id: str) -> int:
    """Starts `beside improve` for a release; the number of the process. Its progress shows at /v1/progress.

    Raises:
        NotPermitted: only a reviewer or an owner may.
        UnknownName: there is no such release.
        Busy: something else works in this workspace.
    """
    must_hold(actor, IMPROVERS, "improve a release")
    return start(workspace, actor, "improve", [workspace.records.release(actor, release_id).id])


def start_training(workspace: Workspace, actor: Actor, corpus_id: str, recipe: Recipe) -> int:
    """Starts `beside train` for a corpus with what the recipe changes; the number of the process.

    Raises:
        NotPermitted: only a builder or an owner may.
        UnknownName: there is no such corpus.
        Busy: something else works in this workspace.
    """
    must_hold(actor, TRAINERS, "train a model")
    corpus = workspace.records.corpus(actor, corpus_id)
    changed = {name: value for name, value in recipe.model_dump().items() if value != getattr(Recipe(), name)}
    return start(workspace, actor, "train", [corpus.id, *(f"--set={name}={value}" for name, value in changed.items())])


def start_compressing(workspace: Workspace, actor: Actor, run_id: str, chain: Mapping[str, Any]) -> int:
    """Starts `beside compress` for a run; the number of the process.

    Args:
        chain: compressors by name, in order (`core/compressing.py`).

    Raises:
        NotPermitted: only a builder or an owner may.
        UnknownName: there is no such run.
        BadInput: no compressor can work on what the run is.
        Busy: something else works in this workspace.
    """
    must_hold(actor, TRAINERS, "compress a model")
    run = workspace.records.run(actor, run_id)
    if why := closed(Loop(workspace, actor), run):
        raise BadInput(*why)
    set_ = (f"--set={setting}" for setting in settings_of(changed(chain)))
    return start(workspace, actor, "compress", [run.id, f"--with={','.join(chain)}", *set_])


def closed(loop: Loop, run: Run) -> tuple[str, str] | None:
    """Why no compressor can work on a run, and what to do instead; None when one may be able to."""
    if load("tasks", loop.records.corpus(loop.actor, run.corpus_id).task).writes:
        return WRITTEN
    told = loop.compression(run.id)
    return FINAL if told is not None and told.final else None


def start_attacking(workspace: Workspace, actor: Actor, release_id: str, rows: int) -> int:
    """Starts `beside attack` on training rows of a release; the number of the process.

    Raises:
        NotPermitted: it takes somebody who may read training rows.
        UnknownName: there is no such release.
        Busy: something else works in this workspace.
    """
    must_hold(actor, EXAMPLE_READERS, "attack training rows")
    return start(workspace, actor, "attack", [workspace.records.release(actor, release_id).id, f"--rows={rows}"])


def start_erasing(workspace: Workspace, actor: Actor, asked: Asked, retrain: bool) -> int:
    """Starts `beside erase` for a person; the number of the process. Their name goes through a pipe: no list of processes shows it.

    Raises:
        NotPermitted: only a privacy officer or an owner may; training again takes a builder or a reviewer besides.
        Busy: something else works in this workspace.
    """
    must_hold(actor, STEWARDS, "erase a person")
    request = json.dumps({"person": asked.person, "words": asked.words})
    return start(workspace, actor, "erase", ["--request=-", "--yes", *(["--retrain"] if retrain else [])], request)


def start_retention(workspace: Workspace, actor: Actor) -> int:
    """Starts `beside retention --yes`; the number of the process.

    Raises:
        NotPermitted: only a privacy officer or an owner may.
        Busy: something else works in this workspace.
    """
    must_hold(actor, STEWARDS, "remove what is due")
    return start(workspace, actor, "retention", ["--yes"])


def start(workspace: Workspace, actor: Actor, verb: str, words: Sequence[str], given: str = "") -> int:
    """Starts `beside VERB WORDS` in the name of the person who asked. Raises Busy when something else is at work.

    Args:
        given: what it reads from its standard input, up to what a pipe holds unread (64 KiB).
    """
    with workspace.lock(verb):  # somebody who waits for an answer is told at once; the process itself locks again
        pass
    own = [verb, *words, "--workspace", str(workspace.folder), f"--as={actor.name}"]
    output = os.open(workspace.state / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "beside", *own],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=workspace.folder,
            start_new_session=True,
        )
    finally:
        os.close(output)
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin:
        process.stdin.write(given.encode())
    threading.Thread(target=follow, args=(process, workspace, verb), daemon=True).start()
    return process.pid


def follow(process: subprocess.Popen[bytes], workspace: Workspace, verb: str) -> None:
    """Waits for the end of the process, so that no zombie stays, and tells when it failed."""
    if code := process.wait():
        log.warning("`beside %s` in process %s ended with exit code %s; see '%s'.", verb, process.pid, code, workspace.state / LOG)
