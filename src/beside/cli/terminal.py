"""How the command line talks: words and progress for people on stderr, one JSON document for machines on stdout."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from beside.core.errors import BesideError, StorageFailed

Told = Callable[[dict[str, Any] | None], None]
SECONDS_BETWEEN_REPORTS = 0.5
UNEVEN = ("compress",)  # stages whose parts take so unlike times that none tells of the next


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
        self.began: dict[str, tuple[float, int]] = {}  # when each stage began, and how far it is
        self.reported = 0.0  # when others were told last; 0 = never

    def say(self, text: str) -> None:
        """One line for a person."""
        # only a terminal gets its lines wrapped at words: in a file, a path must stay in one piece
        self.console.print(text, markup=False, soft_wrap=not self.console.is_terminal)

    def step(self, stage: str, done: int, total: int, note: str = "") -> None:
        """Moves the stage's bar, with the time left; a finished bar stays as a line."""
        began, before = self.began.get(stage, (0.0, done + 1))
        if done < before:  # it begins, or it begins again: a chain trains and measures more than once
            began = time.monotonic()
        self.began[stage] = (began, done)
        since = time.monotonic() - began
        if 0 < done < total and " left" not in note and stage not in UNEVEN:
            note = f"{note}, about {since / done * (total - done):.0f} s left".removeprefix(", ")
        if self.bar is None:
            self.bar = Progress(
                TextColumn("{task.fields[stage]:<10}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[note]}"),
                console=self.console,
                refresh_per_second=4,
            )
            self.bar.start()
        if stage not in self.tasks:
            self.tasks[stage] = self.bar.add_task("", total=total or None, stage=stage, note=note)
        self.bar.update(self.tasks[stage], completed=done, total=total or None, note=note)
        if time.monotonic() - self.reported > SECONDS_BETWEEN_REPORTS or done == total:
            self.reported = time.monotonic()
            self.tell({"stage": stage, "done": done, "total": total, "note": note})

    def tell(self, progress: dict[str, Any] | None) -> None:
        """What others are shown; no work ends because it could not be written down."""
        with suppress(StorageFailed):
            if self.told:
                self.told(progress)

    def close(self) -> None:
        """Ends the bars."""
        if self.bar is not None:
            self.bar.stop()
        self.bar, self.tasks, self.began = None, {}, {}
        if self.reported:  # else what stands there is another process's
            self.tell(None)

    def table(self, headers: list[str], rows: list[list[str]], indent: str = "  ") -> None:
        """Aligned lines for people, on stderr; nothing is wrapped, only the last column is cut at the edge of a terminal."""
        lines = [headers, *rows] if any(headers) else rows
        widths = [max((cell_len(line[column]) for line in lines), default=0) for column in range(len(headers) - 1)]
        for line in lines:
            cells = (set_cell_size(cell, width) for cell, width in zip(line, widths, strict=False))
            plain = indent + "  ".join([*cells, line[-1]]).rstrip()
            wide = self.console.is_terminal and cell_len(plain) > self.console.width
            shown = set_cell_size(plain, self.console.width - 1) + "…" if wide else plain
            self.console.print(shown, markup=False, soft_wrap=True)


def put_json(value: Any) -> None:
    """The one JSON document of a command, on stdout; in ASCII where stdout does not speak UTF-8."""
    ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    sys.stdout.write(json.dumps(value, ensure_ascii=ascii_only, indent=2, allow_nan=False) + "\n")


def fail(error: BesideError, as_json: bool) -> int:
    """Tells a person (and, with --json, a program) what went wrong; the exit code."""
    sys.stderr.write(f"Error: {error.message}\n{f'  -> {error.hint}' if error.hint else ''}".rstrip() + "\n")
    if as_json:
        put_json(error.as_json())
    return error.exit_code
