"""One sub-command per verb; prints, never computes."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from beside import __version__
from beside.core.errors import BadInput, BesideError, UnknownName

if TYPE_CHECKING:  # heavy: loaded by the command that needs them
    from beside.loop import Loop
    from beside.store.workspace import Workspace

app = typer.Typer(
    help="Beside (并肩): fine-tune a model on your own text, prove it, sign it, serve it, improve it. Offline.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Folder = Annotated[
    Path, typer.Option("--workspace", "-w", help="Folder of the workspace; its state lives in .beside/.", envvar="BESIDE_WORKSPACE")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
As = Annotated[str | None, typer.Option("--as", help="Who is acting; default: your login name.")]
Settings = Annotated[list[str] | None, typer.Option("--set", help="Recipe knob as key=value; repeatable.")]
HERE = Path(".")


def command(function: Callable[..., Any]) -> Callable[..., Any]:
    """Registers a verb: errors become a message and an exit code, Ctrl-C leaves everything resumable."""

    @wraps(function)
    def run(**options: Any) -> None:
        from beside.cli.terminal import fail

        as_json = bool(options.get("json", False))
        try:
            code = function(**options)
        except BesideError as error:
            code = fail(error, as_json)
        except KeyboardInterrupt:
            sys.stderr.write("Stopped. Nothing is lost; `beside train --resume` goes on from here.\n")
            code = 130
        except BrokenPipeError:  # the reader of our output has gone
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 0
        except OSError as error:
            from beside.core.errors import StorageFailed

            code = fail(
                StorageFailed(f"The system refused: {error}.", "Check free space and permissions, then try again."), as_json
            )
        raise typer.Exit(code or 0)

    app.command(name=function.__name__.rstrip("_"))(run)
    return run


@contextmanager
def working(workspace: Path, who: str | None = None, create: bool = True) -> Iterator[Loop]:
    """The loop over an open workspace, with progress on this terminal."""
    from beside.core.types import Actor
    from beside.loop import Loop
    from beside.store.workspace import Workspace
    from beside.cli.terminal import Terminal

    opened = Workspace.open(workspace, create=create)
    terminal = Terminal(opened.report_progress)
    try:
        yield Loop(opened, Actor(name=who or login_name(), roles=("owner",)), terminal)
    finally:
        terminal.close()
        opened.close()


def login_name() -> str:
    """The name of whoever runs this process."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "owner"


def show(json: bool, value: Any, words: Callable[[Any], None]) -> None:
    """A result as JSON for programs, or in words for people."""
    from beside.loop import as_plain
    from beside.cli.terminal import put_json

    if json:
        put_json([as_plain(one) for one in value] if isinstance(value, list) else as_plain(value))
    else:
        words(value)


@app.callback(invoke_without_command=True)
def version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(f"beside {__version__}")
        raise typer.Exit()


@command
def new(
    folder: Path,
    application: Annotated[str, typer.Option(help="A ready job, for example support.")] = "support",
    language: str = "en",
    json: Json = False,
) -> None:
    """Make a workspace: beside.toml and data/."""
    from beside.cli.starting import new_workspace

    show(
        json,
        new_workspace(folder, application, language),
        lambda made: print("\n".join(f"{key}: {value}" for key, value in made.items())),
    )


