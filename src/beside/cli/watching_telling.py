"""A look for drift in words."""

from __future__ import annotations

from beside.cards.alarm import changes, compared, to_do
from beside.cards.words import Words
from beside.cli.terminal import Terminal
from beside.core.drift import Look


def look_in_words(look: Look, stopped: bool) -> None:
    """What was compared, a line for each test, how often the answers may be right, and what to do about an alarm.

    Args:
        stopped: whether the approval is suspended now.
    """
    out = Terminal()
    words = Words("en")
    out.say(f"{look.release_id}. {compared(look, words)}")
    rows = [
        ["ALARM" if one.alarm else "", one.aspect, changes(one, words), f"{one.value:.3g}", f"{one.p:.2g}", f"{one.alpha:.2g}"]
        for one in look.shifts
    ]
    out.table(["", "aspect", "before → now", "difference", "p", "alarm up to"], rows)
    for alarmed, when in look.begun.items():
        out.say(f"{alarmed}: alarm since the look on {when:%Y-%m-%d %H:%M} UTC")
    for aspect, why in look.skipped.items():
        out.say(f"{aspect} not compared: {why}")
    for estimate in look.accuracy:
        span = f"{estimate.low:.3f} to {estimate.high:.3f}, n = {estimate.n}"
        out.say(f"accuracy without labels, {estimate.method}: {estimate.value:.3f} ({span})")
    if look.tune_accuracy is not None:
        out.say(f"accuracy on the tune rows: {look.tune_accuracy:.3f} (n = {look.tune})")
    out.say(f"False alarms without drift: at most {look.budget:g} in 30 days; this look spent those of {look.days:.2f} days.")
    if look.suspended:
        out.say("This look suspended the approval, as the policy says.")
    if look.alarms:
        out.say("What to do:")
        for place, step in enumerate(to_do(look.release_id, stopped, words), 1):
            out.say(f"{place}. {step}")
    for one in look.told:
        out.say(f"{'sent' if one.sent else 'NOT sent'} by {one.way}")
