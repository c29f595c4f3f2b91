"""What privacy officers do through the loop: the rights of a person, retention, purposes, documents of the processing."""

from __future__ import annotations

from beside.processing import Papers
from beside.purposes import Purposes
from beside.retaining import Keeping
from beside.rights import Rights


class Stewards(Rights, Keeping, Papers, Purposes):
    """Part of `Loop`: all that takes an admin or a privacy officer; for purposes a builder will do."""
