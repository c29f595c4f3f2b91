"""A look for drift in words."""

from __future__ import annotations

from beside.cli.terminal import Terminal
from beside.core.drift import Look


def look_in_words(look: Look) -> None:
    """What was compared, a line for each test, and how often the answers may be right."""
    out = Terminal()
    out.say(f"{look.n} answers since {look.since:%Y-%m-%d} against {look.tune} tune rows of {look.release_id}.")
    rows = [
        ["ALARM" if one.alarm else "", one.aspect, f"{one.value:.3g}", f"{one.p:.2g}", f"{one.alpha:.2g}", one.measure]
        for one in look.shifts
    ]
    out.table(["", "aspect", "difference", "p", "alarm up to", "measure"], rows)
    for aspect, why in look.skipped.items():
        out.say(f"{aspect} not compared: {why}")
    for estimate in look.accuracy:
        span = f"{estimate.low:.3f} to {estimate.high:.3f}, n = {estimate.n}"
        out.say(f"accuracy without labels, {estimate.method}: {estimate.value:.3f} ({span})")
    if look.tune_accuracy is not None:
        out.say(f"accuracy on the tune rows: {look.tune_accuracy:.3f} (n = {look.tune})")
    out.say(f"False alarms without drift: at most {look.budget:g} in 30 days; this look spent those of {look.days:.2f} days.")
    if look.suspended:
        out.say("The approval is suspended, as the policy says: beside resume lifts it.")
    for one in look.told:
        out.say(f"{'sent' if one.sent else 'NOT sent'} by {one.way}")
