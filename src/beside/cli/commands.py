"""Every sub-command, one per verb; prints, never computes. Importing a file registers its commands, in this order."""

from __future__ import annotations

from beside.cli import accounts, committee, documenting, labelling, making, proving, using, workplace
from beside.cli.frame import app

__all__ = ["accounts", "app", "committee", "documenting", "labelling", "main", "making", "proving", "using", "workplace"]


def main() -> None:
    """Entry point of the `beside` command."""
    app()
