"""From text to a release: new, import, train, audit, release."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from beside.cli.frame import HERE, As, Folder, Json, Settings, command, show, working


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
    label: Annotated[
        str | None, typer.Option(help="Column of the label; for multilabel also several, `a,b,c`, with a yes or no in each.")
    ] = None,
    pair: Annotated[str | None, typer.Option(help="Column of the second text, for tasks that compare two.")] = None,
    person: Annotated[str | None, typer.Option(help="Column of the person a row is from.")] = None,
    split: Annotated[str | None, typer.Option(help="Column that says train, tune or test.")] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="Column of a group of people, to compare error rates; repeatable.")
    ] = None,
    task: Annotated[str, typer.Option(help="What is asked of the model: one of `beside list capabilities`.")] = "classify",
    seed: int = 0,
    purpose: Annotated[str | None, typer.Option(help="For what the text may be used; training for another is refused.")] = None,
    legal_basis: Annotated[str | None, typer.Option(help="consent, contract, ...: `beside purpose --help` lists them.")] = None,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Read labelled text into a corpus, with a report."""
    from beside.cli.telling import report_in_words
    from beside.core.columns import Columns
    from beside.core.purposes import stated

    stated(purpose, legal_basis)  # before the work, not after it
    columns = Columns(text=text, label=label, pair=pair, person=person, split=split, groups=tuple(group or ()))
    with working(workspace, as_, create=True) as loop:
        corpus, report = loop.intake(file, name, columns, task, seed)
        if purpose is not None or legal_basis is not None:
            corpus = loop.state_purpose(corpus.id, purpose, legal_basis)
    show(
        json,
        {**corpus.model_dump(mode="json"), "report": report.model_dump(mode="json")},
        lambda _: report_in_words(corpus, report),
    )


@command
def train(
    corpus: Annotated[str | None, typer.Argument(help="Id or name; may be left out with --resume.")] = None,
    base: Annotated[
        str | None, typer.Option(help="embedded, scratch, a folder, a Hugging Face id, or a run to go on from.")
    ] = None,
    method: Annotated[str | None, typer.Option(help="A method; best = chosen by cross-validation.")] = None,
    recipe: Annotated[Path | None, typer.Option(help="TOML file of recipe knobs.")] = None,
    set_: Settings = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a training that was killed.")] = False,
    track: Annotated[
        list[str] | None, typer.Option(help="Show the training in wandb or mlflow as well, on this machine; repeatable.")
    ] = None,
    purpose: Annotated[str | None, typer.Option(help="What the model is for; default: what its text was taken in for.")] = None,
    compatible: Annotated[str | None, typer.Option(help="Why that is compatible with another purpose of the text.")] = None,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Fine-tune a model on a corpus."""
    from beside.cli.telling import run_in_words
    from beside.core.purposes import Purpose
    from beside.core.recipe import read_recipe

    asked = any(option is not None for option in (base, method, recipe, set_))
    read = read_recipe(recipe, set_ or [], base=base, method=method) if asked or not resume else None
    with working(workspace, as_) as loop:
        run = loop.train(corpus, read, resume, track=track or (), purpose=Purpose(purpose, compatible))
    show(json, run, run_in_words)


@command
def audit(
    run: str,
    check: Annotated[list[str] | None, typer.Option(help="Only this check; repeatable.")] = None,
    policy: Annotated[str, typer.Option(help="default, strict, sandbox, or a TOML file.")] = "default",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Option of a check as aspect/name.option=value; repeatable.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure also what an earlier audit of this model knows.")] = False,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> bool:
    """Measure what a run can and cannot do. Exit code 1 if a limit is failed."""
    from beside.cli.telling import findings_in_words, report_of_labels

    with working(workspace, as_) as loop:
        found = loop.audit(run, check or (), policy, set_ or (), fresh)
        show(json, found, findings_in_words)
        if not json:
            report_of_labels(found, loop.artifacts.read_json)
    return any(getattr(one, "verdict", "") == "fail" for one in found)


@command
def release(
    run: str,
    policy: str = "default",
    model_signing: Annotated[bool, typer.Option("--model-signing", help="Sign the model in the OpenSSF format as well.")] = False,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Seal a run and its findings into a bundle for review, signed with the key of the workspace."""
    from beside.cli.telling import release_in_words

    with working(workspace, as_) as loop:
        made = loop.release(run, policy, model_signing)
    show(json, made, release_in_words)
