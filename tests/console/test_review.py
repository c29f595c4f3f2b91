"""Review: what the policy asks, who may sign, and what a changed file does to the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from beside.core.recipe import Limit, Policy
from beside.core.types import Actor

OWNER = Actor(name="olga", roles=("admin",))


def sign(visitor, shown, decision="approve", reason="I read it all."):
    return visitor.post(f"/review/{shown.release.id}", data={"decision": decision, "reason": reason})


def stored(shown):
    return shown.workspace.records.release(OWNER, shown.release.id)


def test_a_reviewer_signs_and_the_release_is_approved(draft):
    visitor = draft.visit("reviewer")
    page = sign(visitor, draft).text
    assert "I read it all." in page
    assert "Nothing. It may be served." in page
    release = stored(draft)
    assert release.state == "approved"
    assert [(one.who, one.role, one.over) for one in release.signatures] == [("the reviewer", "reviewer", release.seal)]
    assert "approved by the reviewer" in visitor.get("/").text


def test_a_rejection_is_shown_with_its_reason(draft):
    page = sign(draft.visit("reviewer", "zh"), draft, "reject", "Too <few> rows.").text
    assert stored(draft).state == "rejected"
    assert "the reviewer 拒绝了它：Too &lt;few&gt; rows." in page
    assert "已拒绝" in page


@pytest.mark.parametrize("role", ["", "user", "builder"])
def test_whoever_may_not_sign_sees_no_form_and_is_refused(draft, role):
    visitor = draft.visit(role)
    page = visitor.get(f"/review/{draft.release.id}").text
    assert 'name="decision"' not in page
    assert ("may not sign" if role in ("user", "builder") else "beside user NAME --role reviewer") in page
    answer = sign(visitor, draft)
    assert answer.status_code == 403
    assert stored(draft).signatures == ()


def test_a_signature_needs_a_reason_and_what_was_typed_is_kept(draft):
    visitor = draft.visit("reviewer")
    answer = sign(visitor, draft, reason="no")
    assert answer.status_code == 422
    assert "“no” is no reason." in answer.text
    assert ">no</textarea>" in answer.text
    assert visitor.post(f"/review/{draft.release.id}", data={"reason": "because"}).status_code == 422
    assert stored(draft).signatures == ()


def test_two_are_needed_where_the_policy_asks_for_two(make_approved, show, tmp_path):
    limit = Limit(check="utility/report", metric="macro_f1", limit=0.5, reason="Rare labels count as much.")
    shown = show(make_approved(tmp_path, approve=False, policy=Policy(name="two", quorum=2, limits=(limit,))))
    page = sign(shown.visit("reviewer"), shown).text
    assert "approvals by 2 different people" in page
    assert "1 of 2 needed approvals by a reviewer over this bundle." in page
    assert "not measured" in page
    assert "Rare labels count as much." in page
    assert "1 of 2 signed" in shown.visit().get("/").text


def test_a_changed_file_is_named_and_nobody_can_sign(draft):
    card = Path(draft.release.bundle) / "card.html"
    card.chmod(0o644)
    card.write_text("another card", encoding="utf-8")
    visitor = draft.visit("reviewer", "zh")
    page = visitor.get(f"/review/{draft.release.id}").text
    assert "文件“card.html”被改动过" in page
    assert sign(visitor, draft).status_code == 409
    assert stored(draft).signatures == ()
    assert visitor.get(f"/review/{draft.release.id}/card.html").status_code == 409


def test_another_seal_is_not_the_one_on_record(draft):
    manifest = Path(draft.release.bundle) / "manifest.json"
    manifest.chmod(0o644)
    manifest.write_bytes(manifest.read_bytes() + b"\n")
    assert "“manifest.json” is not what was sealed" in draft.visit().get(f"/review/{draft.release.id}").text


def test_the_card_is_what_was_sealed_and_runs_nothing(full):
    visitor = full.visit()
    for name in ("card.html", "card.zh.html"):
        answer = visitor.get(f"/review/{full.release.id}/{name}")
        assert answer.content == (Path(full.release.bundle) / name).read_bytes()
        assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert visitor.get(f"/review/{full.release.id}/other.html").status_code == 404
    assert visitor.get(f"/review/{full.release.id}/..%2F..%2Fcard.html").status_code == 404
    assert f'href="/review/{full.release.id}/card.zh.html"' in visitor.get(f"/review/{full.release.id}?lang=zh").text


def test_the_seal_is_shown_short_and_kept_whole(full):
    page = full.visit().get(f"/review/{full.release.id}").text
    seal = full.release.seal
    assert f'title="{seal}">{seal[:4]} {seal[4:8]} {seal[8:12]} {seal[12:16]}<' in page


def test_a_release_that_is_not_there_is_a_page(full):
    assert full.visit().get("/review/none").status_code == 404
    assert full.visit("admin").post("/review/none", data={"decision": "approve", "reason": "because"}).status_code == 404
