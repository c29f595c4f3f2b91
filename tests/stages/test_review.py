"""People decide over the seal of a bundle; whoever gets the bundle can check that, without a network."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from beside.core.errors import Altered, BadInput, GateClosed, NotPermitted
from beside.core.gate import standing
from beside.core.recipe import Limit, Policy
from beside.core.types import Actor, Finding, Release, Signature
from beside.stages.review import sign
from beside.stages.verify import verify
from beside.store.bundle import read_signatures, write_bundle, write_signatures

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RITA, REMY = (Actor(name=name, roles=("reviewer",)) for name in ("rita", "rémy"))
OLGA, CARL = Actor(name="olga", roles=("admin",)), Actor(name="carl", roles=("builder", "user"))
LIMIT = Limit(check="utility/report", metric="accuracy", limit=0.8, reason="people would be quicker")
GOOD = Finding(
    id="finding-1", run_id="run-1", check="utility/report", metric="accuracy", unit="share", better="higher",
    value=0.9, low=0.85, high=0.94, n=120, limit=0.8, seed=0, made_at=NOON,
)  # fmt: skip
BAD = GOOD.model_copy(update={"value": 0.5, "low": 0.4, "high": 0.6})


def a_draft(folder: Path, finding: Finding = GOOD, **rules: Any) -> Release:
    """A real bundle with one finding, and the release that names it."""
    policy = Policy(name="two eyes", limits=(LIMIT,), **rules)
    bundle = folder / "release-1"
    evidence = {"findings": [finding.model_dump(mode="json", exclude={"verdict"})], "skipped": []}
    findings = json.dumps(evidence).encode()
    files: dict[str, bytes | Path] = {"model/config.json": b"{}", "findings.json": findings, "card.html": b"<p>"}
    facts = {"release": "release-1", "run": "run-1", "findings": [finding.id], "policy": policy.model_dump(mode="json")}
    return Release(
        id="release-1", run_id="run-1", finding_ids=(finding.id,), policy=policy, seal=write_bundle(bundle, files, facts),
        bundle=str(bundle), card=str(bundle / "card.html"), made_at=NOON,
    )  # fmt: skip


def approve(release: Release, actor: Actor, at: datetime = NOON, finding: Finding = GOOD) -> Release:
    return sign(release, [finding], actor, "approve", "read it all", now=at)


def reject(release: Release, actor: Actor, at: datetime = NOON) -> Release:
    return sign(release, [GOOD], actor, "reject", "too many flips", now=at)


def alter(file: Path) -> None:
    file.chmod(0o644)
    file.write_bytes(file.read_bytes() + b" ")


def test_one_approval_opens_a_release_and_lies_in_the_bundle(tmp_path: Path) -> None:
    draft = a_draft(tmp_path)
    signed = approve(draft, RITA)
    (signature,) = signed.signatures
    assert signed.state == "approved"
    assert (signature.who, signature.role, signature.over, signature.at) == ("rita", "reviewer", draft.seal, NOON)
    assert read_signatures(Path(draft.bundle)) == signed.signatures
    assert signed.model_copy(update={"signatures": (), "state": "draft"}) == draft


def test_a_rejection_rejects_whatever_others_said(tmp_path: Path) -> None:
    assert reject(approve(a_draft(tmp_path), RITA), REMY).state == "rejected"


def test_two_different_people_are_needed_for_a_quorum_of_two(tmp_path: Path) -> None:
    first = approve(a_draft(tmp_path, quorum=2), RITA)
    assert first.state == "draft"
    with pytest.raises(BadInput, match="already"):
        approve(first, RITA, NOON + timedelta(hours=1))
    assert approve(first, REMY).state == "approved"


def test_a_persons_last_decision_counts_and_the_history_stays(tmp_path: Path) -> None:
    rejected = reject(approve(a_draft(tmp_path), RITA), RITA, NOON + timedelta(hours=1))
    assert rejected.state == "rejected"
    again = approve(rejected, RITA, NOON + timedelta(hours=2))
    assert again.state == "approved"
    assert [one.decision for one in again.signatures] == ["approve", "reject", "approve"]
    assert verify(Path(again.bundle), NOON + timedelta(hours=3)).state == "approved"


def test_an_approval_that_was_taken_back_does_not_count_towards_a_quorum(tmp_path: Path) -> None:
    one = approve(a_draft(tmp_path, quorum=2), RITA)
    turned = reject(one, RITA, NOON + timedelta(hours=1))
    assert approve(turned, REMY, NOON + timedelta(hours=2)).state == "rejected"


def test_an_approval_runs_out_and_may_then_be_given_again(tmp_path: Path) -> None:
    signed = approve(a_draft(tmp_path, valid_days=30), RITA)
    later = NOON + timedelta(days=30)
    report = verify(Path(signed.bundle), later)
    assert report.state == "expired" and "expired" in report.objections[0]
    assert approve(signed, RITA, later).state == "approved"


def test_one_person_cannot_renew_what_two_had_to_approve(tmp_path: Path) -> None:
    signed = approve(approve(a_draft(tmp_path, quorum=2, valid_days=30), RITA), REMY)
    assert approve(signed, RITA, NOON + timedelta(days=31)).state == "expired"


def test_an_approval_does_not_open_what_the_policy_forbids(tmp_path: Path) -> None:
    signed = approve(a_draft(tmp_path, BAD), RITA, finding=BAD)
    assert signed.state == "draft"
    objection = verify(Path(signed.bundle), NOON).objections[0]
    assert "accuracy" in objection and "0.500" in objection


def test_a_person_without_the_role_cannot_sign_and_leaves_no_trace(tmp_path: Path) -> None:
    draft = a_draft(tmp_path)
    for actor, held in ((CARL, "builder, user"), (Actor(name="nobody"), "no role")):
        with pytest.raises(NotPermitted, match=held):
            approve(draft, actor)
    assert not (Path(draft.bundle) / "signatures.json").exists()


def test_an_owner_may_sign_in_place_of_any_role_and_signs_in_a_role_of_the_policy_if_it_is_theirs(tmp_path: Path) -> None:
    draft = a_draft(tmp_path, roles=("reviewer", "builder"), quorum=2)
    both = Actor(name="bo", roles=("admin", "builder"))
    signed = approve(approve(draft, OLGA), both)
    assert [one.role for one in signed.signatures] == ["admin", "builder"]
    assert signed.state == "approved"


@pytest.mark.parametrize("reason", ["", "  ", "ok", " 行 "])
def test_a_decision_without_a_reason_is_refused(tmp_path: Path, reason: str) -> None:
    with pytest.raises(BadInput, match="no reason"):
        sign(a_draft(tmp_path), [GOOD], RITA, "approve", reason, now=NOON)


def test_a_short_reason_in_chinese_is_enough(tmp_path: Path) -> None:
    assert sign(a_draft(tmp_path), [GOOD], RITA, "reject", "不合格", now=NOON).signatures[0].reason == "不合格"


def test_an_unknown_decision_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="maybe"):
        sign(a_draft(tmp_path), [GOOD], RITA, "maybe", "not sure", now=NOON)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["model/config.json", "card.html", "findings.json"])
def test_nobody_signs_over_an_altered_file_and_it_is_named(tmp_path: Path, name: str) -> None:
    draft = a_draft(tmp_path)
    alter(Path(draft.bundle) / name)
    with pytest.raises(Altered, match=name):
        approve(draft, RITA)
    with pytest.raises(Altered, match=name):
        verify(Path(draft.bundle), NOON)
    assert read_signatures(Path(draft.bundle)) == ()


def test_an_extra_file_and_a_missing_one_are_named(tmp_path: Path) -> None:
    draft = a_draft(tmp_path)
    extra = Path(draft.bundle) / "model" / "extra.bin"
    extra.write_bytes(b"!")
    with pytest.raises(Altered, match=r"model/extra\.bin"):
        approve(draft, RITA)
    extra.unlink()
    (Path(draft.bundle) / "card.html").unlink()
    with pytest.raises(Altered, match=r"card\.html"):
        verify(Path(draft.bundle), NOON)


def test_another_manifest_is_not_what_was_released(tmp_path: Path) -> None:
    draft = a_draft(tmp_path)
    alter(Path(draft.bundle) / "manifest.json")
    with pytest.raises(Altered, match=r"manifest\.json"):
        approve(draft, RITA)


def test_a_bundle_that_is_gone_cannot_be_signed(tmp_path: Path) -> None:
    draft = a_draft(tmp_path)
    with pytest.raises(Altered, match="gone"):
        approve(draft.model_copy(update={"bundle": str(tmp_path / "nowhere")}), RITA)


def test_a_finding_that_is_gone_cannot_be_signed_over(tmp_path: Path) -> None:
    with pytest.raises(GateClosed, match="finding-1"):
        sign(a_draft(tmp_path), [], RITA, "approve", "looks fine", now=NOON)


def test_a_signature_over_another_seal_does_not_count(tmp_path: Path) -> None:
    draft = a_draft(tmp_path)
    foreign = Signature(who="rita", role="reviewer", decision="approve", reason="read it all", at=NOON, over="0" * 64)
    write_signatures(Path(draft.bundle), [foreign])
    report = verify(Path(draft.bundle), NOON)
    assert report.state == "draft" and report.signatures == (foreign,)
    assert "0 of 1" in report.objections[0]
    held = draft.model_copy(update={"signatures": (foreign,)})
    assert approve(held, RITA).state == "approved"
    against = foreign.model_copy(update={"decision": "reject"})
    assert approve(draft.model_copy(update={"signatures": (against,)}), RITA).state == "approved"


def test_each_person_stands_for_what_they_said_since_they_changed_their_mind() -> None:
    def said(who: str, decision: str, hour: int) -> Signature:
        given = {"who": who, "role": "reviewer", "decision": decision, "reason": "why", "over": "seal"}
        return Signature.model_validate(given | {"at": NOON + timedelta(hours=hour)})

    a, b = "approve", "reject"
    history = [said("ann", a, 0), said("bob", a, 1), said("ann", b, 2), said("ann", a, 3), said("bob", a, 4)]
    assert [(one.who, one.at.hour - 12) for one in standing(history, "seal")] == [("bob", 1), ("ann", 3), ("bob", 4)]
    assert standing(history, "another") == ()
