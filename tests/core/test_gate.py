"""The gate: each reason why a release may not be served, and that there is no other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from beside.core.gate import against, objections, settled
from beside.core.recipe import Limit, Policy
from beside.core.types import Finding, Signature, Skipped

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SEAL = "a" * 64
ACCURACY = Limit(check="utility/report", metric="accuracy", limit=0.8, reason="at least four in five")


def policy(**given: Any) -> Policy:
    return Policy(**{"name": "test", "limits": (ACCURACY,), "valid_days": 100, **given})


def finding(low: float, high: float, n: int = 300, limit: float | None = 0.8, metric: str = "accuracy") -> Finding:
    facts = {"id": f"f-{low}-{high}", "run_id": "run", "check": "utility/report", "metric": metric, "unit": "share", "seed": 0}
    return Finding(**facts, better="higher", value=(low + high) / 2, low=low, high=high, n=n, limit=limit, made_at=NOW)


def signed(who: str = "ana", days_ago: float = 1, decision: str = "approve", over: str = SEAL, role: str = "reviewer") -> Signature:
    at = NOW - timedelta(days=days_ago)
    return Signature(who=who, role=role, decision=decision, reason="I read it", at=at, over=over)  # type: ignore[arg-type]


def reasons(rules: Policy | None = None, findings: Any = (finding(0.85, 0.95),), signatures: Any = (signed(),)) -> list[str]:
    return objections(rules or policy(), findings, signatures, SEAL, NOW)


def test_what_passes_and_is_signed_may_be_served() -> None:
    assert reasons() == []


def test_a_failing_limit_blocks_and_says_by_how_much() -> None:
    (reason,) = reasons(findings=[finding(0.6, 0.7)])
    assert "accuracy of utility/report is 0.650 (0.600 to 0.700, n = 300)" in reason
    assert "at least 0.8" in reason


def test_every_failing_limit_is_told() -> None:
    ece = Limit(check="utility/report", metric="macro_f1", limit=0.9, reason="")
    assert len(reasons(policy(limits=(ACCURACY, ece)), [finding(0.6, 0.7), finding(0.5, 0.6, metric="macro_f1")])) == 2


def test_an_inconclusive_limit_blocks_only_where_the_policy_says_so() -> None:
    unclear = [finding(0.75, 0.85)]
    assert reasons(findings=unclear) == []
    (reason,) = reasons(policy(block_inconclusive=True), unclear)
    assert "cannot decide" in reason


def test_few_rows_are_never_enough_for_a_policy_that_wants_certainty() -> None:
    (reason,) = reasons(policy(block_inconclusive=True), [finding(0.95, 1.0, n=4)])
    assert "fewer than 30 rows" in reason


def test_a_limit_that_nothing_was_measured_for_blocks() -> None:
    (reason,) = reasons(findings=[finding(0.9, 0.95, metric="macro_f1")])
    assert "was not measured" in reason


def test_one_bad_finding_among_several_of_a_metric_blocks() -> None:
    assert len(reasons(findings=[finding(0.85, 0.95), finding(0.5, 0.6)])) == 1


def test_the_policy_of_the_release_judges_whatever_limit_the_audit_used() -> None:
    assert len(reasons(findings=[finding(0.6, 0.7, limit=None)])) == 1
    assert reasons(policy(limits=()), [finding(0.6, 0.7, limit=0.8)]) == []


@pytest.mark.parametrize(
    "signatures",
    [
        [],
        [signed(role="user")],
        [signed(role="builder")],
    ],
    ids=["nobody", "user", "builder"],
)
def test_nobody_with_the_right_role_over_this_bundle_blocks(signatures: list[Signature]) -> None:
    (reason,) = reasons(signatures=signatures)
    assert reason.startswith("0 of 1 needed approvals by a reviewer")


def test_a_signature_over_another_bundle_does_not_count_and_is_told() -> None:
    few, why = reasons(signatures=[signed(over="b" * 64)])
    assert few.startswith("0 of 1 needed approvals by a reviewer")
    assert why == "The signature of ana is over another seal, bbbbbbbb: what was signed has changed since."


def test_an_owner_may_sign_like_any_reviewer() -> None:
    assert reasons(signatures=[signed(role="admin")]) == []


def test_the_same_person_twice_is_not_two_people() -> None:
    two = policy(quorum=2)
    assert "1 of 2" in reasons(two, signatures=[signed(), signed(days_ago=0)])[0]
    assert reasons(two, signatures=[signed(), signed("bo")]) == []


def test_one_rejection_blocks_however_many_approve() -> None:
    (reason,) = reasons(signatures=[signed(), signed("bo"), signed("cy", decision="reject")])
    assert reason == "cy rejected it: I read it"


def test_an_approval_expires_after_its_days() -> None:
    assert reasons(signatures=[signed(days_ago=99.9)]) == []
    (reason,) = reasons(signatures=[signed(days_ago=100)])
    assert "expired on 2026-06-01, 100 days" in reason


def test_the_days_count_from_the_approval_that_made_the_quorum() -> None:
    two = policy(quorum=2)
    assert reasons(two, signatures=[signed(days_ago=150), signed("bo", days_ago=50)]) == []


def test_one_person_cannot_renew_what_two_approved() -> None:
    two = policy(quorum=2)
    old = [signed(days_ago=150), signed("bo", days_ago=120)]
    assert "expired" in reasons(two, signatures=[*old, signed(days_ago=5), signed(days_ago=1)])[0]
    assert reasons(two, signatures=[*old, signed(days_ago=5), signed("bo", days_ago=1)]) == []


def test_all_reasons_come_together() -> None:
    found = reasons(policy(quorum=2), [finding(0.6, 0.7)], [signed("cy", decision="reject")])
    assert len(found) == 3


def test_a_limit_that_holds_where_its_check_applies_is_excused_only_by_a_check_that_said_why() -> None:
    limit = Limit(check="memory/flips", metric="backward_flips", limit=0.1, reason="people rely on it", if_applicable=True)
    policy = Policy(name="p", limits=(limit,))
    told = Skipped(run_id="run-1", check="memory/flips", why="No other release of this corpus is approved.")
    excused, silent = settled(policy, [], [told]), settled(policy, [], [])
    assert against(excused.limits[0], [], block_inconclusive=True) == []
    assert against(silent.limits[0], [], block_inconclusive=True) == [
        "backward_flips of memory/flips was not measured, and the policy limits it."
    ]
