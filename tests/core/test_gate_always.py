"""The gate, whatever comes in: what never opens it, and whom it counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from beside.core.committee import Halt, Proceedings, Resolution, condition_id
from beside.core.gate import against, objections, state_of
from beside.core.quorum import missing, seated
from beside.core.recipe import Limit, Policy
from beside.core.types import Condition, Finding, Reply, Signature

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SEAL, OTHER = "a" * 64, "b" * 64
LIMIT = Limit(check="utility/report", metric="accuracy", limit=0.8, reason="at least four in five")
STRICT = Policy(
    name="strict", limits=(LIMIT,), signers={"reviewer": 2, "privacy_officer": 1}, separation=True, admin_stands_in=False,
    block_inconclusive=True, valid_days=100,
)  # fmt: skip
NUMBERS = st.floats(allow_nan=True, allow_infinity=True)
ROLES = st.sampled_from(["reviewer", "privacy_officer", "admin", "builder", "user"])


def finding(value: float = 0.9, low: float = 0.85, high: float = 0.95, n: int = 300, better: str = "higher") -> Finding:
    facts: dict[str, Any] = {"id": f"f-{value}-{low}-{high}-{n}", "run_id": "run", "check": LIMIT.check, "metric": LIMIT.metric}
    return Finding(**facts, unit="share", better=better, value=value, low=low, high=high, n=n, limit=0.8, seed=0, made_at=NOW)  # type: ignore[arg-type]


def signed(
    who: str, role: str = "reviewer", days_ago: float = 1, decision: str = "approve", over: str = SEAL, **more: Any
) -> Signature:
    at = NOW - timedelta(days=days_ago)
    return Signature(who=who, role=role, decision=decision, reason="I read it", at=at, over=over, **more)  # type: ignore[arg-type]


ROUND = (signed("ana"), signed("bo"), signed("pia", "privacy_officer"))
FINDINGS = st.builds(finding, NUMBERS, NUMBERS, NUMBERS, st.integers(0, 1000), st.sampled_from(["higher", "lower"]))
SIGNATURES = st.builds(
    signed, st.sampled_from(["ana", "bo", "cy", "pia"]), ROLES, st.floats(0, 200), st.sampled_from(["approve", "reject"]),
    st.sampled_from([SEAL, OTHER]),
)  # fmt: skip


def halt(what: str, days_ago: float = 0.5, who: str = "rita") -> Halt:
    at = NOW - timedelta(days=days_ago)
    return Halt(id="halt-1", release_id="r", what=what, reason="it hurts people", who=who, role="reviewer", at=at)  # type: ignore[arg-type]


def lifted_by(*people: tuple[str, str]) -> tuple[Resolution, ...]:
    return tuple(
        Resolution(id=f"s-{who}", release_id="r", about="halt-1", reason="fixed", who=who, role=role, at=NOW)
        for who, role in people
    )


def test_a_full_round_opens_it() -> None:
    assert objections(STRICT, [finding()], ROUND, SEAL, NOW) == []
    assert state_of(STRICT, [finding()], ROUND, SEAL, NOW) == "approved"


@given(st.lists(st.builds(finding, NUMBERS, NUMBERS, NUMBERS, st.integers(0, 29)), max_size=5))
def test_no_set_of_findings_from_fewer_than_thirty_rows_passes_a_limit(findings: list[Finding]) -> None:
    assert all(one.verdict != "pass" for one in findings)
    assert against(LIMIT, findings, True) != []
    assert objections(STRICT, findings, ROUND, SEAL, NOW) != []


@given(FINDINGS)
def test_no_finding_without_an_interval_opens_it_even_where_doubt_is_allowed(one: Finding) -> None:
    assume(not (one.low < one.high and one.low <= one.value <= one.high and abs(one.value) != float("inf")))
    assert against(LIMIT, [one], False) != []


@settings(max_examples=200)
@given(st.lists(FINDINGS, max_size=3), st.lists(SIGNATURES, max_size=8))
def test_whatever_is_open_has_three_different_people_none_against_and_every_limit_met(
    findings: list[Finding], signatures: list[Signature]
) -> None:
    if objections(STRICT, findings, signatures, SEAL, NOW):
        return
    mine = [one for one in signatures if one.over == SEAL]
    last = {one.who: one.decision for one in sorted(mine, key=lambda one: one.at)}
    assert "reject" not in last.values()
    assert len({one.who for one in mine if one.decision == "approve" and one.role in ("reviewer", "privacy_officer")}) >= 3
    assert findings and all(one.verdict == "pass" for one in findings)


@given(
    st.sampled_from(["stop", "suspension"]), st.floats(0, 0.9), st.lists(SIGNATURES.filter(lambda one: one.at < NOW), max_size=4)
)
def test_what_was_stopped_or_suspended_after_it_was_signed_is_closed(what: str, ago: float, others: list[Signature]) -> None:
    early = [one for one in others if one.at < NOW - timedelta(days=1)]
    held = Proceedings(halts=(halt(what, ago),))
    reasons = objections(STRICT, [finding()], [*ROUND, *early], SEAL, NOW, proceedings=held)
    assert any("rita" in one and "it hurts people" in one for one in reasons)
    if all(one.decision == "approve" for one in early):
        assert state_of(STRICT, [finding()], [*ROUND, *early], SEAL, NOW, proceedings=held) in ("stopped", "suspended")


def test_after_a_stop_only_a_full_new_round_opens_it() -> None:
    held = Proceedings(halts=(halt("stop"),))
    again = [signed("ana", days_ago=0.3), signed("bo", days_ago=0.2)]
    assert "2 of 2" not in str(objections(STRICT, [finding()], [*ROUND, *again], SEAL, NOW, proceedings=held))
    assert state_of(STRICT, [finding()], [*ROUND, *again], SEAL, NOW, proceedings=held) == "stopped"
    whole = [*ROUND, *again, signed("pia", "privacy_officer", days_ago=0.1)]
    assert objections(STRICT, [finding()], whole, SEAL, NOW, proceedings=held) == []


def test_a_replayed_approval_neither_undoes_a_rejection_nor_a_stop_nor_renews() -> None:
    turned = [*ROUND, signed("ana", days_ago=0.5, decision="reject"), ROUND[0]]
    assert state_of(STRICT, [finding()], turned, SEAL, NOW) == "rejected"
    held = Proceedings(halts=(halt("stop"),))
    assert state_of(STRICT, [finding()], [*ROUND, *ROUND], SEAL, NOW, proceedings=held) == "stopped"
    old = [one.model_copy(update={"at": NOW - timedelta(days=101)}) for one in ROUND]
    assert state_of(STRICT, [finding()], [*old, *old], SEAL, NOW) == "expired"


def test_a_suspension_ends_when_as_many_people_say_so_as_must_sign() -> None:
    def state(*people: tuple[str, str]) -> str:
        held = Proceedings(halts=(halt("suspension"),), resolutions=lifted_by(*people))
        return state_of(STRICT, [finding()], ROUND, SEAL, NOW, makers=("tom",), proceedings=held)

    assert state() == "suspended"
    assert state(("ana", "reviewer"), ("ana", "privacy_officer"), ("bo", "reviewer")) == "suspended"
    assert state(("ana", "reviewer"), ("tom", "reviewer"), ("pia", "privacy_officer")) == "suspended"
    assert state(("ana", "reviewer"), ("bo", "reviewer"), ("pia", "privacy_officer")) == "approved"


def test_who_made_it_does_not_count_where_duties_are_apart() -> None:
    reasons = objections(STRICT, [finding()], ROUND, SEAL, NOW, makers=("bo",))
    assert reasons == [
        "1 of 2 needed approvals by a reviewer over this bundle.",
        "bo trained or released it, so their approval does not count (separation of duties).",
    ]
    alone = STRICT.model_copy(update={"separation": False})
    assert objections(alone, [finding()], ROUND, SEAL, NOW, makers=("bo",)) == []


def test_a_signature_that_was_moved_to_another_release_does_not_count() -> None:
    moved = [one.model_copy(update={"release_id": "release-2"}) for one in ROUND]
    reasons = objections(STRICT, [finding()], moved, SEAL, NOW, release_id="release-1")
    assert "The signature of ana was given for 'release-2', not for this release." in reasons
    assert objections(STRICT, [finding()], moved, SEAL, NOW, release_id="release-2") == []


def test_a_blocking_condition_closes_it_until_somebody_else_calls_it_met() -> None:
    bound = signed("ana", conditions=(Condition(text="only for drafts", blocking=True), Condition(text="ask again in May")))
    given = [bound, *ROUND[1:]]

    def reasons(*people: str) -> list[str]:
        about = condition_id(bound, 0)
        said = tuple(Resolution(id=p, release_id="r", about=about, reason="so", who=p, role="reviewer", at=NOW) for p in people)
        return objections(STRICT, [finding()], given, SEAL, NOW, proceedings=Proceedings(resolutions=said))

    assert reasons() == ["The condition of ana is not met yet: only for drafts."]
    assert reasons("ana") == reasons()
    assert reasons("bo") == []


def test_an_approval_with_open_questions_counts_only_where_the_policy_allows_it() -> None:
    asked = STRICT.model_copy(update={"signers": {"reviewer": 1}, "checklist": {"data": "Is it alike?"}})
    full = signed("ana", answers={"data": Reply(answer="yes")})
    assert "ana left questions of the checklist unanswered: data." in objections(asked, [finding()], [signed("ana")], SEAL, NOW)
    assert objections(asked, [finding()], [full], SEAL, NOW) == []
    lenient = asked.model_copy(update={"answers_required": False})
    assert objections(lenient, [finding()], [signed("ana")], SEAL, NOW) == []


def test_what_changed_since_is_told_and_closes_it() -> None:
    assert objections(STRICT, [finding()], ROUND, SEAL, NOW, changes=["The purpose changed."]) == ["The purpose changed."]


def test_an_admin_stands_in_only_where_the_policy_says_so() -> None:
    assert (
        "0 of 1"
        in objections(STRICT.model_copy(update={"signers": {"reviewer": 1}}), [finding()], [signed("al", "admin")], SEAL, NOW)[0]
    )


@given(st.dictionaries(st.sampled_from(list("abcdefg")), ROLES))
def test_each_person_takes_one_seat_and_no_seat_is_taken_twice(people: dict[str, str]) -> None:
    policy = Policy(name="p", signers={"reviewer or builder": 1, "reviewer": 1, "privacy_officer": 1})
    taken = seated(policy, people)
    for seat, number in policy.signers.items():
        assert list(taken.values()).count(seat) <= number
        assert missing(policy, people).get(seat, 0) == number - list(taken.values()).count(seat)
    able = {name for name, role in people.items() if role != "user"}
    assert taken.keys() <= able


def test_whoever_can_sit_elsewhere_makes_room() -> None:
    policy = Policy(name="p", signers={"reviewer or builder": 1, "reviewer": 1})
    assert seated(policy, {"rita": "reviewer", "bob": "builder"}) == {"rita": "reviewer", "bob": "reviewer or builder"}


def test_policies_of_before_are_still_read() -> None:
    old = Policy.model_validate({"name": "old", "quorum": 2, "roles": ["reviewer"], "valid_days": 9})
    assert (old.signers, old.quorum, old.roles, old.separation) == ({"reviewer": 2}, 2, ("reviewer",), False)
    assert Policy.model_validate(old.model_dump(mode="json")) == old
