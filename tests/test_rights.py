"""Erasing a person from a workspace with an approved release: what goes, what stays, who may, and what a kill changes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from beside.core.columns import Columns
from beside.core.erasure import MARK, Asked, Needles
from beside.core.errors import Altered, BadInput, Busy, Erased, GateClosed, NotPermitted
from beside.core.interfaces import Silent
from beside.core.protecting import plan
from beside.core.types import Actor
from beside.loop import Loop
from beside.stages import certify
from beside.stages.verify import verify
from beside.store.conversion import switch_on
from beside.store.holding import file_holds
from beside.store.key_source import environment
from beside.store.rows import read_rows
from beside.store.sealing import Keys

WORDS = "cancel the subscription now"  # a training row of the approved release
ASKED = Asked(words=(WORDS,))


@pytest.fixture
def world(make_approved, tmp_path):
    """A loop over a workspace whose release was asked, answered and commented upon, with the person's words."""
    made = make_approved(tmp_path / "bank")
    loop = Loop(made.workspace, made.owner)
    said = loop.predict(loop.serve(made.release.id), [f"please, {WORDS}", "where is my parcel"])
    loop.listen(said[0].id, False, "refund", note=f"they wrote '{WORDS}'")
    loop.listen(said[1].id, False, "refund", note=f"not like '{WORDS}'")
    loop.comment(made.release.id, f"I looked at '{WORDS}' and it is fine.")
    yield loop
    made.workspace.close()


def held_by(state: Path) -> list[str]:
    """The files that hold the words, whatever Beside says."""
    wanted = (WORDS.encode(), WORDS.upper().encode())
    files = [path for path in state.rglob("*") if path.is_file()]
    return [path.name for path in files if any(form in path.read_bytes() for form in wanted)]


def texts_of(loop: Loop, corpus_id: str) -> list[str]:
    corpus = loop.records.corpus(loop.actor, corpus_id)
    return [row.text for row in read_rows(loop.artifacts.path(corpus.examples))]


def test_a_preview_names_all_that_holds_a_person_and_changes_nothing(world):
    before = world.workspace.check_ledger().rows
    found = world.person(ASKED)
    assert {one.kind: one.count for one in found.holders} == {
        "corpus": 1, "run": 1, "release": 1, "prediction": 1, "answer": 2, "comment": 1, "ledger entry": 1, "file": 1
    }  # fmt: skip
    assert world.workspace.check_ledger().rows == before
    assert world.serve()


def test_after_an_erasure_the_words_are_nowhere_and_the_rest_stands(world):
    done = world.erase(ASKED)
    assert done.complete and done.rows == 1
    assert held_by(world.workspace.state) == []
    [stone] = [one for one in done.tombstones if one.thing == "corpus"]
    assert stone.kept["rows"] == {"train": 9, "tune": 0, "test": 3}
    assert len(texts_of(world, str(stone.successor))) == 11
    assert world.records.corpus(world.actor, "toy").id == stone.successor, "the name now means the child"
    assert len(world.records.answers(world.actor)) == 1, "the answer about another text stands"
    [comment] = world.proceedings(done.tombstones[-1].id).comments
    assert comment.text == f"I looked at '{MARK}' and it is fine."


def test_the_ledger_is_whole_although_an_entry_of_it_was_erased(world):
    world.erase(ASKED)
    assert world.workspace.check_ledger().trusted
    struck = [entry for entry in world.records.ledger(world.actor) if entry.detail.keys() == {"erased"}]
    assert [entry.verb for entry in struck] == ["comment"]


def test_a_retired_release_is_refused_by_server_and_by_verify_with_the_reason(world):
    served = world.serve()
    world.erase(ASKED)
    [release] = world.records.releases(world.actor)
    assert release.state == "retired"
    for ask in (lambda: served.predict(["hello there"], world.clock()), lambda: world.serve(release.id), world.serve):
        with pytest.raises(GateClosed, match="trained on rows of a person"):
            ask()
    with pytest.raises(Erased, match="retired for good"):
        verify(Path(release.bundle), world.clock())


def test_what_was_erased_says_so_and_names_what_took_its_place(world):
    done = world.erase(ASKED)
    [corpus] = [one for one in done.tombstones if one.thing == "corpus"]
    with pytest.raises(Erased, match=done.id) as refused:
        world.train(corpus.id)
    assert str(corpus.successor) in refused.value.hint
    with pytest.raises(Erased):
        world.audit("run-toy")


def test_erasing_again_gives_the_certificate_that_is_there(world):
    done = world.erase(ASKED)
    assert world.erase(ASKED) == done
    assert world.records.erasures(world.actor) == [done]


def test_somebody_of_whom_nothing_is_kept_cannot_be_erased(world):
    with pytest.raises(BadInput, match="Nothing is kept"):
        world.erase(Asked(person="nobody"))


@pytest.mark.parametrize("role, allowed", [("privacy_officer", True), ("builder", False), ("reviewer", False), ("user", False)])
def test_only_a_privacy_officer_or_an_admin_may_look_and_erase(world, role, allowed):
    other = Loop(world.workspace, Actor(name="pat", roles=(role,)))
    if allowed:
        assert other.person(ASKED).holders and other.erase(ASKED).who == "pat"
        return
    for act in (other.person, other.erase):
        with pytest.raises(NotPermitted):
            act(ASKED)
    assert world.serve()


