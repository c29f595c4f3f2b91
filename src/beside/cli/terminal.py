"""How the command line talks: words and progress for people on stderr, one JSON document for machines on stdout."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from beside.core.errors import BesideError

Told = Callable[[dict[str, Any] | None], None]
SECONDS_BETWEEN_REPORTS = 0.5


class Terminal:
    """Progress for a person at a terminal; the same steps are told to the workspace, so that the console shows them.

    Args:
        told: takes what to show elsewhere, None at the end.
    """

    def __init__(self, told: Told | None = None) -> None:
        self.console = Console(stderr=True, highlight=False)
        self.told = told
        self.bar: Progress | None = None
        self.tasks: dict[str, TaskID] = {}
        self.reported = 0.0

    def say(self, text: str) -> None:
        """One line for a person."""
        self.console.print(text, markup=False)

    def step(self, stage: str, done: int, total: int, note: str = "") -> None:
        """Moves the stage's bar; a finished bar stays as a line."""
        if self.bar is None:
            self.bar = Progress(
                TextColumn("{task.fields[stage]:<10}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[note]}"),
                console=self.console,
                refresh_per_second=4,
            )
            self.bar.start()
        if stage not in self.tasks:
            self.tasks[stage] = self.bar.add_task("", total=total or None, stage=stage, note=note)
        self.bar.update(self.tasks[stage], completed=done, total=total or None, note=note)
        if self.told and (time.monotonic() - self.reported > SECONDS_BETWEEN_REPORTS or done == total):
            self.reported = time.monotonic()
            self.told({"stage": stage, "done": done, "total": total, "note": note})

    def close(self) -> None:
        """Ends the bars."""
        if self.bar is not None:
            self.bar.stop()
        self.bar, self.tasks = None, {}
        if self.told:
            self.told(None)

    def table(self, headers: list[str], rows: list[list[str]]) -> None:
        """A table for people, on stderr."""
        table = Table(box=None, pad_edge=False, header_style="dim")
        for header in headers:
            table.add_column(header, overflow="fold")
        for row in rows:
            table.add_row(*row)
        self.console.print(table)


def put_json(value: Any) -> None:
    """The one JSON document of a command, on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def fail(error: BesideError, as_json: bool) -> int:
    """Tells a person (and, with --json, a program) what went wrong; the exit code."""
    sys.stderr.write(f"Error: {error.message}\n{f'  -> {error.hint}' if error.hint else ''}".rstrip() + "\n")
    if as_json:
        put_json(error.as_json())
    return error.exit_code
