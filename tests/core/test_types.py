"""The five types: frozen, closed, and a verdict that asks for proof."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from beside.core.types import FEWEST_ROWS, Actor, Example, Finding, content_id

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def finding(**given: Any) -> Finding:
    facts: dict[str, Any] = {
        "id": "finding-1",
        "run_id": "run-1",
        "check": "utility/report",
        "metric": "accuracy",
        "unit": "share",
        "better": "higher",
        "value": 0.9,
        "low": 0.86,
        "high": 0.94,
        "n": 300,
        "seed": 0,
        "made_at": NOW,
    }
    return Finding(**{**facts, **given})


@pytest.mark.parametrize(
    ("better", "limit", "verdict"),
    [
        ("higher", 0.85, "pass"),
        ("higher", 0.86, "pass"),
        ("higher", 0.9, "inconclusive"),
        ("higher", 0.94, "inconclusive"),
        ("higher", 0.95, "fail"),
        ("lower", 0.95, "pass"),
        ("lower", 0.94, "pass"),
        ("lower", 0.9, "inconclusive"),
        ("lower", 0.86, "inconclusive"),
        ("lower", 0.85, "fail"),
        ("higher", None, "no limit"),
    ],
)
def test_a_verdict_needs_the_whole_interval_on_one_side(better: str, limit: float | None, verdict: str) -> None:
    assert finding(better=better, limit=limit).verdict == verdict


@given(n=st.integers(1, FEWEST_ROWS - 1), low=st.floats(0, 1), limit=st.floats(-1, 2), better=st.sampled_from(["higher", "lower"]))
def test_a_handful_of_rows_neither_passes_nor_fails(n: int, low: float, limit: float, better: str) -> None:
    assert finding(n=n, low=low, value=1, high=1, limit=limit, better=better).verdict == "inconclusive"


def test_the_verdict_travels_with_the_finding_but_cannot_be_set() -> None:
    assert finding(limit=0.5).model_dump()["verdict"] == "pass"
    with pytest.raises(ValidationError):
        finding(verdict="pass")


def test_types_are_frozen_and_refuse_unknown_fields() -> None:
    row = Example(id="1", text="卡丢了")
    with pytest.raises(ValidationError):
        row.text = "changed"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="colour"):
        Example(id="1", text="", colour="red")  # type: ignore[call-arg]


def test_the_same_content_has_the_same_name_and_other_content_another() -> None:
    assert content_id("run", {"a": 1, "b": "丢"}) == content_id("run", {"b": "丢", "a": 1})
    assert content_id("run", {"a": 1}) != content_id("run", {"a": 2})
    assert content_id("run", {}).startswith("run-")


def test_an_owner_may_do_everything_and_others_what_their_roles_say() -> None:
    assert Actor(name="ana", roles=("admin",)).may("reviewer")
    assert Actor(name="bo", roles=("reviewer",)).may("reviewer")
    assert not Actor(name="cy", roles=("user",)).may("reviewer")
