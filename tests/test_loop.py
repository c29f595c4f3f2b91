"""What the loop itself decides: which findings count, and what is given back."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from beside.core.errors import BadInput, NotEnoughData, UnknownName
from beside.core.types import Finding
from beside.loop import Loop

THEN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def world(make_approved: Callable[..., Any], tmp_path: Path) -> tuple[Loop, Callable[..., None]]:
    """A loop over a workspace with one run, and a way to add findings of an audit at an hour."""
    approved = make_approved(tmp_path / "workspace", approve=False, at=THEN)
    loop = Loop(approved.workspace, approved.owner)

    def audit(hour: int, *measured: tuple[str, float], limit: float | None = None) -> None:
        facts = {"run_id": "run-toy", "check": "utility/report", "unit": "share", "better": "higher", "n": 99, "seed": 0}
        at = THEN + timedelta(hours=hour)
        found = [
            Finding(id=f"finding-{hour}-{place}", metric=name, value=value, low=0, high=1, limit=limit, made_at=at, **facts)
            for place, (name, value) in enumerate(measured)
        ]
        loop.records.add_findings(loop.actor, found)

    return loop, audit


def newest(loop: Loop) -> list[tuple[str, float]]:
    return [(one.metric, one.value) for one in loop.newest_findings(loop.records.run(loop.actor, "run-toy"))]


def test_the_last_audit_counts_whatever_policy_it_ran_under(world: Any) -> None:
    loop, audit = world
    audit(1, ("accuracy", 0.5), ("macro_f1", 0.4), limit=0.8)
    audit(2, ("accuracy", 0.6))
    assert newest(loop) == [("macro_f1", 0.4), ("accuracy", 0.6)]


def test_a_metric_measured_several_times_in_one_audit_keeps_its_worst(world: Any) -> None:
    loop, audit = world
    audit(1, ("accuracy", 0.9))
    audit(2, ("accuracy", 0.3), ("accuracy", 0.95))
    assert newest(loop) == [("accuracy", 0.3), ("accuracy", 0.95)]


def test_a_run_that_nobody_audited_cannot_be_released(world: Any) -> None:
    loop, _ = world
    loop.newest_findings = lambda run: []
    with pytest.raises(NotEnoughData, match="never audited") as refused:
        loop.release("run-toy")
    assert "beside audit run-toy" in refused.value.hint


def test_importing_the_same_file_again_gives_the_corpus_that_is_there(world: Any, messages: Any, tmp_path: Path) -> None:
    loop, _ = world
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["text", "label"], *messages(90)])
    first, again = (loop.intake(str(tmp_path / "rows.csv"), "inbox")[0] for _ in range(2))
    assert first == again and len(loop.records.corpora(loop.actor)) == 2


def test_training_needs_a_corpus_that_is_there(world: Any) -> None:
    loop, _ = world
    with pytest.raises(BadInput, match="No corpus was given"):
        loop.train(None)
    with pytest.raises(UnknownName, match="inbix"):
        loop.train("inbix")
    with pytest.raises(BadInput, match="no unfinished training"):
        loop.train(None, resume=True)
