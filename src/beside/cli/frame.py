"""What every sub-command shares: the application, common options, errors as exit codes, the loop over an open workspace."""

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
from beside.cli.sections import Sectioned
from beside.core.errors import BesideError, StorageFailed

if TYPE_CHECKING:  # heavy: loaded by the command that needs it
    from beside.core.types import Actor
    from beside.loop import Loop
    from beside.store.workspace import Workspace

app = typer.Typer(
    help="Beside (并肩): fine-tune a model on your own text, prove it, sign it, serve it, improve it. Offline.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    cls=Sectioned,
)

Folder = Annotated[
    Path, typer.Option("--workspace", "-w", help="Folder of the workspace; its state lives in .beside/.", envvar="BESIDE_WORKSPACE")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
As = Annotated[str | None, typer.Option("--as", help="Who is acting; default: your login name.")]
Settings = Annotated[list[str] | None, typer.Option("--set", help="Recipe knob as key=value; repeatable.")]
HERE = Path(".")

# what to do after Ctrl-C, by verb
GO_ON = {
    "train": "Go on from here with: beside train --resume",
    "search": "The same command again goes on from here.",
    "coordinate": "Go on after the last round with the same command and --resume.",
    "join": "The same command again joins once more.",
    "rerun": "The same command again goes on from here.",
    "compare": "The same command again goes on from here.",
    "compress": "The same command again goes on from here.",
    "pretrain": "Go on from here with the same command and --resume.",
    "erase": "The same command again goes on from here.",
    "retention": "The same command again goes on from here.",
    "improve": "The same command again goes on from here.",
    "self-train": "The same command again goes on from here.",
    "demo": "The same command again goes on from here.",
}


class Stopped(BesideError):
    """A person pressed Ctrl-C."""

    code, exit_code = "stopped", 130


class Unexpected(BesideError):
    """A fault of Beside itself."""

    code = "unexpected"


def command(function: Callable[..., bool | None], group: typer.Typer = app) -> Callable[..., Any]:
    """Registers a verb: errors become a message and an exit code, Ctrl-C leaves everything resumable.

    The function returns true when a verdict or a gate said no.

    Args:
        group: where it belongs; the commands themselves, or a group like `beside keys`.
    """
    name = function.__name__.rstrip("_").replace("_", "-")

    @wraps(function)
    def run(**options: Any) -> None:
        as_json = bool(options.get("json", False))
        try:
            code = int(bool(function(**options)))
        except BesideError as error:
            code = told(error, as_json)
        except KeyboardInterrupt:
            code = told(Stopped("Stopped; what was there before is untouched.", GO_ON.get(name, "")), as_json)
        except BrokenPipeError:  # the reader of our output has gone
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 0
        except OSError as error:
            hint = "Check free space and permissions, then try again."
            code = told(StorageFailed(f"The system refused: {error}.", hint), as_json)
        except Exception as error:
            where = traced(error)
            hint = f"This is a fault of Beside; what was there before is untouched. Please report these lines:\n{where}"
            code = told(Unexpected(f"Unexpected {type(error).__name__}: {error}", hint), as_json)
        raise typer.Exit(code)

    group.command(name=name)(run)
    return run


def told(error: BesideError, as_json: bool) -> int:
    """Says what went wrong; the exit code."""
    from beside.cli.terminal import fail

    return fail(error, as_json)


def traced(error: Exception) -> str:
    """The last places an error came through, without the texts that were worked on: those may be confidential."""
    import traceback

    return "".join(traceback.format_tb(error.__traceback__)[-6:]).rstrip()


@contextmanager
def working(workspace: Path, who: str | None = None, create: bool = False) -> Iterator[Loop]:
    """The loop over an open workspace, with progress on this terminal."""
    from beside.cli.terminal import Terminal
    from beside.loop import Loop
    from beside.store.sealer import sealer_of
    from beside.store.workspace import Workspace

    sealer_of(workspace).ask = opening_phrase
    opened = Workspace.open(workspace, create=create)
    opened.keys.ask = passphrase
    terminal = Terminal(opened.report_progress)
    try:
        yield Loop(opened, acting(opened, who or login_name()), terminal)
    finally:
        terminal.close()
        opened.close()


def passphrase(what: str) -> str | None:
    """What unlocks a private key: from the environment, else asked for where somebody sits at a terminal."""
    from beside.store.keys import PASSPHRASE

    given = os.environ.get(PASSPHRASE)
    if given or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return given or None
    return getpass.getpass(f"Passphrase of {what}: ", sys.stderr) or None


def opening_phrase(what: str) -> str | None:
    """The passphrase that opens an encrypted workspace: from the environment, else asked for where somebody sits at a terminal.

    What is typed is kept in this process's environment, so that trainings which it starts can open the workspace as well.
    """
    from beside.store.key_source import PASSPHRASE, environment

    given = environment(what)
    if given is None and sys.stdin.isatty() and sys.stderr.isatty():
        given = getpass.getpass(f"Passphrase of {what}: ", sys.stderr) or None
        if given:
            os.environ[PASSPHRASE] = given
    return given


def acting(workspace: Workspace, name: str) -> Actor:
    """A person of the workspace with the roles they were given; anybody else is an owner, for they can write the folder.

    Raises:
        NotPermitted: the person's account is disabled.
    """
    from beside.core.errors import NotPermitted
    from beside.core.types import Actor

    owner = Actor(name=name, roles=("admin",))
    known = next((one for one in workspace.people.accounts(owner) if one.name == name), None)
    if known is None:
        return owner
    if known.disabled_at is not None:
        raise NotPermitted(f"The account of '{name}' is disabled.", "An admin opens it again: beside people enable NAME --as ADMIN")
    return Actor(name=name, roles=known.roles)


def login_name() -> str:
    """The name of whoever runs this process."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "admin"


def show(json: bool, value: Any, words: Callable[[Any], None]) -> None:
    """A result as JSON for programs, or in words for people."""
    from beside.cli.terminal import put_json
    from beside.loop import as_plain

    if json:
        put_json([as_plain(one) for one in value] if isinstance(value, list) else as_plain(value))
    else:
        words(value)


@app.callback(invoke_without_command=True)
def version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(f"beside {__version__}")
        raise typer.Exit()