STEPS = ["buried", "strike", "removed", "again", "memberships", "compacted", "certified", "forget"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_an_erasure_that_was_killed_goes_on_with_the_same_call(world, monkeypatch, step, after):
    home = type(world.records) if step == "strike" else Loop
    real = getattr(home, step)

    def killed(self, *given):
        if after:
            real(self, *given)
        if step != "memberships" or given[-1] == "after":
            raise KeyboardInterrupt
        return real(self, *given)

    monkeypatch.setattr(home, step, killed)
    with pytest.raises(KeyboardInterrupt):
        world.erase(ASKED)
    monkeypatch.undo()
    done = world.erase(ASKED)
    assert done.complete and done.removed["prediction"] == 1
    assert held_by(world.workspace.state) == []
    assert world.workspace.check_ledger().trusted
    assert len(world.records.erasures(world.actor)) == 1


def test_another_persons_erasure_waits_until_the_one_that_was_killed_is_done(world, monkeypatch):
    monkeypatch.setattr(Loop, "removed", lambda *given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        world.erase(ASKED)
    with pytest.raises(Busy, match="another person"):
        world.erase(Asked(words=("where is my parcel",)))


def test_a_gate_that_was_retired_opens_for_no_signature(world):
    world.erase(ASKED)
    [release] = world.records.releases(world.actor)
    with pytest.raises((GateClosed, BadInput, Erased)):
        world.review(release.id, "approve", "I want it back")
    assert world.standing(release.id).state == "retired"


def test_whoever_strikes_an_entry_by_hand_breaks_the_chain(world):
    with sqlite3.connect(world.workspace.state / "records.sqlite") as database:
        database.execute("""UPDATE ledger SET detail = '{"erased":"erasure-x"}' WHERE verb = 'comment'""")
    with pytest.raises(Exception, match="no later row says so"):
        world.workspace.check_ledger()


def test_a_certificate_can_be_verified_by_itself_and_one_changed_letter_is_found(world):
    done = world.erase(ASKED)
    file, known = world.workspace.state / "erasures" / f"{done.id}.json", world.workspace.keys.known()
    assert certify.is_certificate(file)
    told = certify.check(file, known)
    assert told.good and told.erasure == done and "this workspace" in told.words
    assert not certify.check(file, ()).good, "nobody here trusts that key"
    file.write_text(file.read_text().replace('"rows": 1', '"rows": 7'))
    with pytest.raises(Altered):
        certify.check(file, known)


@pytest.mark.parametrize("language, said", [("en", "found nothing of them afterwards"), ("zh", "没有再找到此人的任何内容")])
def test_people_read_the_certificate_in_both_languages(world, language, said):
    done = world.erase(ASKED)
    page = (world.workspace.state / "erasures" / f"{done.id}.{language}.html").read_text(encoding="utf-8")
    assert said in page and done.person in page
    assert WORDS not in page


def test_in_an_encrypted_workspace_the_search_reads_what_is_sealed(world):
    folder = world.workspace.folder
    switch_on(world.workspace, world.actor, f"file:{folder.parent / 'master.key'}", environment, Silent())
    rows = world.workspace.artifacts.place(world.records.corpus(world.actor, "toy").examples)
    needles = Needles.of(ASKED, [])
    assert file_holds(rows, needles, needles.bytes()), "it is sealed on the disk, and found all the same"
    done = world.erase(ASKED)
    assert done.complete and not rows.exists()
    assert {"prediction", "answer", "comment", "ledger entry", "file"} < done.removed.keys()


def test_a_person_is_found_behind_the_token_that_protection_put_in_their_rows(world):
    """And what the token stands for goes from the vault."""
    folder = world.workspace.folder
    Keys.make(folder, f"file:{folder.parent / 'master.key'}")
    source = folder / "more.csv"
    rows = [f"{place},please write to ada{place}@bank.example about card {place},{'ab'[place % 2]}" for place in range(40)]
    source.write_text("who,text,label\n" + "\n".join(rows))
    corpus, _ = world.intake(str(source), "mail", Columns(text="text", label="label", person="who"))
    world.protect(corpus.id, "safe", plan(kinds=("email",), default="pseudonym"))
    assert len(world.records.vault(world.actor)) == 40
    done = world.erase(Asked(words=("ada7@bank.example",)))
    assert done.removed["vault value"] == 1 and len(world.records.vault(world.actor)) == 39
    assert sum(one.thing == "corpus" for one in done.tombstones) == 2, "the protected child as well"
    assert sum(world.records.corpus(world.actor, "safe").splits.values()) == 39


def test_letters_that_begin_alike_give_nobody_away(world):
    """What a person's row begins with is looked for, where only beginnings are kept; not what a form makes everybody write."""
    form = "Dear Sir or Madam with reference to our last telephone call"
    told = [" ".join(f"{'bcdfghjkl'[digit]}a{place}{digit}" for digit in range(9)) * 2 for place in range(40)]
    source = world.workspace.folder / "letters.csv"
    rows = [f"{place},{form} about {told[place]},{'ab'[place % 2]}" for place in range(40)]
    source.write_text("who,text,label\n" + "\n".join(rows))
    world.intake(str(source), "letters", Columns(text="text", label="label", person="who"))
    done = world.erase(Asked(person="7"))
    assert done.complete, done.remaining
