"""Where one model stands in the loop: eight stations, what is behind each, and the next action.

No rule of the product lives here. Whether a release may be served is asked of `core/gate.py`; a verdict is a finding's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from beside.console.language import Language
from beside.console.terms import STATES
from beside.core.types import Answer, Comparison, Corpus, Finding, Prediction, Release, Run

HALTED = ("retired", "stopped", "suspended", "expired")
Stand = Literal["done", "now", "later", "stopped"]


@dataclass(frozen=True)
class Station:
    """One verb of the loop for one model."""

    verb: str
    name: str
    stand: Stand
    fact: str = ""
    href: str = ""


@dataclass(frozen=True)
class Step:
    """The next action: a sentence and one way to do it: a page, a command to type, or a release to improve."""

    text: str
    href: str = ""
    link: str = ""
    command: str = ""
    improve: str = ""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that is known about one model, from its text to what people said of its answers."""

    corpus: Corpus
    run: Run | None = None
    findings: Sequence[Finding] = ()
    release: Release | None = None
    objections: Sequence[str] = ()  # why the release may not be served; empty = it may
    conditions: int = 0  # of the approvals that stand
    answers: Sequence[tuple[Prediction, Answer]] = ()
    comparison: Comparison | None = None  # with this run as champion
    waiting: int = 0  # corrections that no child corpus holds yet


@dataclass(frozen=True)
class Line:
    """One model's line through the loop."""

    facts: Facts
    step: Step
    stations: tuple[Station, ...] = field(default_factory=tuple)


def stand(facts: Facts, language: Language) -> Line:
    """The stations of one model and its next action."""
    parts = (text_in, trained, audited, released, reviewed, served, listened, improved)
    stations = [part(facts, language) for part in parts]
    for place, station in enumerate(stations):
        if station.stand != "done":
            if station.stand == "later":
                stations[place] = replace(station, stand="now")
            break
    return Line(facts, next_step(facts, language), tuple(stations))


def text_in(facts: Facts, language: Language) -> Station:
    """Rows and labels of the corpus."""
    rows = sum(facts.corpus.splits.values())
    fact = language.count("%(n)s row", "%(n)s rows", rows)
    labels = language.count("%(n)s label", "%(n)s labels", len(facts.corpus.labels))
    return Station("intake", language.say("Text in"), "done", f"{fact}\n{labels}")


def trained(facts: Facts, language: Language) -> Station:
    """How long training took; its scores are the audit's business, which gives them intervals."""
    name = language.say("Train")
    if facts.run is None:
        return Station("train", name, "later")
    return Station("train", name, "done", duration(facts.run.seconds, language))


def audited(facts: Facts, language: Language) -> Station:
    """How many statements were measured and how many of them fail."""
    name = language.say("Audit")
    if facts.run is None or not facts.findings:
        return Station("audit", name, "later")
    fact = language.count("%(n)s finding", "%(n)s findings", len(facts.findings))
    fails = sum(finding.verdict == "fail" for finding in facts.findings)
    if fails:
        fact += "\n" + language.count("%(n)s fails", "%(n)s fail", fails)
    return Station("audit", name, "done", fact, f"/evidence?run={facts.run.id}")


def released(facts: Facts, language: Language) -> Station:
    """The start of the seal."""
    name = language.say("Release")
    if facts.release is None:
        return Station("release", name, "later")
    return Station("release", name, "done", language.say("sealed %(seal)s", seal=facts.release.seal[:8]), review_of(facts))