@command
def import_(
    file: Annotated[str, typer.Argument(help="CSV, TSV, JSON Lines, Parquet, Excel, or hf:owner/name.")],
    name: Annotated[str, typer.Option(help="Name of the corpus.")],
    text: Annotated[str | None, typer.Option(help="Column of the text.")] = None,
    label: Annotated[str | None, typer.Option(help="Column of the label.")] = None,
    person: Annotated[str | None, typer.Option(help="Column of the person a row is from.")] = None,
    split: Annotated[str | None, typer.Option(help="Column that says train, tune or test.")] = None,
    task: str = "classify",
    seed: int = 0,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Read labelled text into a corpus, with a report."""
    from beside.core.columns import Columns
    from beside.cli.telling import report_in_words

    with working(workspace, as_) as loop:
        corpus, report = loop.intake(file, name, Columns(text=text, label=label, person=person, split=split), task, seed)
    show(
        json,
        {**corpus.model_dump(mode="json"), "report": report.model_dump(mode="json")},
        lambda _: report_in_words(corpus, report),
    )


@command
def train(
    corpus: Annotated[str | None, typer.Argument(help="Id or name; may be left out with --resume.")] = None,
    base: Annotated[str | None, typer.Option(help="embedded, scratch, a folder, or a Hugging Face id.")] = None,
    method: Annotated[str | None, typer.Option(help="lpft, full or probe.")] = None,
    recipe: Annotated[Path | None, typer.Option(help="TOML file of recipe knobs.")] = None,
    set_: Settings = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a training that was killed.")] = False,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Fine-tune a model on a corpus."""
    from beside.core.recipe import read_recipe
    from beside.cli.telling import run_in_words

    asked = any(option is not None for option in (base, method, recipe, set_))
    read = read_recipe(recipe, set_ or [], base=base, method=method) if asked or not resume else None
    with working(workspace, as_) as loop:
        run = loop.train(corpus, read, resume)
    show(json, run, run_in_words)


@command
def audit(
    run: str,
    check: Annotated[list[str] | None, typer.Option(help="Only this check; repeatable.")] = None,
    policy: Annotated[str, typer.Option(help="default, strict, sandbox, or a TOML file.")] = "default",
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Measure what a run can and cannot do. Exit code 1 if a limit is failed."""
    from beside.cli.telling import findings_in_words

    with working(workspace, as_) as loop:
        found = loop.audit(run, check or (), policy)
    show(json, found, findings_in_words)
    return any(getattr(one, "verdict", "") == "fail" for one in found)


@command
def release(run: str, policy: str = "default", workspace: Folder = HERE, as_: As = None, json: Json = False) -> None:
    """Seal a run and its findings into a bundle for review."""
    from beside.cli.telling import release_in_words

    with working(workspace, as_) as loop:
        made = loop.release(run, policy)
    show(json, made, release_in_words)


@command
def review(
    release: str,
    decision: Annotated[str, typer.Argument(help="approve or reject")],
    reason: Annotated[str, typer.Option(help="Why; it is stored with the signature.")],
    as_: As = None,
    workspace: Folder = HERE,
    json: Json = False,
) -> None:
    """Sign a release. Exit code 1 if the policy still says no."""
    from beside.core.errors import BadOption
    from beside.cli.telling import release_in_words

    if decision not in ("approve", "reject"):
        raise BadOption(f"The decision cannot be '{decision}'.", "Say approve or reject.")
    with working(workspace, as_) as loop:
        signed = loop.review(release, decision, reason)
    show(json, signed, release_in_words)
    return decision == "approve" and signed.state != "approved"


@command
def serve(host: str = "127.0.0.1", port: Annotated[int, typer.Option(min=1, max=65535)] = 8321, workspace: Folder = HERE) -> None:
    """Serve the API and the console."""
    from beside.cli.serving import serve as start
    from beside.store.workspace import Workspace

    start(Workspace.open(workspace), host, port, login_name())


@command
def predict(
    release: str,
    text: Annotated[str | None, typer.Argument()] = None,
    file: Annotated[Path | None, typer.Option(help="One text per line.")] = None,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Ask an approved release."""
    from beside.cli.telling import lines_of, predictions_in_words

    if (text is None) == (file is None):
        raise BadInput("Give either TEXT or --file.", 'beside predict RELEASE "some text", or --file texts.txt')
    texts = [text] if text is not None else lines_of(file)
    with working(workspace, as_) as loop:
        answers = loop.predict(loop.serve(release), texts)
    show(json, answers, predictions_in_words)


@command
def explain(release: str, text: str, workspace: Folder = HERE, as_: As = None, json: Json = False) -> None:
    """Show which words spoke for an answer."""
    from beside.cli.telling import explanation_in_words

    with working(workspace, as_) as loop:
        explanation = loop.explain(loop.serve(release), text)
    show(json, explanation, explanation_in_words)


@command
def improve(release: str, workspace: Folder = HERE, as_: As = None, json: Json = False) -> None:
    """Train a challenger on corrections and compare it with the champion."""
    from beside.cli.telling import improvement_in_words

    with working(workspace, as_) as loop:
        made = loop.improve(release)
    show(json, made, improvement_in_words)


@command
def verify(bundle: Path, json: Json = False) -> None:
    """Check a bundle offline: files, seal, signatures, policy. Exit code 1 if it may not be served."""
    from datetime import UTC, datetime

    from beside.stages.review import verify as check
    from beside.cli.telling import verification_in_words

    found = check(bundle, datetime.now(UTC))
    show(json, found, verification_in_words)
    return found.state != "approved"


@command
def user(
    name: str,
    role: Annotated[list[str] | None, typer.Option(help="owner, builder, reviewer or caller; repeatable.")] = None,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Add a person and print their personal key, once."""
    with working(workspace, as_) as loop:
        key = loop.workspace.people.add(loop.actor, name, role or ["reviewer"])
    show(
        json,
        {"name": name, "roles": role or ["reviewer"], "key": key},
        lambda made: print(f"Key of {name} (shown once): {made['key']}"),
    )


@command
def list_(
    what: Annotated[str, typer.Argument(help="corpora, runs, findings, releases or capabilities")],
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """List what is in the workspace, or what Beside can do."""
    from beside.cli.telling import LISTS, capabilities, table_of

    if what == "capabilities":
        return show(json, capabilities(), lambda rows: table_of(what, rows))
    if what not in LISTS:
        raise UnknownName(f"There is no list '{what}'.", f"There are: {', '.join(LISTS)}, capabilities.")
    with working(workspace, as_) as loop:
        rows = getattr(loop.records, what)(loop.actor)
    show(json, rows, lambda rows: table_of(what, rows))


@command
def doctor(workspace: Folder = HERE, json: Json = False) -> None:
    """Look at this machine and workspace: what works, what does not, what to do."""
    from beside.cli.starting import diagnose
    from beside.cli.telling import diagnosis_in_words

    found = diagnose(workspace)
    show(json, found, diagnosis_in_words)
    return any(not one["ok"] for one in found)


@command
def demo(
    no_serve: Annotated[bool, typer.Option("--no-serve", help="End after the evidence.")] = False,
    language: Annotated[str, typer.Option(help="en, or zh (trains a small model from scratch).")] = "en",
    workspace: Annotated[Path | None, typer.Option("--workspace", "-w", help="Default: demo/ in the current folder.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8321,
    json: Json = False,
) -> None:
    """The whole loop on the embedded model and the built-in support data, then the console."""
    from beside.cli.starting import run_demo

    made = run_demo(workspace or Path("demo"), language, login_name())
    show(json, made, lambda _: None)
    if not no_serve:
        serve_demo(workspace or Path("demo"), port)


def serve_demo(workspace: Path, port: int) -> None:
    """The console over the demo's workspace."""
    from beside.cli.serving import serve as start
    from beside.store.workspace import Workspace

    start(Workspace.open(workspace), "127.0.0.1", port, login_name())


def main() -> None:
    """Entry point of the `beside` command."""
    app()
