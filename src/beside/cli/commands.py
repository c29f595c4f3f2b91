"""Every sub-command, one per verb; prints, never computes. Importing a file registers its commands."""

from __future__ import annotations

import gc

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

# objects that come until the garbage collector looks (Python's own: 700): torch and transformers bring a million that stay, and
# going through them again and again was a tenth of the time until a model answers
YOUNG = 50_000


def main() -> None:
    """Entry point of the `beside` command."""
    gc.set_threshold(YOUNG, 10, 10)
    app()
