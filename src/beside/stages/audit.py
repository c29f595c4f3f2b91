"""Audit: run the checks, judge what they measured by the policy's limits, and say what could not be measured.

A check measures; only here does a measurement meet a limit. Every check draws from its own random numbers, made from the
audit's seed and the check's name, so that leaving a check out changes no other check's result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from math import isfinite
from time import monotonic
from typing import Any

import numpy as np
from scipy.special import softmax

from beside.core import registry
from beside.core.errors import BadOption, NotEnoughData
from beside.core.interfaces import Check, Progress, Subject
from beside.core.recipe import Policy
from beside.core.types import Finding, Measurement, Run, Skipped, Splits, content_id
from beside.store.artifacts import Artifacts

PIECE = 256  # texts asked at once, so that progress moves


def audit(
    run: Run,
    subject: Subject,
    splits: Splits,
    policy: Policy,
    *,
    checks: Sequence[str] = (),
    artifacts: Artifacts,
    progress: Progress,
    seed: int = 0,
    now: datetime,
    clock: Callable[[], float] = monotonic,
) -> list[Finding | Skipped]:
    """Findings in the order of the checks, then one Skipped per check that left something unmeasured, with the reason.

    Args:
        checks: names that override the policy's; none given and none in the policy: all.
        clock: seconds, for the estimate of the time left.

    Raises:
        UnknownName: a check or a limit's metric does not exist.
        BadOption: the policy limits one metric twice.
    """
    names = list(dict.fromkeys(checks or policy.checks or registry.names("checks")))
    members: dict[str, Check] = {name: registry.load("checks", name) for name in names}
    limits = limits_of(policy)
    watched = Watched(subject, splits, sum(getattr(check, "passes", 1) for check in members.values()), progress, clock)
    findings: list[Finding] = []
    gaps: dict[str, list[str]] = {}
    for place, (name, check) in enumerate(members.items(), start=1):
        progress.say(f"audit {place} of {len(members)}: {name} - {registry.summary('checks', name)}")
        watched.note = name
        measurements, why = measured(check, watched, splits, rng_of(seed, name))
        findings += [
            finding(run, name, found, limits.get((name, found.metric)), order, seed, artifacts, now)
            for order, found in enumerate(measurements)
        ]
        gaps[name] = why
    watched.finish()
    for (name, metric), reason in unjudged(limits, findings, gaps, names).items():
        gaps.setdefault(name, []).append(f"The policy limits {metric}: {reason}")
    return [*findings, *(Skipped(run_id=run.id, check=name, why=" ".join(why)) for name, why in gaps.items() if why)]


def limits_of(policy: Policy) -> dict[tuple[str, str], float]:
    """(check, metric) -> limit; a limit on what no check measures could never be met, so it is refused at once."""
    limits: dict[tuple[str, str], float] = {}
    for limit in policy.limits:
        metrics = registry.load("checks", limit.check).metrics
        if limit.metric not in metrics:
            raise registry.unknown(f"metric of {limit.check}", limit.metric, list(metrics))
        if (limit.check, limit.metric) in limits:
            raise BadOption(f"Policy '{policy.name}' limits {limit.metric} of {limit.check} twice.", "Keep one of the two limits.")
        limits[limit.check, limit.metric] = limit.limit
    return limits


def rng_of(seed: int, name: str) -> np.random.Generator:
    """Random numbers of one check: the same for the same seed and name."""
    return np.random.default_rng([seed, int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")])


def measured(check: Check, subject: Subject, splits: Splits, rng: np.random.Generator) -> tuple[list[Measurement], list[str]]:
    """What a check measured, and why it did not measure the rest."""
    if reason := check.why_not(subject, splits):
        return [], [reason]
    found: list[Measurement] = []
    short = ""
    try:
        for one in check.measure(subject, splits, rng):
            found.append(one)
    except NotEnoughData as error:  # what was measured before it stands
        short = error.message
    finite = [one for one in found if all(isfinite(number) for number in (one.value, one.low, one.high))]
    missing = [metric for metric in check.metrics if metric not in {one.metric for one in finite}]
    return finite, [short or f"{', '.join(missing)} cannot be computed from these rows."] if missing else []


def finding(
    run: Run,
    check: str,
    found: Measurement,
    limit: float | None,
    order: int,
    seed: int,
    artifacts: Artifacts,
    now: datetime,
) -> Finding:
    """A measurement of this run, with its limit; its evidence is stored as an artifact."""
    facts: dict[str, Any] = found.model_dump(exclude={"evidence"})
    facts |= {"run_id": run.id, "check": check, "limit": limit, "seed": seed, "made_at": now}
    facts["evidence"] = artifacts.put_json(found.evidence) if found.evidence is not None else None
    return Finding(id=content_id("finding", {**facts, "order": order}), **facts)


def unjudged(
    limits: dict[tuple[str, str], float], findings: Sequence[Finding], gaps: dict[str, list[str]], names: Sequence[str]
) -> dict[tuple[str, str], str]:
    """Every limit without a finding, and why: silence must never look like success."""
    judged = {(one.check, one.metric) for one in findings}
    asked = f"this audit ran only {', '.join(names)}."
    return {key: "it cannot be judged." if key[0] in gaps else asked for key in limits if key not in judged}


class Watched:
    """The subject under audit, asked in pieces so that progress moves; answers on the test rows are asked for once only."""

    def __init__(self, subject: Subject, splits: Splits, passes: int, progress: Progress, clock: Callable[[], float]) -> None:
        self.labels, self.max_length, self.temperature = subject.labels, subject.max_length, subject.temperature
        self.subject, self.progress, self.clock = subject, progress, clock
        self.rows = tuple(example.text for example in splits.test if example.target is not None)
        self.known: np.ndarray | None = None
        self.done, self.total, self.began, self.note = 0, passes * len(self.rows), clock(), ""

    def logits(self, texts: Sequence[str]) -> np.ndarray:
        """Raw scores; whatever else is asked about the test rows comes from the same pass."""
        repeated = tuple(texts) == self.rows
        if repeated and self.known is not None:
            self.step(len(texts))
            return self.known
        pieces = [np.empty((0, len(self.labels)))]
        for start in range(0, len(texts), PIECE):
            piece = texts[start : start + PIECE]
            pieces.append(self.subject.logits(piece))
            self.step(len(piece))
        scores = np.concatenate(pieces)
        if repeated:
            self.known = scores
        return scores

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Softmax of the scores over the temperature, as the Subject defines it."""
        return np.asarray(softmax(self.logits(texts) / self.temperature, axis=1))

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The label with the largest score."""
        return [self.labels[place] for place in self.logits(texts).argmax(axis=1)]

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text before any truncation."""
        return self.subject.token_counts(texts)

    def step(self, texts: int) -> None:
        """Counts texts and estimates the time left from the time taken."""
        self.done += texts
        self.total = max(self.total, self.done)
        left = (self.clock() - self.began) / max(1, self.done) * (self.total - self.done)
        self.progress.step("audit", self.done, self.total, f"{self.note}, about {left:.0f} s left")

    def finish(self) -> None:
        """Everything was asked, also where a check asked less than expected."""
        self.progress.step("audit", self.total, self.total, "done")
