"""The most memory that this process held since a moment: resident set size, everything in it counted."""

from __future__ import annotations

import resource
import sys
from contextlib import suppress
from pathlib import Path

FORGET_PEAK = "5"  # what /proc/PID/clear_refs takes, see proc(5); Linux 4.0 and later
UNIT = 1 if sys.platform == "darwin" else 1024  # bytes, of ru_maxrss


def restart() -> None:
    """Begins to measure anew, where the system allows it; elsewhere the peak counts from the start of the process."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text(FORGET_PEAK)


def peak() -> int:
    """Bytes; libraries, the model, gradients, optimiser moments and cached rows together, as `getrusage` has it."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT
