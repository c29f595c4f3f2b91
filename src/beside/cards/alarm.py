"""A look that alarms -> what people are told: what changed, by how much, since when, what was done, what to do now."""

from __future__ import annotations

from beside.cards.numbers import count
from beside.cards.words import Words
from beside.core.drift import Look, Shift
from beside.core.moved import Moved


def alarm(look: Look, before: Look | None, stopped: bool, words: Words) -> tuple[str, str]:
    """The subject, and the message in plain text. It holds no word of what people asked.

    Args:
        before: the look before it; None = there was none.
        stopped: whether the approval is suspended now.
    """

    def say(key: str, **values: object) -> str:
        return words.of("alarm", key, release=look.release_id, **values)

    steps = [say("look"), *to_do(look.release_id, stopped, words)]
    quiet = [aspect(one, words) for one in look.shifts if not one.alarm]
    parts = [
        [opening(look, words), compared(look, words), since(look, before, words)],
        [f"{say('changed')}:", *(f"- {told(one, words)}" for one in look.shifts if one.alarm)],
        [say("same", aspects=words.of("alarm_join", "list").join(quiet)) if quiet else "", estimated(look, words)],
        [say("stopped" if stopped else "answers")],
        [f"{say('do')}:", *(f"{place}. {step}" for place, step in enumerate(steps, 1))],
        [say("chance", budget=f"{look.budget:g}")],
    ]
    return say("subject"), "\n\n".join("\n".join(filter(None, part)) for part in parts) + "\n"


def to_do(release_id: str, stopped: bool, words: Words) -> list[str]:
    """What people can do about an alarm, step by step."""
    return [words.of("alarm", key, release=release_id) for key in ("check", "lift" if stopped else "leave", "improve")]


def trial(workspace: str, who: str, words: Words) -> tuple[str, str]:
    """The subject and the message of a trial."""
    return words.of("alarm", "trial_subject"), words.of("alarm", "trial", workspace=workspace, who=who) + "\n"


def opening(look: Look, words: Words) -> str:
    """That what is asked has changed."""
    if look.accepted is None:
        return words.of("alarm", "lead", release=look.release_id)
    return words.of("alarm", "lead_accepted", release=look.release_id, date=day(look.accepted))


def compared(look: Look, words: Words) -> str:
    """What was compared with what."""
    values = {"n": count(look.n), "since": day(look.since)}
    if look.accepted is None or look.accepted_n is None:
        return words.of("alarm", "against_tune", rows=count(look.tune), **values)
    return words.of("alarm", "against_accepted", rows=count(look.accepted_n), date=day(look.accepted), **values)


def since(look: Look, before: Look | None, words: Words) -> str:
    """When it was noticed first, and how long before that it was not there."""
    began = {one: look.begun.get(one, look.at) for one in look.alarms}
    earlier = [one for one in look.alarms if began[one] < look.at]
    if before is None or before.accepted != look.accepted:
        return words.of("alarm", "first", date=day(look.at))
    if not earlier:
        return words.of("alarm", "quiet" if not before.alarms else "other", date=day(look.at), before=day(before.at))
    oldest = day(min(began[one] for one in earlier))
    if len(earlier) == len(look.alarms):
        return words.of("alarm", "reminder", date=day(look.at), since=oldest)
    names = words.of("alarm_join", "list").join(words.name("alarm_aspects", one) for one in earlier)
    return words.of("alarm", "more", date=day(look.at), aspects=names, since=oldest)


def estimated(look: Look, words: Words) -> str:
    """How often it may be right now; nothing where that cannot be estimated."""
    if not look.accuracy:
        return ""
    low, high = min(one.low for one in look.accuracy), max(one.high for one in look.accuracy)
    values = {"low": share(low), "high": share(high)}
    if look.tune_accuracy is None:
        return words.of("alarm", "accuracy_only", **values)
    return words.of("alarm", "accuracy", tune=share(look.tune_accuracy), **values)


def told(shift: Shift, words: Words) -> str:
    """One aspect and what changed in it."""
    return words.of("alarm_join", "aspect", aspect=aspect(shift, words), told=changes(shift, words))


def aspect(shift: Shift, words: Words) -> str:
    """What was compared."""
    return words.name("alarm_aspects", shift.aspect)


def changes(shift: Shift, words: Words) -> str:
    """What changed in one aspect, in figures before and now; nothing for a look from before these were kept."""
    shown = [figure(one, words) for one in shift.moved if value(one, one.before) != value(one, one.now)]
    if not shift.moved:
        return ""
    return words.of("alarm_join", "list").join(shown) or words.of("alarm_moved", "small")


def figure(one: Moved, words: Words) -> str:
    """One figure before and now."""
    name = words.name("languages", one.name) if one.what == "language" else one.name
    return words.of("alarm_moved", one.what, name=name, before=value(one, one.before), now=value(one, one.now))


def value(one: Moved, of: float) -> str:
    """One side of a figure: characters, a probability or a share."""
    if one.what == "length":
        return count(round(of))
    return f"{of:.2f}" if one.what == "sure" else share(of)


def share(of: float) -> str:
    """A share of 0..1 in per cent; rounding makes nothing certain and nothing impossible."""
    if 0 < of < 0.005 or 0.995 < of < 1:
        return "<1 %" if of < 0.5 else ">99 %"
    return f"{100 * of:.0f} %"


def day(when: object) -> str:
    """A day as both languages write it."""
    return f"{when:%Y-%m-%d}"
