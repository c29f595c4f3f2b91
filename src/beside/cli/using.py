"""A release at work: serve, predict, explain, improve, verify."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from beside.cli.frame import HERE, As, Folder, Json, command, login_name, opening_phrase, show, working
from beside.core.cleaning import BETWEEN
from beside.core.errors import BadInput, NotEnoughData, NotPermitted
from beside.core.pairs import joined


@command
def serve(
    host: str = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8321,
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", help="PEM file of the certificate; default: [tls] in beside.toml.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM file of its private key.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that answer; from 2 on one that dies is replaced.")] = 1,
    workspace: Folder = HERE,
) -> None:
    """Serve the API and the console."""
    if workers > 1:
        count_together()
    from beside.cli.serving import serve as start
    from beside.store.sealer import sealer_of
    from beside.store.transport import Tls
    from beside.store.workspace import Workspace

    if (tls_cert is None) != (tls_key is None):
        raise BadInput("A certificate and its key belong together.", "Give both: --tls-cert FILE --tls-key FILE.")
    tls = Tls(cert=tls_cert, key=tls_key) if tls_cert and tls_key else None
    sealer_of(workspace).ask = opening_phrase
    start(Workspace.open(workspace, create=False), host, port, login_name(), tls, workers)


def count_together() -> None:
    """Gives workers a folder to count in, so that /metrics tells of all of them. Before the library that counts is loaded."""
    folder = tempfile.mkdtemp(prefix="beside-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    owner = os.getpid()
    atexit.register(lambda: shutil.rmtree(folder, ignore_errors=True) if os.getpid() == owner else None)


@command
def predict(
    release: str,
    text: Annotated[str | None, typer.Argument()] = None,
    file: Annotated[Path | None, typer.Option(help="One text per line; of pairs, both with a tab between.")] = None,
    pair: Annotated[str | None, typer.Option(help="The second text, for a release that compares two.")] = None,
    candidates: Annotated[Path | None, typer.Option(help="One candidate per line, for a release that ranks them.")] = None,
    top: Annotated[int | None, typer.Option(min=1, help="Candidates at most, from a release that ranks.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="How an answer is written: decoding, temperature, top_p, top_k, beams, seed ..."),
    ] = None,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Ask an approved release."""
    from beside.cli.telling import lines_of, predictions_in_words
    from beside.core.recipe import read_knobs
    from beside.core.writing import Decoding

    how = read_knobs(Decoding, "decoding", settings, {}) if settings else None
    if (text is None) == (file is None):
        raise BadInput("Give either TEXT or --file.", 'beside predict RELEASE "some text", or --file texts.txt')
    if pair is not None and text is None:
        raise BadInput("--pair belongs to TEXT.", "In a file both texts stand in one line with a tab between.")
    if candidates is not None and pair is not None:
        raise BadInput(
            "--pair and --candidates exclude each other.", "Give one second text, or a file with one candidate per line."
        )
    texts = [joined(text, pair)] if text is not None else lines_of(file)
    ordered = lines_of(candidates) if candidates is not None else None
    with working(workspace, as_) as loop:
        served = loop.serve(release)
        if text is None and served.pairs and ordered is None:
            texts = [line.replace("\t", BETWEEN, 1) for line in texts]
        asked = served.decoding(how)
        if ordered is not None or top is not None:
            asked = asked.among(ordered, top or len(ordered or ()))
        answers = loop.predict(asked, texts)
    show(json, answers, predictions_in_words)


@command
def explain(release: str, text: str, workspace: Folder = HERE, as_: As = None, json: Json = False) -> None:
    """Show which words spoke for an answer, whether that is reliable, and the nearest training rows."""
    from beside.cli.telling import explanation_in_words

    with working(workspace, as_) as loop:
        served = loop.serve(release)
        explanation = loop.explain(served, text)
        try:
            near = loop.neighbours(served, text)
        except (NotPermitted, NotEnoughData) as error:  # the words are worth having without them
            near = None
            sys.stderr.write(f"No training rows are shown: {error.message}\n")
    if json:
        rows = near.model_dump(mode="json") if near else None
        show(json, {**explanation.model_dump(mode="json"), "neighbours": rows}, print)
    else:
        explanation_in_words(explanation, near)


@command
def improve(release: str, workspace: Folder = HERE, as_: As = None, json: Json = False) -> None:
    """Train a challenger on corrections and compare it with the champion."""
    from beside.cli.telling import improvement_in_words

    with working(workspace, as_) as loop:
        made = loop.improve(release)
    show(json, made, improvement_in_words)
