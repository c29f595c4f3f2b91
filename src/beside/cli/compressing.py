"""A smaller or faster model of a run: compress."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from beside.cli.frame import HERE, As, Folder, Json, command, show, working

if TYPE_CHECKING:  # heavy
    from beside.core.compressing import Compression, Interval, Measured
    from beside.core.types import Run

Chain = Annotated[str, typer.Option("--with", help="Compressors with commas between, in the order in which they work.")]
Options = Annotated[list[str] | None, typer.Option("--set", help="Option as compressor.option=value; repeatable.")]


@command
def compress(
    run: Annotated[str, typer.Argument(help="Id of a run.")],
    with_: Chain = "quantize",
    set_: Options = None,
    file: Annotated[
        Path | None, typer.Option(help="Texts without an answer, one per line, for distill and trim_vocabulary.")
    ] = None,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Make a smaller or faster model of a run: a new run, compared with it on the tune split, that needs its own approval."""
    from beside.cli.telling import lines_of
    from beside.core.compressing import chain_of

    names = [name.strip() for name in with_.split(",") if name.strip()]
    chain_of(names, set_ or ())  # refused before the workspace is opened
    with working(workspace, as_) as loop:
        made = loop.compress(run, names, set_ or (), lines_of(file) if file else ())
        told, picture = loop.compression(made.id), loop.picture(made.id)
    assert told is not None  # it was made just now
    both = {"run": made.model_dump(mode="json"), "compression": told.model_dump(mode="json"), "picture": str(picture)}
    show(json, both, lambda _: compression_in_words(made, told, picture))


def compression_in_words(made: Run, told: Compression, picture: Path) -> None:
    """What was done, the forms that were measured, and the run against its parent."""
    from beside.cli.terminal import Terminal

    out, one = Terminal(), told.against_parent
    out.say(f"run {made.id}, compressed from {told.parent} by {', '.join(told.chain)}")
    for did in told.did:
        out.say(f"  {did}")
    if len(told.candidates) > 1:
        out.table(
            ["form", "times as fast", "score", "gap", "flips", "alone otherwise", "MB", ""],
            [row_of(each) for each in told.candidates],
        )
        out.say(f"taken: {told.chosen}, the fastest that keeps the limits")
    out.say(f"against the parent, on {one.score.n} tune rows, {told.threads} threads, {told.processor}; 95 % intervals")
    out.say(f"  {told.metric}: {told.parent_score.value:.4f} -> {one.score.value:.4f}, gap {between(one.gap, '+.4f')}")
    if one.flips is not None:
        out.say(f"  rows answered otherwise: {between(one.flips, '.2%')}")
    if one.company is not None:
        out.say(f"  rows answered otherwise alone than among others: {between(one.company, '.2%')}, n = {one.company.n}")
    out.say(f"  size: {told.parent_size / 1e6:.1f} MB -> {one.size / 1e6:.1f} MB, {told.parent_size / one.size:.2g} times smaller")
    out.say(f"  texts per second: {told.parent_speed:.0f} -> {one.speed:.0f}, {between(one.faster, '.2f')} times as fast")
    out.say(f"picture: {picture}")
    out.say(f"Next: beside audit {made.id}")


def row_of(one: Measured) -> list[str]:
    """A form as a row of the table."""
    flips, company = (between(share, ".1%") if share else "-" for share in (one.flips, one.company))
    return [
        one.form,
        between(one.faster, ".2f"),
        f"{one.score.value:.4f}",
        between(one.gap, "+.4f"),
        flips,
        company,
        f"{one.size / 1e6:.1f}",
        one.why_not,
    ]


def between(found: Interval, form: str) -> str:
    """A value with its interval."""
    return f"{found.value:{form}} ({found.low:{form}} to {found.high:{form}})"
