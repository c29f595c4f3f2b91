"""The findings as rows of the card, and the list of what nobody measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from math import isfinite

from markupsafe import Markup

from beside import charts
from beside.cards.facts import Facts
from beside.cards.numbers import count, interval, limit, number
from beside.cards.words import Words
from beside.core.registry import names
from beside.core.types import FEWEST_ROWS, Finding

ASPECTS = (
    "utility",
    "calibration",
    "robustness",
    "privacy",
    "fairness",
    "explanation",
    "memory",
    "selective",
    "scope",
    "behaviour",
    "data",
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One finding as it is printed: everything already text."""

    metric: str
    check: str
    unit: str
    direction: str
    value: str
    interval: str
    n: str
    picture: Markup  # the interval against its limit; empty when the interval has no end
    limit: str
    verdict: str  # pass, fail, inconclusive, no limit
    word: str  # the verdict in the reader's language
    reason: str
    source: str  # id of the finding


@dataclass(frozen=True, kw_only=True)
class Group:
    """The findings of one aspect."""

    aspect: str
    question: str
    rows: list[Row]


def groups(facts: Facts, words: Words) -> list[Group]:
    """All findings, by aspect, in the order they were measured."""
    ordered = sorted(facts.findings, key=lambda finding: place(aspect_of(finding.check)))
    made = []
    for aspect, found in groupby(ordered, key=lambda finding: aspect_of(finding.check)):
        rows = [row(finding, facts, words) for finding in found]
        made.append(Group(aspect=words.name("aspects", aspect), question=words.known("questions", aspect) or "", rows=rows))
    return made


def headlines(facts: Facts, words: Words, most: int = 4) -> list[tuple[str, Row]]:
    """The first finding of each aspect, for the top of the card: (aspect, row)."""
    return [(group.aspect, group.rows[0]) for group in groups(facts, words)][:most]


def row(finding: Finding, facts: Facts, words: Words) -> Row:
    """One finding in words."""
    ends = (finding.value, finding.low, finding.high)
    drawn = charts.interval(*ends, finding.limit, finding.better) if all(map(isfinite, ends)) else ""
    word = words.name("verdicts", finding.verdict)
    if finding.n < FEWEST_ROWS:  # with so few rows even a met limit would say nothing
        word = words("not_enough")
    return Row(
        metric=words.name("metrics", finding.metric),
        check=finding.check,
        unit=words.name("units", finding.unit),
        direction=words(finding.better),
        value=number(finding.value),
        interval=interval(finding.low, finding.high, words("no_interval")),
        n=count(finding.n),
        picture=Markup(drawn),
        limit="" if finding.limit is None else limit(finding.limit, finding.better),
        verdict=finding.verdict,
        word=word,
        reason=reason(finding, facts, words),
        source=finding.id,
    )


def reason(finding: Finding, facts: Facts, words: Words) -> str:
    """Why the policy sets this limit, in its own words; empty when it sets none."""
    found = (line.reason for line in facts.policy.limits if (line.check, line.metric) == (finding.check, finding.metric))
    return words.sentence(next(found, ""))


def tally(facts: Facts, words: Words) -> list[tuple[str, str, int]]:
    """How many limits are met, missed, undecided and without a measurement: (verdict, word, how many), zeros left out."""
    counts = Counter(finding.verdict for finding in facts.findings if finding.limit is not None)
    counted = {**{str(verdict): n for verdict, n in counts.items()}, "missing": len(limits_without(facts))}
    order = ("pass", "fail", "inconclusive", "missing")
    return [(verdict, words.name("verdicts", verdict), counted[verdict]) for verdict in order if counted.get(verdict)]


def limits_without(facts: Facts) -> list[tuple[str, str, float]]:
    """Limits of the policy that no finding answers, nor a check that says why it does not apply: (check, metric, limit)."""
    measured = {(finding.check, finding.metric) for finding in facts.findings}
    told = {one.check for one in facts.skipped}
    asked = (line for line in facts.policy.limits if not (line.if_applicable and line.check in told))
    return [(line.check, line.metric, line.limit) for line in asked if (line.check, line.metric) not in measured]


def unmeasured(facts: Facts, words: Words) -> list[tuple[str, str]]:
    """What nobody measured or only in part, and why: aspects, limits, skipped checks, checks that were not run."""
    none, partly = words("not_measured") + words("colon"), words("partly_measured") + words("colon")
    measured = {finding.check for finding in facts.findings}
    # of several reasons for one check the first is the newest
    skipped = {skip.check: words.sentence(skip.why) for skip in reversed(facts.skipped)}
    known, gaps = {*measured, *skipped}, limits_without(facts)
    silent = [aspect for aspect in (*ASPECTS, *others()) if aspect not in map(aspect_of, known)]
    named = [(check, words.name("metrics", metric), f"{line:g}") for check, metric, line in gaps]
    return [
        *((words.name("aspects", aspect), none + words("no_check_ran")) for aspect in silent),
        *((check, none + words("limit_without", metric=metric, limit=line)) for check, metric, line in named),
        *((check, (partly if check in measured else none) + why) for check, why in skipped.items()),
        *((check, none + words("check_not_run")) for check in names("checks") if check not in known),
    ]


def others() -> list[str]:
    """Aspects that somebody added a check for, beyond the usual ones."""
    return sorted({aspect_of(check) for check in names("checks")} - set(ASPECTS))


def aspect_of(check: str) -> str:
    """`robustness` for `robustness/typos`."""
    return check.split("/", 1)[0]


def place(aspect: str) -> int:
    """Where an aspect stands on the card; unknown ones last."""
    return ASPECTS.index(aspect) if aspect in ASPECTS else len(ASPECTS)


def audited(findings: Iterable[Finding]) -> str:
    """The day of the last finding, as an ISO date; empty without findings."""
    return max((finding.made_at.date().isoformat() for finding in findings), default="")