def reviewed(facts: Facts, language: Language) -> Station:
    """Who signed."""
    name = language.say("Review")
    release = facts.release
    if release is None:
        return Station("review", name, "later")
    approved, rejected = (people(release, decision) for decision in ("approve", "reject"))
    if release.state == "approved":
        fact = language.say("approved by %(who)s", who=language.say(", ").join(approved))
        if facts.conditions:
            fact += "\n" + language.count("under %(n)s condition", "under %(n)s conditions", facts.conditions)
        return Station("review", name, "done", fact, review_of(facts))
    if release.state == "rejected":
        fact = language.say("rejected by %(who)s", who=language.say(", ").join(rejected))
        return Station("review", name, "stopped", fact, review_of(facts))
    if release.state in HALTED:
        return Station("review", name, "stopped", language.say(STATES[release.state]), review_of(facts))
    signed, quorum = language.number(len(approved)), language.number(release.policy.quorum)
    fact = language.say("%(signed)s of %(quorum)s signed", signed=signed, quorum=quorum)
    return Station("review", name, "later", fact, review_of(facts))


def served(facts: Facts, language: Language) -> Station:
    """Whether the gate lets the release answer."""
    name = language.say("Serve")
    if facts.release is None or facts.release.state != "approved":
        return Station("serve", name, "later")
    if facts.objections:
        return Station("serve", name, "stopped", language.say("held back by the gate"), review_of(facts))
    return Station("serve", name, "done", language.say("may answer"), f"/try?release={facts.release.id}")


def listened(facts: Facts, language: Language) -> Station:
    """What people said of the answers."""
    name = language.say("Listen")
    if not facts.answers:
        return Station("listen", name, "later")
    wrong = sum(not answer.correct for _, answer in facts.answers)
    fact = language.count("%(n)s reply", "%(n)s replies", len(facts.answers))
    return Station("listen", name, "done", fact + "\n" + language.count("%(n)s wrong", "%(n)s wrong", wrong))


def improved(facts: Facts, language: Language) -> Station:
    """What became of the corrections."""
    name = language.say("Improve")
    if facts.waiting:
        return Station("improve", name, "later", language.count("%(n)s correction waits", "%(n)s corrections wait", facts.waiting))
    if facts.comparison:
        return Station("improve", name, "done", language.say("challenger compared"), "#improvements")
    return Station("improve", name, "later")


def next_step(facts: Facts, language: Language) -> Step:
    """What a person does next to move this model on."""
    say, corpus, run, release = language.say, facts.corpus, facts.run, facts.release
    if run is None:
        return Step(say("Train a model on this text."), f"/train?corpus={corpus.id}", say("Train"))
    if not facts.findings:
        return Step(say("Measure what this model can and cannot do."), command=f"beside audit {run.id}")
    if release is None:
        return Step(say("Seal the model with its evidence."), command=f"beside release {run.id}")
    if release.state == "rejected":
        return Step(say("Read why it was rejected, then train again."), review_of(facts), say("Read the review"))
    if release.state in HALTED:
        return Step(say("It answers nobody. Read why, and what opens it again."), review_of(facts), say("See why"))
    if release.state == "draft":
        return Step(say("People read the evidence and sign."), review_of(facts), say("Review"))
    if facts.objections:
        return Step(say("The gate holds this release back."), review_of(facts), say("See why"))
    if facts.waiting:
        return Step(say("Train a challenger on the corrections."), improve=release.id)
    return Step(say("Ask it, and say where it is wrong."), f"/try?release={release.id}", say("Try it"))


def people(release: Release, decision: str) -> list[str]:
    """Who decided so last, each once."""
    last = {signature.who: signature.decision for signature in release.signatures}
    return [who for who, decided in last.items() if decided == decision]


def review_of(facts: Facts) -> str:
    """The page where the release is reviewed."""
    return f"/review/{facts.release.id}" if facts.release else "/review"


def duration(seconds: float, language: Language) -> str:
    """Seconds below two minutes, else minutes, else hours."""
    if seconds < 120:
        return language.count("%(n)s second", "%(n)s seconds", round(seconds))
    if seconds < 7200:
        return language.count("%(n)s minute", "%(n)s minutes", round(seconds / 60))
    return language.count("%(n)s hour", "%(n)s hours", round(seconds / 3600))
