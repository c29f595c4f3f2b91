"""Every sub-command, one per verb; prints, never computes. Importing a file registers its commands, in this order."""

from __future__ import annotations

from beside.cli import accounts, committee, documenting, making, pretraining, proving, using, workplace
from beside.cli.frame import app

__all__ = ["accounts", "app", "committee", "documenting", "main", "making", "pretraining", "proving", "using", "workplace"]


def main() -> None:
    """Entry point of the `beside` command."""
    app()
