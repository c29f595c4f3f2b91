"""The command line: `commands` has one function per verb, the other files say, start and serve."""

from beside.cli.commands import main

__all__ = ["main"]
