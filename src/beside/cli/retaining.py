"""How long things are kept: what is due, and its removal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from beside.cli.frame import HERE, As, Folder, Json, command, show, working

if TYPE_CHECKING:  # heavy: loaded by the command that needs it
    from beside.core.retention import Due, Outlook, Sweep

ENDS = {
    "predictions": "questions and answers",
    "answers": "what people said of answers",
    "corpora": "rows of corpora",
    "vault": "values in the vault",
    "logs": "log files",
}


@command
def retention(
    yes: Annotated[bool, typer.Option("--yes", help="Remove what is due; there is no way back.")] = False,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Show what is kept for longer than `[retention]` in beside.toml says, and since when; with --yes remove it."""
    with working(workspace, as_) as loop:
        if not yes:
            show(json, loop.retention(), outlook_in_words)
            return
        done = loop.enforce_retention()
        left = loop.retention()
    told = {"swept": None if done is None else done.model_dump(mode="json"), "left": left.model_dump(mode="json")}
    show(json, told, lambda _: sweep_in_words(done, left))


def outlook_in_words(found: Outlook) -> None:
    """What is due, for a person to read."""
    from beside.cli.terminal import Terminal

    out = Terminal()
    rows = [[ENDS[one.kind], f"{one.days} days" if one.days else "for ever", *counted(one)] for one in found.due]
    out.table(["what", "kept for", "due", "since", "stays all the same"], rows)
    for one in found.due:
        for name in one.names:
            out.say(f"  {name}")
    for id in found.runs:
        out.say(f"{id} was trained on rows that are due: its weights are deleted with them.")
    for id, state in found.releases.items():
        out.say(f"{id} ({state}) is retired for good.")
    for corpus, release in found.held.items():
        out.say(f'{corpus} stays for {release}, which is approved: retire that, or set [retention] trained = "retire".')
    if not any(one.days for one in found.due):
        out.say("Nothing has a period. Write one into beside.toml, for example: [retention] predictions = 90")
    else:
        hint = "Nothing was changed. Remove it with --yes; a running server does so each day."
        out.say(hint if found.anything else "Nothing is to be removed.")


def counted(one: Due) -> list[str]:
    """How much of a kind is due, since when, and how much of it stays."""
    return [str(one.count), f"{one.since:%Y-%m-%d}" if one.since else "", str(one.kept or "")]


def sweep_in_words(done: Sweep | None, left: Outlook) -> None:
    """What was removed, for a person to read."""
    if done is None:
        print("Nothing was to be removed.")
    else:
        print(f"{done.id}: " + (", ".join(f"{count} {kind}" for kind, count in done.removed.items()) or "nothing was left to do"))
        for id, successor in done.corpora.items():
            print(f"  {id}: {f'the rows that are not due are in {successor}' if successor else 'no row is left'}")
        for id in (*done.runs, *done.releases):
            print(f"  {id}: retired")
        for note in done.notes:
            print(f"  {note}")
    for corpus, release in left.held.items():
        print(f"  {corpus} is due and stays for {release}, which is approved.")
