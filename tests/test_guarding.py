"""Guards at work: what they notice goes with the answer, a refusal answers nothing, and the signed threshold hands over."""

from __future__ import annotations

import json

import numpy as np
import pytest

from beside.core.errors import BadOption, TextRefused
from beside.core.scope import Scope
from beside.core.types import Example, Finding, Splits
from beside.engine.scope import load_scope
from beside.guarding import Guarding
from beside.loop import Loop
from beside.store.settings import read_settings
from beside.store.workspace import Workspace

LONG = "cancel " * 40


@pytest.fixture
def at_work(make_approved, tmp_path):
    """`at_work(toml)`: a loop over a workspace with these settings, and its release opened."""

    def made(toml=""):
        given = make_approved(tmp_path)
        (tmp_path / "beside.toml").write_text(toml, encoding="utf-8")
        loop = Loop(Workspace.open(tmp_path), given.owner)
        return loop, loop.serve(given.release.id)

    return made


def test_an_ordinary_text_passes_without_a_word(at_work):
    loop, served = at_work()
    [answer] = loop.predict(served, ["where is my parcel"])
    assert (answer.flags, answer.abstained) == ((), False)


def test_what_is_noticed_goes_with_the_answer_and_into_the_records(at_work):
    loop, served = at_work()
    plain, long, odd = loop.predict(served, ["cancel", LONG, "cancel my pаypal"])
    assert plain.flags == ()
    assert [(flag.guard, flag.action) for flag in long.flags] == [("over_long", "flag")] and long.truncated
    assert [flag.guard for flag in odd.flags] == ["mixed_scripts"] and "其他文字" in odd.flags[0].reason_zh
    assert loop.records.prediction(loop.actor, long.id) == long and not long.abstained


def test_a_guard_that_hands_over_keeps_what_the_model_would_have_said(at_work):
    loop, served = at_work('[serving.guards]\nover_long = "hand over"\n')
    [answer] = loop.predict(served, [LONG])
    assert answer.abstained and answer.label == "cancel"


def test_a_refused_text_is_neither_answered_nor_stored_nor_are_those_beside_it(at_work):
    loop, served = at_work('[serving.guards]\nover_long = "refuse"\n')
    with pytest.raises(TextRefused, match=r"Text 2 of 2 is refused by the guard over_long\. It has .* tokens") as refused:
        loop.predict(served, ["cancel", LONG])
    assert refused.value.chinese.startswith("第 2 段文字") and refused.value.guard == "over_long"
    assert loop.records.predictions(loop.actor, served.release.id) == []


def test_a_refused_text_is_not_explained_either(at_work):
    loop, served = at_work('[serving.guards]\nmixed_scripts = "refuse"\n')
    with pytest.raises(TextRefused, match="mixed_scripts"):
        loop.explain(served, "cancel my pаypal")
    assert loop.explain(served, "cancel my order").label == "cancel"


def test_a_guard_that_is_off_says_nothing(at_work):
    loop, served = at_work('[serving.guards]\nover_long = "off"\n')
    [answer] = loop.predict(served, [LONG])
    assert answer.flags == () and answer.truncated


def test_a_guard_that_was_asked_for_and_cannot_look_says_so(at_work):
    loop, served = at_work('[serving.guards]\nout_of_scope = "refuse"\n')
    [answer] = loop.predict(served, ["cancel"])
    [flag] = answer.flags
    assert (flag.guard, flag.action) == ("out_of_scope", "flag") and "release again" in flag.reason


def test_a_text_out_of_scope_is_handed_over(at_work):
    loop, served = at_work('[serving.guards]\nout_of_scope = "hand over"\n')
    level = float(served.subject.probabilities(["where is my parcel"]).max()) - 1e-4
    served.subject.scope = Scope("maximum softmax", level, 100, None)
    known, foreign = loop.predict(served, ["where is my parcel", "colourless green ideas sleep"])
    assert not known.abstained and foreign.abstained
    assert foreign.flags[0].guard == "out_of_scope" and "100" in foreign.flags[0].reason_zh


def test_an_answer_no_surer_than_the_signed_threshold_is_handed_over(at_work):
    loop, served = at_work()
    texts = ["where is my parcel", "hm"]
    sure = [answer.probability for answer in loop.predict(served, texts)]
    served.threshold = min(sure)
    answers = loop.predict(served, texts)
    assert [answer.abstained for answer in answers] == [one == min(sure) for one in sure]
    [flag] = answers[int(np.argmin(sure))].flags
    assert flag.guard == "selective/risk_coverage" and f"{100 * min(sure):.1f} %" in flag.reason


def test_handing_over_can_be_switched_off(at_work):
    loop, served = at_work('[serving]\nhand_over = "off"\n')
    served.threshold = 1.0
    [answer] = loop.predict(served, ["hm"])
    assert not answer.abstained


def test_the_threshold_is_read_from_the_evidence_of_the_signed_finding(at_work):
    loop, served = at_work()
    evidence = loop.artifacts.put_bytes(json.dumps({"kind": "curve", "threshold": 0.625}).encode())
    facts = {"unit": "share", "better": "lower", "value": 0.1, "low": 0.0, "high": 0.2, "n": 50, "seed": 0, "made_at": loop.clock()}
    finding = Finding(id="f", run_id="r", check="selective/risk_coverage", metric="aurc", evidence=evidence, **facts)
    assert loop.threshold_of([finding]) == 0.625 and loop.threshold_of(served.findings) is None and served.threshold is None


def test_personal_data_is_taken_out_before_a_guard_looks(at_work, monkeypatch):
    loop, served = at_work('[serving]\npersonal_data = "protect"\n')
    seen = []
    monkeypatch.setattr(Guarding, "noticed", lambda self, subject, texts: seen.extend(texts) or [[] for _ in texts])
    loop.predict(served, ["write to anna@example.com and cancel"])
    assert seen == ["write to <EMAIL> and cancel"]


def test_a_guard_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    (tmp_path / "beside.toml").write_text('[serving.guards]\nmixed = "flag"\n')
    with pytest.raises(BadOption, match="mixed_scripts"):
        read_settings(tmp_path)
    (tmp_path / "beside.toml").write_text('[serving.guards]\nover_long = "shout"\n')
    with pytest.raises(BadOption):
        read_settings(tmp_path)


def test_a_release_keeps_what_its_guard_needs_where_the_audit_found_a_score(at_work, tmp_path):
    loop, served = at_work()
    run = loop.records.run(loop.actor, served.release.run_id)
    rows = [Example(id=f"e{at}", text=f"cancel my order {at}", target="cancel") for at in range(40)]
    evidence = loop.artifacts.put_bytes(json.dumps({"kind": "curve", "kept": "nearest training rows"}).encode())
    facts = {
        "unit": "share",
        "better": "higher",
        "value": 0.9,
        "low": 0.8,
        "high": 1.0,
        "n": 50,
        "seed": 0,
        "made_at": loop.clock(),
    }
    found = Finding(id="f", run_id=run.id, check="scope/out_of_scope", metric="oos_auroc", evidence=evidence, **facts)
    [(name, content)] = loop.kept_with(run, [found], Splits(train=rows, tune=rows, test=[])).items()
    (tmp_path / name).write_bytes(content)
    scope = load_scope(tmp_path)
    assert (scope.name, scope.n, scope.known.rows.shape) == ("nearest training rows", 40, (40, 32))
    assert loop.kept_with(run, [found], Splits(train=rows, tune=rows[:20], test=[])) == {}
    assert loop.kept_with(run, [], Splits(train=rows, tune=rows, test=[])) == {}
