"""Where a release stands with its committee, in words."""

from __future__ import annotations

import sys

from beside.stages.committee import Standing


def standing_in_words(found: Standing) -> None:
    """Its state, its seats, what is open, and what speaks against serving it."""
    lines = [f"Release {found.release_id}: {found.state}"]
    for seat, names in found.seats.items():
        still = f"; {found.missing[seat]} missing" if seat in found.missing else ""
        lines.append(f"  {seat}: {', '.join(names) or 'nobody yet'}{still}")
    for term in found.conditions:
        met = f"met, says {term.met[0].who}" if term.met else "open"
        kind = "blocking condition" if term.condition.blocking else "condition"
        lines.append(f"  {kind} {term.id} of {term.who} ({met}): {term.condition.text}")
    lines += [f"  suspension {halt.id} by {halt.who}: {halt.reason}" for halt in found.suspensions]
    lines += [f"  against: {reason}" for reason in found.objections] or ["  nothing speaks against serving it"]
    if not found.separation:
        lines.append("  the policy lets whoever trained or released it sign")
    sys.stdout.write("\n".join(lines) + "\n")
