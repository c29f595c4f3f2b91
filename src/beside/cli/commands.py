"""Every sub-command, one per verb; prints, never computes. Importing a file registers its commands."""

from __future__ import annotations

from beside.cli import (
    accounts,
    attacking,
    committee,
    comparing,
    compressing,
    documenting,
    encrypting,
    federating,
    labelling,
    making,
    papers,
    pretraining,
    protecting,
    proving,
    retaining,
    rights,
    searching,
    using,
    vault,
    watching,
    workplace,
)
from beside.cli.frame import app

__all__ = [
    "accounts",
    "app",
    "attacking",
    "committee",
    "comparing",
    "compressing",
    "documenting",
    "encrypting",
    "federating",
    "labelling",
    "main",
    "making",
    "papers",
    "pretraining",
    "protecting",
    "proving",
    "retaining",
    "rights",
    "searching",
    "using",
    "vault",
    "watching",
    "workplace",
]


def main() -> None:
    """Entry point of the `beside` command."""
    app()
