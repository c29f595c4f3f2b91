"""Audit: run the checks, judge what they measured by the policy's limits, and say what could not be measured.

A check measures; only here does a measurement meet a limit. Every check draws from its own random numbers, made from the
audit's seed and the check's name, so that leaving a check out changes no other check's result.
Nothing is measured twice: what a check found is kept under all that it depends on. Checks run side by side, the model answers one
at a time; what they find does not depend on which came first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from math import isfinite
from pathlib import Path
from threading import RLock
from time import monotonic
from typing import Any

import numpy as np

from beside import __version__
from beside.core import registry
from beside.core.applies import metrics_of, task_of, why_not
from beside.core.errors import NotEnoughData
from beside.core.interfaces import Check, Progress, Subject
from beside.core.options import files_named, must_exist, options, wanted, with_options
from beside.core.pairs import readable, whole
from beside.core.policies import limits_of as limits_of
from beside.core.recipe import Policy
from beside.core.types import Finding, Measurement, Run, Skipped, Splits, content_id
from beside.core.watching import BLOCK, Cancelled, Desk, Shared, Watched
from beside.store.artifacts import Artifacts
from beside.store.cache import Cache, code_of
from beside.store.files import sha256_of

ORIGINALS = "originals"  # what is given to a check under that name are rows, no model
WORKERS = 2  # checks side by side: while one counts, another asks the model

Result = tuple[list[Measurement], list[str]]  # what was measured, and why the rest was not


@dataclass(frozen=True)
class Model:
    """A model, or rows, that an audit may need: opened when a check asks for it, and not at all when everything is known already.

    Args:
        key: names its content, for the cache; None = there is no such model.
        open: gives the model; None when it cannot be had after all.
    """

    key: str | None
    open: Callable[[], Any]


NONE = Model(None, lambda: None)


def audit(
    run: Run,
    subject: Model,
    splits: Splits,
    policy: Policy,
    *,
    rows: str = "",
    given: Mapping[str, Model] | None = None,
    checks: Sequence[str] = (),
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    folder: Path | None = None,
    cache: Cache | None = None,
    fresh: bool = False,
    look: Callable[[], object] = lambda: None,
    artifacts: Artifacts,
    progress: Progress,
    seed: int = 0,
    now: datetime,
    clock: Callable[[], float] = monotonic,
    workers: int = WORKERS,
) -> list[Finding | Skipped]:
    """Findings in the order of the checks, then one Skipped per check that left something unmeasured, with the reason.

    Args:
        rows: names the content of `splits`, for the cache.
        given: the models that checks may compare with, by the name of the field: `parent`, `champion`, `base`; `originals`: rows.
        checks: names that override the policy's; none given and none in the policy: all.
        settings: options of checks that override the policy's.
        folder: what relative paths in options are relative to.
        cache: what was measured before; None = measure everything.
        fresh: measure everything anew, and keep that.
        look: called once, before any test row is looked at.
        clock: seconds, for the estimate of the time left.
        workers: checks at work at the same time.

    Raises:
        UnknownName: a check or a limit's metric does not exist.
        BadOption: the policy limits one metric twice, or sets an option that is not there.
    """
    splits = Splits(*map(whole, splits))
    names = list(dict.fromkeys(checks or policy.checks or registry.names("checks")))
    limits, members = limits_of(policy), members_of(names, policy.options, settings or {}, folder)
    models, desk = {"subject": subject, **(given or {})}, Desk(progress, clock)
    keys = {name: key_of(name, check, models, rows, seed) for name, check in members.items()} if cache else {}
    results = known(keys, None if fresh else cache, desk)
    if missing := {name: check for name, check in members.items() if name not in results}:
        look()
        bench = Bench(models, splits, desk, seed)
        results |= bench.run(missing, workers, lambda name, result: keep(cache, keys.get(name), result))
    findings = [
        finding(run, name, found, limits.get((name, found.metric)), order, seed, artifacts, now)
        for name in names
        for order, found in enumerate(results[name][0])
    ]
    gaps = {name: list(results[name][1]) for name in names}
    excused = {(one.check, one.metric) for one in policy.limits if one.if_applicable}
    for (name, metric), reason in unjudged(limits, findings, gaps, names).items():
        if (name, metric) not in excused:  # such a limit is asked for at the release, where it is known what was ever measured
            gaps.setdefault(name, []).append(f"The policy limits {metric}: {reason}")
    return [*findings, *(Skipped(run_id=run.id, check=name, why=" ".join(why)) for name, why in gaps.items() if why)]


def members_of(
    names: Sequence[str], policy: Mapping[str, Mapping[str, Any]], settings: Mapping[str, Mapping[str, Any]], folder: Path | None
) -> dict[str, Check]:
    """The checks with their options. Raises as `audit` tells, also for options of checks that are not asked for."""
    made: dict[str, Check] = {name: registry.load("checks", name) for name in names}
    for table in (policy, settings):
        must_exist(table)
        for name, values in table.items():
            check = with_options(name, made.get(name, registry.load("checks", name)), values, folder)
            if name in made:
                made[name] = check
    return made


def key_of(name: str, check: Check, models: Mapping[str, Model], rows: str, seed: int) -> dict[str, Any]:
    """All that the result of a check depends on, as plain data."""
    return {
        "check": name,
        "source": code_of(name),
        "options": {option: str(value) for option, value in options(check).items()},
        "files": {str(file): sha256_of(file) for file in files_named(check)},
        "models": {role: models.get(role, NONE).key for role in ("subject", *wanted(check))},
        "rows": rows,
        "seed": seed,
        "version": __version__,
    }


def known(keys: Mapping[str, Any], cache: Cache | None, desk: Desk) -> dict[str, Result]:
    """What an earlier audit measured in the very same situation; told by name."""
    found = {name: cache.get(key) for name, key in keys.items()} if cache else {}
    there = {
        name: ([Measurement.model_validate(one) for one in kept["measurements"]], list(kept["why"]))
        for name, kept in found.items()
        if kept is not None
    }
    if there:
        desk.say(f"from cache, measured before on the same model and rows: {', '.join(there)}")
    return there


def keep(cache: Cache | None, key: Any, result: Result) -> None:
    """Keeps what a check measured for the next audit."""
    if cache:
        cache.put(key, {"measurements": [one.model_dump(mode="json") for one in result[0]], "why": result[1]})


class Bench:
    """Checks at work on one run: they share the models, the turn at them and the progress."""

    def __init__(self, models: Mapping[str, Model], splits: Splits, desk: Desk, seed: int) -> None:
        self.models, self.splits, self.desk, self.seed = models, splits, desk, seed
        self.opened: dict[str, Shared | None] = {}
        self.opening = RLock()

    def run(self, checks: dict[str, Check], workers: int, done: Callable[[str, Result], None]) -> dict[str, Result]:
        """Every check measured, side by side; an error of one, or Ctrl-C, ends them all."""
        self.told(checks)
        places = {name: f"audit {place} of {len(checks)}" for place, name in enumerate(checks, start=1)}

        def work(name: str) -> Result:
            self.desk.say(f"{places[name]}: {name} - {registry.summary('checks', name)}")
            result = self.measure(name, checks[name])
            self.desk.finished(name)
            done(name, result)
            return result

        with self.pool(workers) as pool:
            waiting = {name: pool.submit(work, name) for name in checks}
            results = {name: future.result() for name, future in waiting.items()}
        self.desk.close()
        return results

    @contextmanager
    def pool(self, workers: int) -> Iterator[ThreadPoolExecutor]:
        """Threads that stop asking the model as soon as the block ends otherwise than well."""
        pool = ThreadPoolExecutor(workers, thread_name_prefix="check")
        try:
            yield pool
        except BaseException:
            self.desk.stopped.set()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def told(self, checks: dict[str, Check]) -> None:
        """Says before the work how long asking the model will take, from the time that its first rows take."""
        rows = [row.text for row in self.splits.test if row.target is not None]
        texts = {name: getattr(check, "passes", 1) * len(rows) for name, check in checks.items()}
        subject = self.shared("subject")
        if subject and rows:
            began = self.desk.clock()
            Watched(subject, "").predict(rows[:BLOCK])
            each = (self.desk.clock() - began) / len(rows[:BLOCK])
            self.desk.say(f"{len(checks)} checks ask about {sum(texts.values())} texts: about {sum(texts.values()) * each:.0f} s")
        self.desk.expect(texts)

    def shared(self, role: str) -> Shared | None:
        """A model, opened once; None when there is none."""
        with self.opening:
            if role not in self.opened:
                model = self.models.get(role, NONE).open()
                self.opened[role] = Shared(model, self.splits, self.desk) if model is not None else None
            return self.opened[role]

    def given(self, role: str, check: str) -> Any:
        """A model as this check sees it, or rows; None when there is none."""
        found = self.models.get(role, NONE).open() if role == ORIGINALS else self.shared(role)
        return Watched(found, check) if isinstance(found, Shared) else found

    def measure(self, name: str, check: Check) -> Result:
        """One check with what it wants to be given. Raises whatever a faulty check raises."""
        if self.desk.stopped.is_set():
            raise Cancelled
        given = {role: found for role in wanted(check) if (found := self.given(role, name))}
        subject = self.shared("subject")
        if subject is None:
            raise ValueError("an audit needs the model of the run")
        ready = replace(check, **given) if given else check  # type: ignore[type-var]
        return measured(ready, Watched(subject, name), self.splits, rng_of(self.seed, name))


def rng_of(seed: int, name: str) -> np.random.Generator:
    """Random numbers of one check: the same for the same seed and name."""
    return np.random.default_rng([seed, int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")])


def measured(check: Check, subject: Subject, splits: Splits, rng: np.random.Generator) -> tuple[list[Measurement], list[str]]:
    """What a check measured, and why it did not measure the rest."""
    if reason := why_not(check, subject, splits):
        return [], [reason]
    found: list[Measurement] = []
    short = ""
    try:
        for one in check.measure(subject, splits, rng):
            found.append(one)
    except NotEnoughData as error:  # what was measured before it stands
        short = error.message
    finite = [one for one in found if all(isfinite(number) for number in (one.value, one.low, one.high))]
    missing = [metric for metric in metrics_of(check, task_of(subject)) if metric not in {one.metric for one in finite}]
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
    facts["evidence"] = artifacts.put_json(readable(found.evidence)) if found.evidence is not None else None
    return Finding(id=content_id("finding", {**facts, "order": order}), **facts)


def unjudged(
    limits: dict[tuple[str, str], float], findings: Sequence[Finding], gaps: dict[str, list[str]], names: Sequence[str]
) -> dict[tuple[str, str], str]:
    """Every limit without a finding, and why: silence must never look like success."""
    judged = {(one.check, one.metric) for one in findings}
    asked = f"this audit ran only {', '.join(names)}."
    return {key: "it cannot be judged." if key[0] in gaps else asked for key in limits if key not in judged}
