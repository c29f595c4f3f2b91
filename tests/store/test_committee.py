"""What a committee says of a release is kept with its author, edited but never deleted, and stands in the ledger."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from beside.core.committee import Comment, Halt, Incident, Resolution
from beside.core.errors import BadInput, NotPermitted, UnknownName
from beside.core.types import Actor

RITA, BOB, UMA = (Actor(name=name, roles=(role,)) for name, role in (("rita", "reviewer"), ("bob", "builder"), ("uma", "user")))


@pytest.fixture
def filled(records: Any, fill: Any) -> Any:
    fill(records)
    return records


@pytest.fixture
def say(loop: Any) -> Any:
    """`say(id, who, text, replaces=..., finding_id=...)`: a comment on the release."""

    def comment(id: str, who: str, text: str = "早上好 😀", **more: Any) -> Comment:
        return Comment(id=id, release_id="release-1", text=text, who=who, at=loop.release.made_at, **more)

    return comment


def halt(loop: Any, what: str, who: str, minutes: int = 5) -> Halt:
    at = loop.release.made_at + timedelta(minutes=minutes)
    return Halt(id=f"halt-{what}", release_id="release-1", what=what, reason="it hurts", who=who, role="reviewer", at=at)  # type: ignore[arg-type]


def test_comments_are_kept_in_order_with_every_earlier_wording(filled: Any, owner: Actor, say: Any) -> None:
    said = [
        say("c-1", "rita", finding_id="finding-1"),
        say("c-2", "uma"),
        say("c-3", "rita", "better", replaces="c-1", finding_id="finding-1"),
    ]
    for one, who in zip(said, (RITA, UMA, RITA), strict=True):
        filled.add_comment(who, one)
    assert filled.proceedings(owner, "release-1").comments == tuple(said)
    assert [entry.verb for entry in filled.ledger(owner, 3)] == ["comment"] * 3
    assert filled.ledger(owner)[0].detail["replaces"] == "c-1"


def test_nobody_speaks_for_another_or_edits_what_another_said(filled: Any, say: Any) -> None:
    filled.add_comment(RITA, say("c-1", "rita"))
    with pytest.raises(NotPermitted, match="may not comment as 'rita'"):
        filled.add_comment(UMA, say("c-2", "rita"))
    with pytest.raises(NotPermitted, match="may not edit"):
        filled.add_comment(BOB, say("c-2", "bob", replaces="c-1"))
    with pytest.raises(BadInput, match="somewhere else"):
        filled.add_comment(RITA, say("c-2", "rita", replaces="c-1", finding_id="finding-1"))
    filled.add_comment(RITA, say("c-2", "rita", replaces="c-1"))
    with pytest.raises(BadInput, match="edited already"):
        filled.add_comment(RITA, say("c-3", "rita", replaces="c-1"))


def test_what_is_not_there_cannot_be_spoken_of(filled: Any, say: Any, stranger: Actor) -> None:
    for given in ({"finding_id": "finding-9"}, {"replaces": "c-9"}):
        with pytest.raises(UnknownName):
            filled.add_comment(RITA, say("c-1", "rita", **given))
    with pytest.raises(UnknownName):
        filled.proceedings(RITA, "release-9")
    for refused in (lambda: filled.proceedings(stranger, "release-1"), lambda: filled.add_comment(stranger, say("c-1", "nobody"))):
        with pytest.raises(NotPermitted):
            refused()
    assert filled.proceedings(RITA, "release-1").comments == ()


def test_a_stop_is_for_those_who_may_and_changes_the_state_in_the_same_step(filled: Any, owner: Actor, loop: Any) -> None:
    with pytest.raises(NotPermitted, match="stop a release"):
        filled.add_halt(UMA, halt(loop, "stop", "uma"))
    assert filled.release(owner, "release-1").state == "draft"
    filled.add_halt(RITA, halt(loop, "stop", "rita"))
    assert filled.release(owner, "release-1").state == "stopped"
    entry = filled.ledger(owner)[0]
    assert (entry.verb, entry.who, entry.detail["reason"]) == ("stop release", "rita", "it hurts")


def test_a_signature_that_crossed_a_stop_does_not_write_approved_over_it(filled: Any, owner: Actor, loop: Any, sign: Any) -> None:
    filled.add_halt(RITA, halt(loop, "stop", "rita"))
    filled.save_release(RITA, loop.release.model_copy(update={"signatures": (sign("rita"),), "state": "approved"}))
    assert filled.release(owner, "release-1").state == "stopped"


def test_an_incident_and_its_suspension_come_together_or_not_at_all(filled: Any, owner: Actor, loop: Any) -> None:
    made = Incident(
        id="incident-1", release_id="release-1", severity="high", text="wrong", who="uma", role="user", at=loop.release.made_at
    )
    with pytest.raises(NotPermitted):
        filled.add_incident(UMA, made, halt(loop, "suspension", "rita"))
    assert filled.proceedings(owner, "release-1").incidents == ()
    filled.add_incident(UMA, made, halt(loop, "suspension", "uma"))
    assert filled.release(owner, "release-1").state == "suspended"
    said = Resolution(
        id="r-1", release_id="release-1", about="halt-suspension", reason="so", who="uma", role="user", at=loop.release.made_at
    )
    with pytest.raises(NotPermitted):
        filled.add_resolution(UMA, said)


def test_a_signature_in_a_role_one_does_not_hold_or_for_another_release_is_refused(filled: Any, loop: Any, sign: Any) -> None:
    for given, error in (({"role": "privacy_officer"}, NotPermitted), ({"release_id": "release-2"}, BadInput)):
        with pytest.raises(error):
            filled.save_release(RITA, loop.release.model_copy(update={"signatures": (sign("rita", **given),)}))


def test_who_trained_a_run_is_told_by_the_ledger(filled: Any, owner: Actor) -> None:
    assert filled.trained_by(owner, "run-1") == owner.name
    assert filled.trained_by(Actor(name="tom", roles=("builder",)), "run-1") == owner.name  # who may not read the ledger itself
    with pytest.raises(UnknownName):
        filled.trained_by(owner, "run-9")
